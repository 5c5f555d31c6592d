// The numbers that ICMP messages have on the wire.
#pragma once

#include "ghostpeer/wire/icmp.hpp"

#include <cstdint>

namespace ghostpeer::wire {

inline constexpr std::uint8_t icmp_echo_request = 8;
inline constexpr std::uint8_t icmpv6_echo_request = 128;

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
