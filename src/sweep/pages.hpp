// The pages of a sweep: the grid, and one for each run.
#pragma once

#include "sweep/plan.hpp"
#include "sweep/reports.hpp"
#include "sweep/results.hpp"

#include <string>

namespace ghostpeer::sweep {

/// Writes `file`, and a page into the folder for each run whose record is there. False: it has been
/// said why not.
[[nodiscard]] bool write_pages(const std::string& file, const Plan& plan, const Folder& folder,
                               const Results& results, const RepeatLine& repeat,
                               const std::string& version);

}  // namespace ghostpeer::sweep
