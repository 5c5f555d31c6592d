// How often strace's lines are read.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace ghostpeer::syscalls {

/// Who waits for a line is woken by strace, which the program waits for: to wake somebody costs it
/// as much as a part of the call. So single calls are read as they come, between the segments that
/// they belong to; a program that makes one after another has its lines read some at a time. Reads
/// no clock. `tools/bench syscalls` shows it.
class Pace {
  public:
    static constexpr Duration interval = std::chrono::milliseconds(1);
    static constexpr int most_in_a_row = 32;

    /// Lines were read at `now`. Until when to leave those that come next; nothing: read on.
    [[nodiscard]] std::optional<Instant> after_reading(Instant now) noexcept {
        due_ = std::max(due_, now - most_in_a_row * interval) + interval;
        return due_ > now ? std::optional(due_) : std::nullopt;
    }

  private:
    /// What an even pace would have reached; behind `now` by what was saved in quieter times.
    Instant due_ = run_start - std::chrono::hours(1);
};

}  // namespace ghostpeer::syscalls
