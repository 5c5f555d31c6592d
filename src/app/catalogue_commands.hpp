// `list`, `show`, `check` and `completion`: what needs no run.
#pragma once

#include "app/command_line.hpp"

namespace ghostpeer::app {

[[nodiscard]] int list_command(const ListRequest& request);
[[nodiscard]] int show_command(const ShowRequest& request);
[[nodiscard]] int check_command(const CheckRequest& request);
[[nodiscard]] int completion_command(const CompletionRequest& request);

}  // namespace ghostpeer::app
