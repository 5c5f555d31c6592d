// IP packets <-> segments. Every packet of a run goes through it.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace ghostpeer::wire {

/// Why a packet is no segment.
enum class Oddity : std::uint8_t {
    not_ip,           ///< neither version 4 nor 6, empty, or IPv6 from or to an IPv4-mapped address
    truncated_ip,     ///< shorter than its header or its total length says
    bad_ip_checksum,  ///< IPv4 header checksum
    fragment,         ///< a fragment: for `Reassembly`, and odd where the others do not come
    truncated_tcp,    ///< data offset below 5 or beyond the packet
    bad_tcp_checksum,
    signed_tcp,  ///< RFC 2385: signed, or not, otherwise than the peer's key asks for
    not_tcp,     ///< some other protocol (see `OtherPacket`)
};
inline constexpr std::size_t oddity_count = 8;

/// `bad TCP checksum`, `fragment`, …: for the trace and the verdict.
[[nodiscard]] std::string_view describe(Oddity oddity) noexcept;

/// A well-formed IP packet of another protocol.
struct OtherPacket {
    IpAddress source{};
    IpAddress destination{};
    std::uint8_t protocol = 0;           ///< IANA number: 1 ICMP, 17 UDP, 58 ICMPv6
    std::uint16_t destination_port = 0;  ///< UDP only
    bool echo_request = false;           ///< ICMP or ICMPv6 echo request
    bool foreign = false;                ///< a protocol that this host has no part for
    friend bool operator==(const OtherPacket&, const OtherPacket&) = default;
};

using Decoded = std::variant<Segment, OtherPacket, Oddity>;

struct DecodeOptions {
    /// False where the kernel hands over packets with checksums that it has left to a card.
    bool verify_checksums = true;
    /// Set: a TCP segment has to be signed with it (RFC 2385), else it may not be signed. What is
    /// not so is `signed_tcp`.
    std::string_view md5_key{};
};

/// Reads one IP packet (no link header). Never throws, whatever the bytes are; bytes beyond the
/// packet's own total length (Ethernet padding) are ignored.
[[nodiscard]] Decoded decode(std::span<const std::uint8_t> packet,
                             const DecodeOptions& options = {}) noexcept;

/// The flow of a packet that looks like TCP from the program's side, without any check: only to
/// fetch what belongs to it before it is decoded.
[[nodiscard]] std::optional<Flow> peek_flow(std::span<const std::uint8_t> packet) noexcept;

/// Writes the IP packet of a segment, checksums included, options in Linux's order and padded
/// with NOPs.
/// Never throws; a payload too long for an IP packet (65535 bytes in all) is cut, SACK blocks that
/// do not fit in 40 bytes of options are left out. Empty when there is no memory.
[[nodiscard]] Bytes encode(const Segment& segment) noexcept;

}  // namespace ghostpeer::wire
