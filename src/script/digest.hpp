// What RFC 6455 makes of a key: SHA-1 and base64.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace ghostpeer::script {

/// FIPS 180-4. Good for telling bytes apart by accident, and no longer for signatures.
[[nodiscard]] wire::Bytes sha1(std::span<const std::uint8_t> bytes);
/// RFC 4648, 4, with its padding.
[[nodiscard]] std::string base64(std::span<const std::uint8_t> bytes);
/// Two digits for each byte.
[[nodiscard]] std::string hexadecimal(std::span<const std::uint8_t> bytes);
/// The bytes of pairs of digits, blanks between them or not; empty where it is something else.
[[nodiscard]] wire::Bytes unhex(std::span<const std::uint8_t> text);

/// Tells streams of bytes apart (FNV-1a), piece by piece.
inline constexpr std::uint64_t no_bytes = 0xcbf29ce484222325;
[[nodiscard]] std::uint64_t mix(std::uint64_t hash, std::span<const std::uint8_t> bytes) noexcept;

}  // namespace ghostpeer::script
