// `list`, `show`, `check` and `completion`: what needs no run.
#pragma once

#include "cli/command_line.hpp"

#include <string_view>

namespace ghostpeer::cli {

/// On standard output; the exit status.
[[nodiscard]] int print_text(std::string_view text);

[[nodiscard]] int list_command(const ListRequest& request);
[[nodiscard]] int show_command(const ShowRequest& request);
[[nodiscard]] int check_command(const CheckRequest& request);
[[nodiscard]] int completion_command(const CompletionRequest& request);

}  // namespace ghostpeer::cli
