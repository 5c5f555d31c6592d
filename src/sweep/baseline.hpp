// What a program does when nothing is the matter, from two runs of it.
#pragma once

#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/position.hpp"

#include <array>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

struct BaselineFound {
    Baseline baseline;
    std::vector<Position> positions;   ///< those that both runs had
    std::vector<std::string> remarks;  ///< complete sentences: what differed, and is not looked at
};

/// The error, one or more complete sentences, says why nothing can be compared with this.
[[nodiscard]] tl::expected<BaselineFound, std::string> compare_baseline(
    const std::array<Evidence, 2>& runs, const PositionLimits& limits);

/// The same without positions.
[[nodiscard]] tl::expected<BaselineFound, std::string> compare_ends(
    const std::array<Evidence, 2>& runs);

}  // namespace ghostpeer::sweep
