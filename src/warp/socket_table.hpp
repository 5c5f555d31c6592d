// A process's TCP sockets, by inode.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ghostpeer::warp {

class SocketTable {
  public:
    /// Asks the kernel (NETLINK_SOCK_DIAG) for the sockets in the network namespace of `process`.
    /// Empty where that fails.
    explicit SocketTable(pid_t process);

    /// `a TCP connection to 198.18.0.2:8080, ESTABLISHED, no timer is running, last segment …`;
    /// not set for what is no TCP socket.
    [[nodiscard]] std::optional<std::string> describe(std::uint64_t inode) const;

  private:
    void ask(int family);

    std::map<std::uint64_t, std::string> by_inode_;
};

}  // namespace ghostpeer::warp
