// What does a profile need behind the peer, and is a run ready for one that comes later?
#pragma once

#include "ghostpeer/profile/profile.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::profile {

/// True if the profile, or one of its `attempts`, relays to a real server outside the run;
/// `only_original`: to where the program wanted to go.
[[nodiscard]] bool relays(const Profile& profile, bool only_original = false);

/// The relays of the profile and its `attempts` that lead to a process or to a server of the run.
[[nodiscard]] std::vector<Relay> relays_within(const Profile& profile);

/// What a run was made ready for when it began.
struct RelayReadiness {
    bool servers = false;                              ///< sockets to the outside, and names
    bool original = false;                             ///< to where the program wanted to go
    std::vector<std::vector<std::string>> commands{};  ///< that processes may be made of
    std::vector<std::string> names{};                  ///< of the servers that the run has started

    /// Is there anything behind the peer?
    [[nodiscard]] bool any() const noexcept {
        return servers || original || !commands.empty() || !names.empty();
    }
};

/// Why the profile cannot be brought into a run that is there, a complete sentence. Nothing: as far
/// as what is behind the peer goes it can.
[[nodiscard]] std::optional<std::string> relay_problem(const Profile& profile,
                                                       const RelayReadiness& ready);

}  // namespace ghostpeer::profile
