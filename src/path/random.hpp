// Random numbers that repeat with the run's seed, the same on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace ghostpeer::path {

class Random {
  public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    [[nodiscard]] std::uint32_t number() { return static_cast<std::uint32_t>(generator_() >> 32); }
    /// From 0 to 1, without 1. The standard distributions differ between libraries.
    [[nodiscard]] double share() {
        constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
        return static_cast<double>(generator_() >> 11) * scale;
    }
    /// True in a share of the calls.
    [[nodiscard]] bool happens(double probability) { return share() < probability; }

  private:
    std::mt19937_64 generator_;
};

}  // namespace ghostpeer::path
