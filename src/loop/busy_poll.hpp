// When to watch the link awake: falling asleep and being woken costs a processor more than a round
// trip to a program on the same machine takes, and makes timers late. `tools/bench connect` and
// `tools/bench delay` show both.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <algorithm>
#include <chrono>

namespace ghostpeer::loop {

/// Says how long to stay awake; reads no clock.
///
/// After a packet that came soon another one is likely to: the link is watched for `attention`. A
/// deadline is met to some microseconds by waking some time before it and watching the clock. The
/// program that was let wait until then has to wake as well, so its answer is watched for with
/// `patience`. Both take no more than a small share of the run.
class BusyPoll {
  public:
    /// Every so often the other descriptors have their turn.
    [[nodiscard]] bool may_begin() noexcept {
        in_a_row_ = (in_a_row_ + 1) % most_in_a_row;
        return in_a_row_ != 0;
    }
    /// Watch until then; `now` or before: not at all.
    [[nodiscard]] Instant until(Instant now, Instant deadline) const noexcept {
        if (deadline <= now + lead_ && affords(now)) {
            return deadline;
        }
        if (attentive_) {
            return std::min(now + attention, deadline);
        }
        return answer_until_ > now && affords(now) ? std::min(answer_until_, deadline) : now;
    }
    /// When to wake for a deadline.
    [[nodiscard]] Instant wake_for(Instant now, Instant deadline) const noexcept {
        return deadline > now + lead_ && affords(now) ? deadline - lead_ : deadline;
    }
    /// The timer, set for a moment that `wake_for` gave, has gone off so long after it.
    void woken_late(Duration late) noexcept {
        const Duration wanted = std::max(late + late / 4, lead_ - lead_ / 32);
        lead_ = std::clamp(wanted, shortest_lead, longest_lead);
    }
    /// A packet left because its time had come.
    void met_deadline(Instant now) noexcept { answer_until_ = now + patience; }
    /// A packet came after so long, awake or asleep.
    void packet_after(Duration waited) noexcept { attentive_ = waited <= attention; }
    /// Nothing came in so long, awake.
    void over(Duration watched) noexcept {
        attentive_ = false;
        spent_ += watched;
    }

  private:
    static constexpr Duration attention = std::chrono::microseconds(30);
    static constexpr Duration shortest_lead = std::chrono::microseconds(250);
    static constexpr Duration longest_lead = std::chrono::milliseconds(1);
    static constexpr Duration patience = std::chrono::milliseconds(1);
    static constexpr int most_in_a_row = 64;
    static constexpr int share = 16;  ///< one in so many moments of the run may be spent awake

    [[nodiscard]] bool affords(Instant now) const noexcept {
        return spent_ < std::chrono::milliseconds(10) + (now - run_start) / share;
    }

    Duration lead_ = shortest_lead;
    Duration spent_{};
    Instant answer_until_{};
    int in_a_row_ = 0;
    bool attentive_ = false;
};

}  // namespace ghostpeer::loop
