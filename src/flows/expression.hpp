// `snd.nxt+snd.wnd` and its like, when a rule fires.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/profile/sequence_expression.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <optional>

namespace ghostpeer::flows {

/// The value of a `seq:` or `ack:` expression; `snd_nxt` in place of the connection's, where set.
[[nodiscard]] std::uint32_t evaluate(const profile::SequenceExpression& expression,
                                     const Connection& connection, const wire::Segment* segment,
                                     Instant now, std::optional<wire::SeqNum> snd_nxt = {});
/// Did the program begin the connection, and has the peer not taken it up?
[[nodiscard]] bool awaits_answer(const Connection& connection) noexcept;

}  // namespace ghostpeer::flows
