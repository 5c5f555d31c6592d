// `${1}` and `${base64(sha1(1, 'text'))}` in what a script says.
#pragma once

#include "ghostpeer/profile/script.hpp"
#include "profile/document/errors.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::profile {

/// The text as a phrase; nothing where it has no captures (see `plain`), or is wrong, which is
/// reported at the node. `highest` becomes that of the captures that it names.
[[nodiscard]] std::optional<Phrase> parse_phrase(std::string_view text, const YamlNode& at,
                                                 std::uint32_t& highest, Errors& errors);

/// `$${` is how a text says `${`.
[[nodiscard]] std::string plain(std::string_view text);

}  // namespace ghostpeer::profile
