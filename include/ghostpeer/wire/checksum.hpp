// The Internet checksum (RFC 1071).
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <span>

namespace ghostpeer::wire {

/// The ones'-complement sum of the bytes read as big-endian 16-bit words, folded to 16 bits, on
/// top of `start`; an odd last byte is followed by a zero. A checksum field is the complement of
/// the sum over everything else; a sum of 0xffff over everything says that the field is right.
/// Parts may be summed one after the other if all but the last have an even length.
[[nodiscard]] std::uint16_t ones_complement_sum(std::span<const std::uint8_t> bytes,
                                                std::uint32_t start = 0) noexcept;

/// The sum of the pseudo header of IPv4 (RFC 9293, 3.1) or, unless both addresses are IPv4, of
/// IPv6 (RFC 8200, 8.1). `length` is that of the transport header and its payload.
[[nodiscard]] std::uint16_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                              std::uint8_t protocol, std::uint32_t length) noexcept;

}  // namespace ghostpeer::wire
