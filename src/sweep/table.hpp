// A sweep's results for people: neighbours that ended alike are one line.
#pragma once

#include "sweep/results.hpp"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace ghostpeer::sweep {

/// Neighbours in a row that ended alike.
struct Group {
    std::vector<const Case*> cases;
    const Result* result = nullptr;  ///< of the first; null: they have not been run
    double shortest = 0;             ///< of their times, seconds
    double longest = 0;
};

/// In the order of rows, and within each of columns.
[[nodiscard]] std::vector<Group> fold(const Plan& plan, const Results& results);
/// Those that are findings, worst first.
[[nodiscard]] std::vector<Group> findings(const Plan& plan, const Results& results);

/// The conversation, the table, the findings with the lines that repeat them, the sum.
/// `repeat`: the line for a case.
[[nodiscard]] std::string describe(const Plan& plan, const Results& results,
                                   const std::function<std::string(const Case&)>& repeat);

}  // namespace ghostpeer::sweep
