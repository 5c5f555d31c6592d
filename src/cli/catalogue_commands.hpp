// `list`, `show`, `check` and `completion`: what needs no run.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int list_command(const ListRequest& request);
[[nodiscard]] int show_command(const ShowRequest& request);
[[nodiscard]] int check_command(const CheckRequest& request);
[[nodiscard]] int completion_command(const CompletionRequest& request);

}  // namespace ghostpeer::cli
