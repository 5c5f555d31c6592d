// Patterns of a profile, each read and counted here.
#pragma once

#include "ghostpeer/profile/pattern.hpp"
#include "profile/document/words.hpp"

#include <optional>
#include <string_view>

namespace ghostpeer::profile {

/// A text or `/EXPRESSION/`, written at the node; nothing after an error, which is reported.
[[nodiscard]] std::optional<Pattern> read_pattern(std::string_view text, const YamlNode& at,
                                                  Context& context);
/// A text alone, also where it looks like an expression.
[[nodiscard]] std::optional<Pattern> read_fixed(std::string_view text, const YamlNode& at,
                                                Context& context);
/// `{hex: DIGITS}`
[[nodiscard]] std::optional<Pattern> read_hex_pattern(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
