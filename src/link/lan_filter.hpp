// Which frames the kernel hands to the peer: the rest of the segment's traffic costs nothing.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/ethernet.hpp"

#include <linux/filter.h>

#include <vector>

namespace ghostpeer::link {

/// More addresses than anybody claims on one interface.
inline constexpr std::size_t max_own_addresses = 64;

/// Untagged frames to `own` with packets to these addresses, except neighbour discovery and MLD.
[[nodiscard]] std::vector<sock_filter> packet_filter(const MacAddress& own,
                                                     const std::vector<wire::IpAddress>& addresses);
/// Untagged ARP, and ICMPv6 that concerns neighbours (with or without hop-by-hop options).
[[nodiscard]] std::vector<sock_filter> neighbour_filter();

}  // namespace ghostpeer::link
