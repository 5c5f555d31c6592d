// `ghostpeer report`: the page of a run that is over.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int report_command(const ReportRequest& request);

}  // namespace ghostpeer::cli
