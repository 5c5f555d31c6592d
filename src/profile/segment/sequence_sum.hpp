// `snd.nxt+snd.wnd` -> SequenceExpression.
#pragma once

#include "ghostpeer/profile/sequence_expression.hpp"
#include "profile/document/errors.hpp"

#include <optional>

namespace ghostpeer::profile {

/// A sequence number of an action; errors are reported at the entry.
[[nodiscard]] std::optional<SequenceExpression> read_sequence(const Entry& entry, Errors& errors);

/// The same for a timestamp: numbers, `ts.now` and `ts.recent`.
[[nodiscard]] std::optional<SequenceExpression> read_timestamp(const Entry& entry, Errors& errors);

/// Does it speak of the segment that fired the rule?
[[nodiscard]] bool needs_segment(const SequenceExpression& expression) noexcept;

}  // namespace ghostpeer::profile
