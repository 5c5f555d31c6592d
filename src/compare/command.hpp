// `ghostpeer compare`.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ghostpeer::compare {

/// `connections`: none, one for both files, or one for each. The exit status.
[[nodiscard]] int command(const std::array<std::string, 2>& files,
                          const std::vector<std::uint32_t>& connections);

}  // namespace ghostpeer::compare
