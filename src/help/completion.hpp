// Completion scripts for shells.
#pragma once

#include <string_view>

namespace ghostpeer::help {

/// They ask `ghostpeer list` and `--help`, so they know what this version knows.
[[nodiscard]] std::string_view bash_completion() noexcept;
[[nodiscard]] std::string_view zsh_completion() noexcept;
[[nodiscard]] std::string_view fish_completion() noexcept;

}  // namespace ghostpeer::help
