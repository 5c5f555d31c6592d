#include "ghostpeer/profile/relays.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::profile {

bool relays(const Profile& profile, bool only_original) {
    const auto* relay = std::get_if<Relay>(&profile.service);
    if (relay != nullptr && relay->to != Relay::To::name_server &&
        (!only_original || relay->to == Relay::To::original)) {
        return true;
    }
    return std::any_of(profile.attempts.begin(), profile.attempts.end(),
                       [&](const auto& one) { return relays(*one.profile, only_original); });
}

std::optional<std::string> relay_problem(const Profile& profile, const RelayReadiness& ready) {
    if (!ready.servers && relays(profile)) {
        return fmt::format(
            "The profile {} relays to a real server, and this run was not made ready for that: it "
            "has to begin with a profile that relays.",
            profile.name);
    }
    if (!ready.original && relays(profile, true)) {
        return fmt::format(
            "The profile {} has `relay: original`, and this run was not made ready for that: it "
            "has to begin with a profile that has it, which `serve` never can.",
            profile.name);
    }
    return std::nullopt;
}

}  // namespace ghostpeer::profile
