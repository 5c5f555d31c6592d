#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// The file below /proc/sys of a sysctl: dots separate, unless a slash is the first separator, as
/// in "net/ipv4/conf/eth0.1/forwarding" (sysctl(8)). The error is a sentence.
[[nodiscard]] tl::expected<std::string, std::string> sysctl_path(std::string_view name);

/// Writes them in order, in the calling process's network namespace.
[[nodiscard]] tl::expected<void, Error> write_sysctls(
    const std::vector<std::pair<std::string, std::string>>& sysctls);

}  // namespace ghostpeer::sandbox
