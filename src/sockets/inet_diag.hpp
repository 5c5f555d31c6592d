// What the kernel's socket tables (sock_diag(7)) have in common for those who read them.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <linux/inet_diag.h>

#include <cstddef>
#include <cstdint>

namespace ghostpeer::sockets {

/// include/net/tcp_states.h; user space has no header for the states that the kernel alone knows.
inline constexpr std::uint32_t state_listen = 10;
/// No part of an answer is larger.
inline constexpr std::size_t part_size = std::size_t{64} * 1024;
/// Of an answer in parts, before others have their turn.
inline constexpr std::size_t reads_per_call = 8;

/// Asks for the TCP sockets of an address family that are in one of the states (a bit for each);
/// the answer has the same `round`. 0, EAGAIN where it has to be asked again later, or the error.
/// The kernel refuses a second dump on a netlink socket while one is under way (EBUSY), so families
/// take turns.
[[nodiscard]] int ask_for_sockets(int fd, int family, std::uint32_t states, std::uint32_t round);

[[nodiscard]] wire::Endpoint local_endpoint(const inet_diag_msg& message);
[[nodiscard]] wire::Endpoint remote_endpoint(const inet_diag_msg& message);

}  // namespace ghostpeer::sockets
