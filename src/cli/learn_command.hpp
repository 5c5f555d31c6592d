// `ghostpeer learn` and `ghostpeer compare`: what captures tell.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int learn_command(const LearnRequest& request);
[[nodiscard]] int compare_command(const CompareRequest& request);

}  // namespace ghostpeer::cli
