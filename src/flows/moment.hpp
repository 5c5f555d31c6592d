// What the filters of a rule read of an occasion.
#pragma once

#include "flows/agenda.hpp"
#include "flows/occasion.hpp"
#include "rules/condition.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::flows {

/// The state that `when:` sees: one that has not been taken up yet waits in LISTEN.
[[nodiscard]] tcp::State stance(const Connection& connection) noexcept;

/// What the conditions of `when:` read.
[[nodiscard]] Moment moment_of(const Occasion& occasion, Instant now);
/// The values of what the rule's conditions on a segment name; empty where it has none. The
/// occasion outlives it.
[[nodiscard]] Evaluate numbers_of(const profile::Rule& rule, const Occasion& occasion, Instant now);
/// SND.NXT from before a segment of the TCP core left; nothing where it is the connection's still.
[[nodiscard]] std::optional<wire::SeqNum> snd_nxt_before(const Occasion& occasion);

/// Is it the time that the rule's `within` asks for?
[[nodiscard]] bool comes_within(const profile::Rule& rule, const Connection& connection,
                                NearMiss& near_miss, Instant now);
/// The event of a mark has come. What `hold` kept until then goes on now, in this order.
[[nodiscard]] std::vector<std::unique_ptr<HeldSegment>> note_mark(Connection& connection,
                                                                  const profile::Rule& mark,
                                                                  Instant now);
/// Holds a segment until the event of the rule's `hold`.
void keep_waiting(Connection& connection, HeldSegment&& held, const Judgement& judgement);

}  // namespace ghostpeer::flows
