// What makes an action of a rule possible, and what it decides.
#pragma once

#include "flows/occasion.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <optional>

namespace ghostpeer::flows {

/// Is there something for the action to act on?
[[nodiscard]] bool possible(const profile::Action& action, const Occasion& occasion);
/// Decides what becomes of the segment, where there is one.
void decide(const Occasion& occasion, const profile::Rule& rule, Judgement::Course course);
/// The RST that refuses the program's SYN; nothing where none is to be refused.
[[nodiscard]] std::optional<wire::Segment> refusal(const Occasion& occasion);

}  // namespace ghostpeer::flows
