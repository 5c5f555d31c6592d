// The addresses of peers, and which of them a name has.
#pragma once

#include "setup/peer_option.hpp"
#include "setup/peers.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::setup {

inline constexpr std::uint32_t program_v4 = 0xc6120001;  // 198.18.0.1, RFC 2544
inline constexpr std::uint32_t loopback_v4 = 0x7f000001;

[[nodiscard]] wire::IpAddress program_v6();  ///< 2001:2::1, RFC 5180
[[nodiscard]] wire::IpAddress loopback_v6();
/// The addresses that are given out, from 0 on.
[[nodiscard]] wire::IpAddress nth_v4(Scene scene, std::size_t n);
[[nodiscard]] wire::IpAddress nth_v6(Scene scene, std::size_t n);

/// Gives each option its addresses, and `peers` its names. Returns what to print where that cannot
/// be; empty: it can.
[[nodiscard]] std::string name_peers(const CommonOptions& options, Scene scene,
                                     std::vector<PeerOption>& parsed, Peers& peers);

/// The servers of the run have names as well, at addresses of PROFILE's peer.
void name_servers(const CommonOptions& options, Peers& peers);

/// Why no program in COMMAND's network can reach a peer there; empty: it can.
[[nodiscard]] std::string_view out_of_reach(const wire::IpAddress& address);

}  // namespace ghostpeer::setup
