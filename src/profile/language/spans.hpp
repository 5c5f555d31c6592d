// What expectations say of numbers and times: `times`, `apart`, `within`.
#pragma once

#include "ghostpeer/profile/expectation.hpp"
#include "profile/document/words.hpp"

#include <optional>

namespace ghostpeer::profile {

/// `3`, `">= 3"`, `2..4`
[[nodiscard]] std::optional<Range> read_count_span(const Entry& entry, Errors& errors);
/// `3s`: at most so long; `">= 3s"`, `1s..1.5s`.
[[nodiscard]] std::optional<Range> read_limit(const Entry& entry, Errors& errors);
/// A time, a range of them, a list of either, or a map.
[[nodiscard]] std::optional<Apart> read_apart(const Entry& entry, Context& context);
/// `15s of enter established`
[[nodiscard]] std::optional<Within> read_within(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
