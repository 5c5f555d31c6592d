#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "sandbox/covered_file.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// The text of a hosts file (hosts(5)) in which `hosts` have the addresses given and no others;
/// other names, comments and their order stay. Names are compared without regard to case.
[[nodiscard]] std::string render_hosts(std::string_view existing,
                                       const std::vector<Spec::Host>& hosts);

/// Why a name or an address cannot stand in a hosts file; empty if all can.
[[nodiscard]] std::string check_hosts(const std::vector<Spec::Host>& hosts);

/// Puts such a file over /etc/hosts in the calling process's mount namespace. Nothing is written
/// to a disk.
[[nodiscard]] tl::expected<void, Error> install_hosts(const std::vector<Spec::Host>& hosts,
                                                      CoveredFiles& files);

}  // namespace ghostpeer::sandbox
