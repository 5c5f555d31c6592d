// What was done in a network namespace, from the kernel's counters.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::process {

struct NetworkUse {
    std::uint64_t tcp_opened = 0;  ///< connect() calls that sent a SYN (TcpActiveOpens)
    std::uint64_t tcp_failed = 0;  ///< of these and of accepted ones, before they were established
    std::uint64_t udp_sent = 0;    ///< datagrams
    std::uint64_t pings = 0;       ///< echo requests
    /// Far ends on loopback of connections that the kernel still knows (TIME-WAIT counts), each
    /// once.
    std::vector<wire::Endpoint> loopback_ends;
};

/// Of the namespace in which `process` is. Nothing where /proc does not tell.
[[nodiscard]] std::optional<NetworkUse> network_use(pid_t process);

}  // namespace ghostpeer::process
