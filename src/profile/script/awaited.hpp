// What a step of a script waits for: a pattern, and what it is looked for in.
#pragma once

#include "ghostpeer/profile/script.hpp"
#include "profile/document/words.hpp"

#include <optional>

namespace ghostpeer::profile {

/// A text or `/…/`, of a script whose patterns have so many groups at the most; nothing after an
/// error, which is reported.
[[nodiscard]] std::optional<Pattern> read_case(const YamlNode& node, int& most_groups,
                                               Context& context);
/// The value of `in`, or of `expect` where that names no pattern.
[[nodiscard]] std::optional<Unit> read_unit(const Entry& entry, Errors& errors);
/// `expect: …`
[[nodiscard]] bool read_expected(const Entry& entry, AwaitStep& step, int& most_groups,
                                 Context& context);

}  // namespace ghostpeer::profile
