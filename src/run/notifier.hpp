// Tells a service manager how far ghostpeer is: the protocol of sd_notify(3).
#pragma once

#include "posix/file_descriptor.hpp"

#include <string_view>

namespace ghostpeer::run {

/// Silent where nobody asked (NOTIFY_SOCKET is not set, or leads nowhere). Make it before
/// privileges are dropped.
class Notifier {
  public:
    Notifier();

    [[nodiscard]] bool asked() const noexcept { return static_cast<bool>(socket_); }
    /// Lines such as `READY=1`, separated by line ends. Never blocks.
    void tell(std::string_view lines) const;

  private:
    FileDescriptor socket_;
};

}  // namespace ghostpeer::run
