// What the engine counts, for whoever asks while it runs.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/profile/profile.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ghostpeer::peer {

// The record has what the engine counts as it stands.
using event::AttemptRecord;
using event::Counters;
using event::Ending;
using event::Missed;
using event::RuleStatistics;
using event::Traffic;
using event::Unheard;

struct ProfileStatistics {
    std::shared_ptr<const profile::Profile> profile;
    std::uint32_t number = 0;           ///< by which the record names it
    std::vector<RuleStatistics> rules;  ///< by Rule::id
    std::uint64_t connections = 0;      ///< that used the profile
    Traffic traffic;                    ///< of these
};

}  // namespace ghostpeer::peer
