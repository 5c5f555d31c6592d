// Does a profile need real servers, and is a run ready for one that comes later?
#pragma once

#include "ghostpeer/profile/profile.hpp"

#include <optional>
#include <string>

namespace ghostpeer::profile {

/// True if the profile, or one of its `attempts`, relays to a real server; `only_original`: to
/// where the program wanted to go.
[[nodiscard]] bool relays(const Profile& profile, bool only_original = false);

/// What a run was made ready for when it began.
struct RelayReadiness {
    bool servers = false;   ///< sockets to the outside, and names
    bool original = false;  ///< to where the program wanted to go
};

/// Why the profile cannot be brought into a run that is there, a complete sentence. Nothing: as far
/// as real servers go it can.
[[nodiscard]] std::optional<std::string> relay_problem(const Profile& profile,
                                                       const RelayReadiness& ready);

}  // namespace ghostpeer::profile
