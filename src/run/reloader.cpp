#include "run/reloader.hpp"

#include "posix/message.hpp"

#include <fmt/format.h>

#include <csignal>

namespace ghostpeer::run {

bool Reloader::signal(int number, Instant now) {
    if (number != SIGHUP) {
        return false;
    }
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic(now)).count();
    notifier_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
    const std::string problem = reload(now);
    if (!problem.empty()) {
        print_message(problem, no_patience);
    }
    sinks_.notice(now, "reload",
                  problem.empty() ? "The profiles were read again; connections "
                                    "that begin now have them."
                                  : "The profiles could not be read again; the "
                                    "old ones stay.");
    notifier_.tell("READY=1");
    return true;
}

std::string Reloader::reload(Instant now) {
    const auto peers = setup::resolve_peers(options_, setup::Scene::serve, profile::Waiting::never);
    if (!peers) {
        return peers.error();
    }
    // The options are the same, and so are the peers; only what the files say may be different.
    auto before = engine_.peers();
    // Others have come since by the control interface; the first ones stay.
    before.resize(peers->specs.size());
    const auto is_client = [](const profile::Profile& profile) {
        return profile.role == profile::Role::client;
    };
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (is_client(*before[i].profile) != is_client(*peers->specs.at(i).profile)) {
            return fmt::format(
                "ghostpeer: the profile {} has another `role:` now, which takes a new start.\n",
                before[i].profile->name);
        }
        if (const auto problem = profile::relay_problem(*peers->specs.at(i).profile, relays_)) {
            return "ghostpeer: " + *problem + "\n";
        }
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (is_client(*before[i].profile)) {
            continue;  // its connections were planned when it began to dial
        }
        if (const auto problem = engine_.use(i, peers->specs[i].profile, now)) {
            return "ghostpeer: " + *problem + "\n";
        }
    }
    return {};
}

}  // namespace ghostpeer::run
