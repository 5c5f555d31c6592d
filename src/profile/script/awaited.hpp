// What a step of a script waits for: a pattern, and what it is looked for in.
#pragma once

#include "ghostpeer/profile/script.hpp"
#include "profile/document/words.hpp"

#include <optional>

namespace ghostpeer::profile {

/// What the patterns of one script come to.
struct PatternCount {
    std::size_t expressions = 0;
    int most_groups = 0;
};

/// A text or `/…/`; nothing after an error, which is reported.
[[nodiscard]] std::optional<Pattern> read_pattern(const YamlNode& node, PatternCount& count,
                                                  Errors& errors);
/// The value of `in`, or of `expect` where that names no pattern.
[[nodiscard]] std::optional<Unit> read_unit(const Entry& entry, Errors& errors);
/// `expect: …`
[[nodiscard]] bool read_expected(const Entry& entry, AwaitStep& step, PatternCount& count,
                                 Context& context);

}  // namespace ghostpeer::profile
