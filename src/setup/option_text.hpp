// Small parts of what options say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::setup {

/// Without blanks at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// What stands between commas, without blanks around it; never empty.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);
/// Of ASCII, as host names are.
[[nodiscard]] std::string in_lower_case(std::string_view text);

}  // namespace ghostpeer::setup
