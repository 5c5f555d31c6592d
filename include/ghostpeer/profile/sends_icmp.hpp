// Does a profile make ICMP errors?
#pragma once

#include "ghostpeer/profile/profile.hpp"

#include <algorithm>
#include <variant>

namespace ghostpeer::profile {

/// True if a rule of the profile itself, not of its `attempts`, has an `icmp` action.
[[nodiscard]] inline bool sends_icmp(const Profile& profile) {
    return std::any_of(profile.rules.begin(), profile.rules.end(), [](const Rule& rule) {
        return std::any_of(rule.actions.begin(), rule.actions.end(), [](const Action& action) {
            return std::holds_alternative<Icmp>(action);
        });
    });
}

}  // namespace ghostpeer::profile
