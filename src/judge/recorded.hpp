// The conditions of an expectation, judged by the record.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "rules/condition.hpp"

namespace ghostpeer::judge {

/// What a recorded segment has to say in it.
void add_segment(const event::Segment& segment, rules::Moment& moment);

/// As a rule's conditions, with those numbers of the connection that the record has.
[[nodiscard]] bool recorded_holds(const profile::When& when, const rules::Moment& moment,
                                  rules::NearMiss& near_miss);

}  // namespace ghostpeer::judge
