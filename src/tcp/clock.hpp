// The coarse clocks that are derived from the run's time line.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

/// Milliseconds of the run, modulo 2^32: the timestamp clock (RFC 7323, 5.4).
[[nodiscard]] inline std::uint32_t clock_milliseconds(Instant at) noexcept {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

[[nodiscard]] inline std::uint32_t clock_seconds(Instant at) noexcept {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
}

}  // namespace ghostpeer::tcp
