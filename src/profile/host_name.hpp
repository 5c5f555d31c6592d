// Which words are names of hosts.
#pragma once

#include <string_view>

namespace ghostpeer::profile {

/// Labels of 1 to 63 letters, digits, hyphens and underscores with a dot between them, 253 bytes at
/// the most (RFC 1123, section 2.1). A dot at the end is none of it.
[[nodiscard]] bool is_host_name(std::string_view name) noexcept;

}  // namespace ghostpeer::profile
