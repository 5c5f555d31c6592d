#include "ghostpeer/profile/relays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ghostpeer::profile {

bool relays(const Profile& profile, bool only_original) {
    const auto* relay = std::get_if<Relay>(&profile.service);
    if (relay != nullptr &&
        (relay->to == Relay::To::original || (relay->to == Relay::To::host && !only_original))) {
        return true;
    }
    return std::any_of(profile.attempts.begin(), profile.attempts.end(),
                       [&](const auto& one) { return relays(*one.profile, only_original); });
}

std::vector<Relay> relays_within(const Profile& profile) {
    std::vector<Relay> found;
    const auto* relay = std::get_if<Relay>(&profile.service);
    if (relay != nullptr && (relay->to == Relay::To::process || relay->to == Relay::To::server)) {
        found.push_back(*relay);
    }
    for (const AttemptBehaviour& one : profile.attempts) {
        const auto more = relays_within(*one.profile);
        found.insert(found.end(), more.begin(), more.end());
    }
    return found;
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
    const auto has = [](const auto& known, const auto& one) {
        return std::find(known.begin(), known.end(), one) != known.end();
    };
    for (const Relay& relay : relays_within(profile)) {
        if (relay.to == Relay::To::process && !has(ready.commands, relay.command)) {
            return fmt::format(
                "The profile {} has `exec` with a command that this run was not made ready for "
                "({}): it has to begin with a profile that has the same, which `serve` never can.",
                profile.name, fmt::join(relay.command, " "));
        }
        if (relay.to == Relay::To::server && !has(ready.names, relay.host)) {
            return fmt::format(
                "The profile {} has `relay: {}`, and this run has started no server of that name: "
                "it has to begin with `servers:` in a profile, or with --server, which `serve` "
                "has not.",
                profile.name, relay.host);
        }
    }
    return std::nullopt;
}

}  // namespace ghostpeer::profile
