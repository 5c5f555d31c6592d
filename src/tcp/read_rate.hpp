// How fast the application reads, and so how much the other side may have on its way.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

/// Kept once enough has arrived that the window could be too small.
struct ReadRate {
    Instant since{};             ///< when the round trip that is being measured began
    std::uint64_t read = 0;      ///< bytes that the application had read by then
    std::uint32_t per_trip = 0;  ///< the most that it has read in a round trip
    Duration round_trip{};       ///< as the echoed timestamps tell it; 0: they have not yet
};

}  // namespace ghostpeer::tcp
