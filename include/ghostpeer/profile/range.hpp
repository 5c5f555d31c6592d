// A range of numbers, as `2..4` or `>= 5`.
#pragma once

#include <cstdint>

namespace ghostpeer::profile {

/// Both ends included.
struct Range {
    std::uint64_t least = 0;
    std::uint64_t most = UINT64_MAX;
    [[nodiscard]] bool contains(std::uint64_t n) const noexcept { return n >= least && n <= most; }
};

}  // namespace ghostpeer::profile
