// The sockets of a process's network namespace, by inode.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::process {

struct Socket {
    /// `a TCP connection to 198.18.0.2:8080, ESTABLISHED, no timer is running, …`
    std::string what;
    wire::Endpoint local;
    wire::Endpoint remote;  ///< port 0: none
    bool tcp = false;
};

/// Those in the network namespace of `process`, from /proc/PID/net; 10,000 of a family at most.
[[nodiscard]] std::vector<Socket> tcp_sockets(pid_t process);

class SocketTable {
  public:
    /// Asks the kernel for the TCP sockets (NETLINK_SOCK_DIAG) in the network namespace of
    /// `process`, where the caller may go there; else reads them from /proc/PID/net, where they say
    /// less. UDP sockets come from there. Empty where neither works.
    explicit SocketTable(pid_t process);

    /// Null for what is neither a TCP nor a UDP socket.
    [[nodiscard]] const Socket* find(std::uint64_t inode) const;

  private:
    [[nodiscard]] bool ask_there(pid_t process);
    void ask(int family);

    std::map<std::uint64_t, Socket> by_inode_;
};

}  // namespace ghostpeer::process
