// Where COMMAND stands when the run is ended before COMMAND has ended by itself.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "process/blocked.hpp"

#include <vector>

namespace ghostpeer::run {

/// In words: which call, on which descriptor and connection, since when. `looked`: when COMMAND's
/// threads were looked at. Says no more than is known.
[[nodiscard]] event::Standstill describe_standstill(
    const std::vector<process::Wait>& waits, const std::vector<peer::AttemptRecord>& attempts,
    Instant looked);

}  // namespace ghostpeer::run
