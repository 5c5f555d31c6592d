// A run of a sweep as programs to start, and what it has left when they have ended.
#pragma once

#include "sweep/children.hpp"
#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/results.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ghostpeer::sweep {

/// Where a run's files are, without their endings: `sweep/0042`.
using Stem = std::filesystem::path;

/// `program`: ghostpeer's own executable.
[[nodiscard]] Job make_job(const Plan& plan, const Case& one, const Stem& stem,
                           const std::string& program);

/// The line that does the same, without what is recorded of it.
[[nodiscard]] std::string repeat_line(const Case& one, const Folder& folder);

/// Reads what is there; the copy that COMMAND ran in, and the capture, are removed.
[[nodiscard]] Evidence collect(const Stem& stem, const JobEnd& end);

}  // namespace ghostpeer::sweep
