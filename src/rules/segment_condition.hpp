// The conditions of `when:` on what the headers of a segment say.
#pragma once

#include "ghostpeer/profile/segment_condition.hpp"
#include "rules/condition.hpp"

namespace ghostpeer::rules {

/// The moment has a segment. If a condition does not hold, the first that fails is noted.
[[nodiscard]] bool headers_hold(const profile::SegmentCondition& condition, const Moment& moment,
                                NearMiss& near_miss);

}  // namespace ghostpeer::rules
