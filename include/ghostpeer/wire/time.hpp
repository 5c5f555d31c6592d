// Instants and durations. Only the run loop (src/loop) knows which clock they come from.
#pragma once

#include <chrono>
#include <cstdint>

namespace ghostpeer {

using Duration = std::chrono::nanoseconds;

/// The time line of a run: nanoseconds since its start. It has no `now()` on purpose: everything
/// below `app` is handed the current instant as an argument.
struct RunTime {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<RunTime, Duration>;
    static constexpr bool is_steady = true;
};

using Instant = RunTime::time_point;

/// The start of the run.
inline constexpr Instant run_start{};

/// Seconds since the start of the run, for people and for JSON.
[[nodiscard]] constexpr double to_seconds(Instant at) noexcept {
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}
[[nodiscard]] constexpr double to_seconds(Duration length) noexcept {
    return std::chrono::duration<double>(length).count();
}

}  // namespace ghostpeer
