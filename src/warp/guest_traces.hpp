// What a run could leave behind in a guest that no namespace takes away with it: settings of the
// kernel and device nodes, both root's alone.
#pragma once

#include "posix/file_descriptor.hpp"

#include <string>

namespace ghostpeer::warp {

class GuestTraces {
  public:
    /// From now on looks through these folders, which may be covered since: of /proc, /sys and
    /// /dev.
    GuestTraces(FileDescriptor settings, FileDescriptor modules, FileDescriptor devices);

    /// All of them as a text; the same as before where nothing was changed.
    [[nodiscard]] std::string look() const;

  private:
    FileDescriptor settings_;
    FileDescriptor modules_;
    FileDescriptor devices_;
};

}  // namespace ghostpeer::warp
