// The little that has to be known of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace ghostpeer {

/// Bytes of the well-formed character that the text begins with; 0: none, or the text is empty.
[[nodiscard]] std::size_t character_length(std::string_view text) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Is the byte the second or a later one of a character?
[[nodiscard]] constexpr bool continues_character(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Characters, not bytes.
[[nodiscard]] std::size_t character_count(std::string_view text) noexcept;

}  // namespace ghostpeer
