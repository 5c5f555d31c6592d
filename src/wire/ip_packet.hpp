// The IP header of a packet, checked and taken off.
#pragma once

#include "ghostpeer/wire/codec.hpp"
#include "wire/big_endian.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace ghostpeer::wire {

inline constexpr std::size_t ipv4_header_size = 20;
inline constexpr std::size_t ipv6_header_size = 40;

namespace protocol {
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t igmp = 2;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t no_next_header = 59;
}  // namespace protocol

/// A whole, unfragmented IP packet; `packet` and `payload` point into the bytes it was opened
/// from.
struct IpPacket {
    IpAddress source;
    IpAddress destination;
    bool v4 = true;
    std::uint8_t protocol = 0;    ///< behind IPv6 extension headers
    std::size_t protocol_at = 0;  ///< where in `packet` that number stands
    std::uint8_t ttl = 0;
    std::uint8_t tos = 0;
    bool dont_fragment = true;
    std::uint16_t id = 0;          ///< of IPv4
    std::uint32_t flow_label = 0;  ///< of IPv6
    ByteView packet;               ///< without what lies beyond the packet's own length
    ByteView payload;              ///< the transport header and what follows
};

/// `not_ip`, `truncated_ip`, `bad_ip_checksum` or `fragment` when it is none.
[[nodiscard]] tl::expected<IpPacket, Oddity> open_ip_packet(ByteView packet,
                                                            bool verify_checksum) noexcept;

/// A part of a packet; what it points to are the bytes it was opened from.
struct IpFragment {
    IpAddress source;
    IpAddress destination;
    bool v4 = true;
    std::uint32_t id = 0;
    std::size_t offset = 0;
    bool more = false;
    std::uint8_t tos = 0;
    std::uint8_t next_header = 0;    ///< IPv4: the protocol
    ByteView head;                   ///< the headers that each fragment of the packet has
    std::size_t next_header_at = 0;  ///< IPv6: where in `head` the fragment header is announced
    ByteView data;
};

/// Nothing where the bytes are no well-formed fragment; its checksum is not looked at.
[[nodiscard]] std::optional<IpFragment> open_ip_fragment(ByteView packet) noexcept;

}  // namespace ghostpeer::wire
