// What `serve` reads once its privileges are gone.
#pragma once

#include "posix/file_descriptor.hpp"
#include "sandbox/file_system.hpp"
#include "setup/peers.hpp"

#include <vector>

namespace ghostpeer::setup {

/// The folders of the profiles, for SIGHUP and the control interface; and, where a profile relays,
/// what looking up names takes. What is not there is left out.
class ServedFiles {
  public:
    explicit ServedFiles(const Peers& peers);

    [[nodiscard]] std::vector<sandbox::Visible> visible() const;

  private:
    std::vector<FileDescriptor> open_;
};

}  // namespace ghostpeer::setup
