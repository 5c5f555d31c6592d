// The times of a capture's packets as times since its first one that can be counted with.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <chrono>
#include <cstdint>

namespace ghostpeer::capture {

/// Clocks are set while a capture is made, and files may tell of any time. None of the times told
/// here is before the one before, none lies years behind it, and all of them together are less than
/// a century.
class Clock {
  public:
    /// `captured`: since 1970, not negative.
    [[nodiscard]] Duration take(Duration captured) noexcept {
        using namespace std::chrono_literals;
        constexpr Duration a_year = 24h * 366;
        constexpr Duration century = a_year * 100;
        constexpr Duration a_little = 1s;
        const Duration step = begun_ ? captured - last_ : Duration{};
        const bool set = step < -a_little || step > a_year;
        set_ += set ? 1 : 0;
        out_of_order_ += !set && step < Duration{} ? 1 : 0;
        if (!begun_ || set) {
            base_ = captured - told_;
        }
        begun_ = true;
        last_ = captured;
        const Duration since = captured - base_;
        if (since >= century) {
            base_ = captured - told_;  // no sum goes further beyond it than by a year
        } else if (since > told_) {
            told_ = since;
        }
        return told_;
    }

    /// Packets that were a little earlier than the one before.
    [[nodiscard]] std::uint64_t out_of_order() const noexcept { return out_of_order_; }
    /// How often the clock was set back, or forward by years.
    [[nodiscard]] std::uint64_t set() const noexcept { return set_; }

  private:
    Duration base_{};  ///< the captured time that is told as 0
    Duration last_{};  ///< captured time
    Duration told_{};
    std::uint64_t out_of_order_ = 0;
    std::uint64_t set_ = 0;
    bool begun_ = false;
};

}  // namespace ghostpeer::capture
