// What a run could leave behind in a guest that no namespace takes away with it: settings of the
// kernel and device nodes, both root's alone.
#pragma once

#include "posix/file_descriptor.hpp"

#include <string>
#include <vector>

namespace ghostpeer::warp {

class GuestTraces {
  public:
    /// Looks through these folders, which may be covered since: /proc/sys, /sys/module and /dev.
    GuestTraces(FileDescriptor settings, FileDescriptor modules, FileDescriptor devices);

    /// As it is now, it is right; the second time nothing is done.
    void remember();
    /// True also where nothing was to be remembered; false where not all of it could be.
    [[nodiscard]] bool is_same() const;

    /// In a child, which has no use for them: gives up the files that are kept open.
    static void forget_in_child();

  private:
    struct Setting {
        FileDescriptor file;  ///< kept open: reading it again is then one system call
        std::string text;
    };
    void add_settings(int at, const char* name, int depth);
    void add_setting(int folder, const char* name);
    [[nodiscard]] std::string look_at_devices() const;

    FileDescriptor settings_folder_;
    FileDescriptor modules_;
    FileDescriptor devices_;
    bool remembered_ = false;
    bool is_whole_ = true;  ///< nothing could not be looked at
    std::vector<Setting> settings_;
    std::string nodes_;
};

}  // namespace ghostpeer::warp
