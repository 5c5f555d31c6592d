// ICMP and ICMPv6 errors (RFC 792, RFC 1812, RFC 4443).
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ghostpeer::wire {

enum class IcmpKind : std::uint8_t {
    port_unreachable,      ///< 3/3; ICMPv6 1/4
    host_unreachable,      ///< 3/1; ICMPv6 1/3, address unreachable
    net_unreachable,       ///< 3/0; ICMPv6 1/0, no route to destination
    admin_prohibited,      ///< 3/13; ICMPv6 1/1
    ttl_exceeded,          ///< 11/0; ICMPv6 3/0
    fragmentation_needed,  ///< 3/4 (RFC 1191); ICMPv6 2/0, packet too big
};

/// The profile language's spelling: `port-unreachable`, `frag-needed`.
[[nodiscard]] std::string_view name(IcmpKind kind) noexcept;
[[nodiscard]] std::optional<IcmpKind> parse_icmp_kind(std::string_view word) noexcept;

/// An error that arrived, about a TCP segment.
struct IcmpReport {
    IcmpKind kind = IcmpKind::port_unreachable;
    std::uint32_t mtu = 0;  ///< of `fragmentation_needed`
    Flow flow;              ///< local: the end that sent the segment
    SeqNum seq;             ///< of the segment
};

/// Reads an ICMP or ICMPv6 error that quotes a TCP segment, checksums included; nothing for
/// anything else. What has no kind of its own counts as the kind that has the same consequences.
[[nodiscard]] std::optional<IcmpReport> decode_icmp_error(
    std::span<const std::uint8_t> packet) noexcept;

}  // namespace ghostpeer::wire
