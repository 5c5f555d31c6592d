// ICMP and ICMPv6 errors (RFC 792, RFC 1812, RFC 4443).
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
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
    // What arrives with these numbers counts as one of those above, or not at all.
    protocol_unreachable,
    source_route_failed,
    net_unknown,
    host_unknown,
    source_isolated,
    net_prohibited,
    host_prohibited,
    net_unreachable_tos,
    host_unreachable_tos,
    precedence_violation,
    precedence_cutoff,
    beyond_scope,
    policy_failed,
    route_rejected,
    source_quench,
    reassembly_time_exceeded,
    parameter_problem,
    unknown_option,
    option_missing,
    bad_length,
    net_redirect,
    redirect,
    net_redirect_tos,
    redirect_tos,
};
inline constexpr std::size_t icmp_kind_count = 30;

/// Has it a form for that version of IP?
[[nodiscard]] bool exists(IcmpKind kind, bool v4) noexcept;
/// Does it name another gateway?
[[nodiscard]] bool is_redirect(IcmpKind kind) noexcept;
/// Does it point at a byte of the packet?
[[nodiscard]] bool has_pointer(IcmpKind kind) noexcept;
/// Does it say that the packet came nowhere?
[[nodiscard]] bool is_unreachable(IcmpKind kind) noexcept;

/// What an error says beside its kind.
struct IcmpMessage {
    IcmpKind kind = IcmpKind::port_unreachable;
    std::uint16_t mtu = 0;               ///< of `fragmentation_needed`
    std::uint32_t pointer = 0;           ///< where the problem is: 8 bits in ICMP
    std::optional<IpAddress> from{};     ///< the router; unset: the host that was asked
    std::optional<IpAddress> gateway{};  ///< of a redirect
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
