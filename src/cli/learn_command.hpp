// `ghostpeer learn`: what captures tell.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int learn_command(const LearnRequest& request);

}  // namespace ghostpeer::cli
