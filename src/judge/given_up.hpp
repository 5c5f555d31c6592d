// Which sockets the kernel gave up, where it tells how many they were.
#pragma once

#include <cstdint>
#include <vector>

namespace ghostpeer::judge {

enum class GivenUp : std::uint8_t {
    untold,   ///< the kernel does not count them
    no,       ///< no socket was given up while this one went
    yes,      ///< this one was
    unclear,  ///< some of those that went at this time were, and nothing tells which
};

/// A socket that went while the kernel's count of those that it gave up rose from `before` to `by`.
struct Departed {
    std::uint64_t before = 0;
    std::uint64_t by = 0;
    bool likely = true;  ///< nothing else that is known speaks against it
};

/// An answer for each, in the same order; never `untold`.
[[nodiscard]] std::vector<GivenUp> attribute(const std::vector<Departed>& departed);

}  // namespace ghostpeer::judge
