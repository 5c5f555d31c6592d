// Packets through a packet socket, such as on one end of a veth pair.
#pragma once

#include "link/link.hpp"

#include <linux/filter.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace ghostpeer::link {

using MacAddress = std::array<std::uint8_t, 6>;

/// What EAFNOSUPPORT means, and what to do.
inline constexpr const char* no_packet_sockets =
    "this kernel has no packet sockets. Load them with `modprobe af_packet`, or use --link tun.";

/// A packet socket on the interface `name` of the calling thread's network namespace: it gets what
/// the other end of the pair sends, never what leaves through this end. Needs CAP_NET_RAW there.
/// Checksum and segmentation offload may stay on at both ends; the link does what a card would.
/// `filter`: in force before the first packet; empty: none.
[[nodiscard]] tl::expected<FileDescriptor, Error> open_packet_socket(
    const std::string& name, const std::vector<sock_filter>& filter = {});

/// What a failed read of a packet socket says of its link.
[[nodiscard]] ReceiveStatus packet_socket_status(int socket, int error) noexcept;

/// Replaces the socket's filter. False: errno says why.
[[nodiscard]] bool set_filter(int socket, const std::vector<sock_filter>& filter);

/// A link over the descriptor of `open_packet_socket`, in any process and namespace. Frames go out
/// from `own_mac` to `program_mac`; those that carry no IP (ARP) are ignored, so neighbours have
/// to be static. `mtu` is that of the interface, in bytes, without the Ethernet header.
[[nodiscard]] std::unique_ptr<Link> make_ethernet_link(FileDescriptor socket,
                                                       const MacAddress& own_mac,
                                                       const MacAddress& program_mac,
                                                       std::uint16_t mtu);

}  // namespace ghostpeer::link
