// Which packets of an interface the kernel hands to a packet socket.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace ghostpeer::link {

/// A classic BPF program for Ethernet frames: TCP over IPv4 or IPv6 to one of these ports, whatever
/// the address. With so many ports that single steps could not jump over them (some 120 that are
/// not next to each other), TCP to any port. Packets with IPv6 extension headers do not pass.
[[nodiscard]] std::vector<sock_filter> tcp_to_ports(std::vector<std::uint16_t> ports);

}  // namespace ghostpeer::link
