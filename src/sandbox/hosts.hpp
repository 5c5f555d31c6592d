#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// The text of a hosts file (hosts(5)) in which `hosts` have the addresses given and no others;
/// other names, comments and their order stay. Names are compared without regard to case.
[[nodiscard]] std::string render_hosts(std::string_view existing,
                                       const std::vector<Spec::Host>& hosts);

/// Why a name or an address cannot stand in a hosts file; empty if all can.
[[nodiscard]] std::string check_hosts(const std::vector<Spec::Host>& hosts);

}  // namespace ghostpeer::sandbox
