// The one place that reads a clock.
#pragma once

#include "ghostpeer/wire/time.hpp"

namespace ghostpeer::loop {

/// The run's clock: CLOCK_MONOTONIC, counted from when this object was made.
class Clock {
  public:
    Clock();
    [[nodiscard]] Instant now() const;
    /// The start of the run as time since 1970-01-01 UTC, for packet captures.
    [[nodiscard]] Duration epoch() const noexcept { return epoch_; }
    /// The same by what that clock says now, which may have been set since.
    [[nodiscard]] Duration epoch_now() const;
    /// CLOCK_MONOTONIC of an instant, for timers of the kernel.
    [[nodiscard]] Duration monotonic(Instant at) const noexcept {
        return start_ + at.time_since_epoch();
    }

  private:
    Duration start_;
    Duration epoch_;
};

/// In a guest: sleeps until a run may be begun, and until it begins (warp/phase.hpp).
void await_phase();
void await_run_start();

}  // namespace ghostpeer::loop
