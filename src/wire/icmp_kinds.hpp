// The numbers that ICMP messages have on the wire.
#pragma once

#include "ghostpeer/wire/icmp.hpp"

#include <array>

namespace ghostpeer::wire {

inline constexpr std::uint8_t icmp_echo_request = 8;
inline constexpr std::uint8_t icmpv6_echo_request = 128;

/// Those by which what arrives is known.
inline constexpr std::array all_icmp_kinds{
    IcmpKind::port_unreachable, IcmpKind::host_unreachable, IcmpKind::net_unreachable,
    IcmpKind::admin_prohibited, IcmpKind::ttl_exceeded,     IcmpKind::fragmentation_needed};

struct IcmpTypeAndCode {
    std::uint8_t type;
    std::uint8_t code;
};

/// No message has this type; it stands for one that a version of IP does not have.
inline constexpr std::uint8_t no_icmp_type = 0xff;

/// Where both have it, the same event; else the one that Linux maps to the same errno.
struct IcmpNumbers {
    IcmpTypeAndCode v4;
    IcmpTypeAndCode v6;
};

[[nodiscard]] IcmpNumbers numbers(IcmpKind kind) noexcept;

}  // namespace ghostpeer::wire
