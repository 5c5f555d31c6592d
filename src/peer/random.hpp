// Random numbers that repeat with the run's seed, the same on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace ghostpeer::peer {

class Random {
  public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    [[nodiscard]] std::uint32_t number() { return static_cast<std::uint32_t>(generator_() >> 32); }
    /// True in a share of the calls. The standard distributions differ between libraries.
    [[nodiscard]] bool happens(double probability) {
        constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
        return static_cast<double>(generator_() >> 11) * scale < probability;
    }

  private:
    std::mt19937_64 generator_;
};

}  // namespace ghostpeer::peer
