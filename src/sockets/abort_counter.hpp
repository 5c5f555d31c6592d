// How many sockets the kernel has given up in a network namespace.
#pragma once

#include "posix/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace ghostpeer::sockets {

/// TCPAbortOnTimeout, which every way of giving up a socket counts (tcp_write_err()): SYN, data and
/// FIN that were sent in vain, window probes, keepalive probes, TCP_USER_TIMEOUT.
class AbortCounter {
  public:
    /// `file`: /proc/net/netstat as opened inside the namespace; empty: the kernel does not tell.
    explicit AbortCounter(FileDescriptor file) : file_(std::move(file)) {}

    [[nodiscard]] bool active() const noexcept { return static_cast<bool>(file_); }
    /// Costs some ten microseconds. Nothing where it cannot be read, and ever after.
    [[nodiscard]] std::optional<std::uint64_t> read();

  private:
    FileDescriptor file_;
};

/// The counter's value in a text like that of /proc/net/netstat.
[[nodiscard]] std::optional<std::uint64_t> find_aborts(std::string_view netstat);

}  // namespace ghostpeer::sockets
