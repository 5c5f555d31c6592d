// A sweep's results for programs: JSON, JUnit's XML, TAP.
#pragma once

#include "sweep/results.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::sweep {

using RepeatLine = std::function<std::string(const Case&)>;

/// `page`: where a run's own page is; empty: it has none.
[[nodiscard]] std::string to_json(const Plan& plan, const Results& results,
                                  const RepeatLine& repeat, std::string_view version,
                                  const RepeatLine& page = {});
/// A case for each run; those that ended in one of `failures`, or were not done, have failed.
[[nodiscard]] std::string to_junit(const Plan& plan, const Results& results,
                                   const std::vector<Outcome>& failures, const RepeatLine& repeat);
[[nodiscard]] std::string to_tap(const Plan& plan, const Results& results,
                                 const std::vector<Outcome>& failures, const RepeatLine& repeat);

}  // namespace ghostpeer::sweep
