// The verdict's table of connections.
#pragma once

#include "judge/report.hpp"

#include <string>
#include <vector>

namespace ghostpeer::judge {

/// A line for the columns and one for each attempt, the first 20; nothing where there was none.
[[nodiscard]] std::vector<std::string> attempt_table(const RunSummary& run);

}  // namespace ghostpeer::judge
