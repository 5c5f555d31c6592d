// Bytes as a profile writes them: a text, hexadecimal or base64 digits, a file.
#pragma once

#include "profile/document/files.hpp"
#include "profile/document/words.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::profile {

/// A text whose bytes are meant. YAML's `\xc6` is a character, of two bytes: it is reported.
[[nodiscard]] std::optional<std::string> read_byte_text(const Entry& entry, Errors& errors);

/// Hexadecimal digits in pairs, blanks between them or not.
[[nodiscard]] std::optional<wire::Bytes> parse_hex(std::string_view text);

/// `hex: "06 07"`, `base64: Bgc=`: what `key` of the entry says; null after an error.
[[nodiscard]] Content read_hex(const Entry& entry, Errors& errors);
[[nodiscard]] Content read_base64(const Entry& entry, Errors& errors);

}  // namespace ghostpeer::profile
