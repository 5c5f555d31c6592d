// Where the clock of a guest stands when a run begins: always at the same point of the kernel's
// timers, so that they go off after the same time in the first run of a guest and in a later one.
#pragma once

#include "ghostpeer/wire/time.hpp"

namespace ghostpeer::warp {

/// The kernel counts the longer of its timers in coarser steps, up to 2^18 ticks for those of less
/// than 18 h (kernel/time/timer.c; 250 ticks a second, tools/warp/uml.config).
inline constexpr Duration phase_length = std::chrono::milliseconds((1LL << 18) * 4);
/// Of a phase, until then the guest boots, or what is to come of the run before comes.
inline constexpr Duration run_start = std::chrono::seconds(1);

/// CLOCK_MONOTONIC of the first moment, from `now` on, before `run_start` of a phase.
[[nodiscard]] constexpr Duration next_phase(Duration now) {
    return now % phase_length <= run_start ? now : (now / phase_length + 1) * phase_length;
}
/// When COMMAND may begin: at `run_start`, or, where servers of the run need longer until they
/// listen, at the next of these of the same phase. To wait for another phase would let a server
/// work through the timers of 17 minutes.
[[nodiscard]] constexpr Duration next_run_start(Duration now) {
    const Duration phase = now / phase_length * phase_length;
    for (Duration start = run_start; start < phase_length; start *= 8) {
        if (phase + start >= now) {
            return phase + start;
        }
    }
    return phase + phase_length + run_start;
}

}  // namespace ghostpeer::warp
