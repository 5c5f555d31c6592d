// `ghostpeer judge`: the verdict of a run that is over, from its record.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int judge_command(const JudgeRequest& request);

}  // namespace ghostpeer::cli
