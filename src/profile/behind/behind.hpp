// What stands behind the peer: `relay`, `exec` and `servers`.
#pragma once

#include "ghostpeer/profile/profile.hpp"
#include "profile/document/words.hpp"

#include <optional>
#include <vector>

namespace ghostpeer::profile {

[[nodiscard]] std::optional<Service> read_relay(const Entry& entry, Context& context);
[[nodiscard]] std::optional<Service> read_exec(const Entry& entry, Context& context);
/// Those of the extending profile take the place of others of the same name.
void read_servers(const Entry& entry, std::vector<Server>& servers, Context& context);

}  // namespace ghostpeer::profile
