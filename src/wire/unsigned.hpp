// Segments as far as they can be read by who does not know their key yet.
#pragma once

#include "ghostpeer/wire/codec.hpp"

#include <cstdint>
#include <span>

namespace ghostpeer::wire {

/// As `decode`, but signatures (RFC 2385) and the TCP checksum are not looked at.
[[nodiscard]] Decoded decode_unsigned(std::span<const std::uint8_t> packet) noexcept;

}  // namespace ghostpeer::wire
