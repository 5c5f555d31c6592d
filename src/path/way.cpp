#include "path/way.hpp"

#include <algorithm>

namespace ghostpeer::path {
namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::uint64_t bits_per_byte = 8;
constexpr std::size_t largest_packet = 65'535;

}  // namespace

void Way::change(const profile::LinkWay& to) noexcept {
    if (to.rate && to.rate != figures_.rate) {
        parts_ = 0;
    }
    profile::overlay(figures_, to);
    if (!figures_.loss) {
        bad_ = false;
    }
}

Passage Way::carry(std::size_t bytes, Instant now) {
    Passage passage;
    if (!has_room(bytes, now)) {
        passage.fate = Passage::Fate::queue_full;
        return passage;
    }
    passage.queued = std::max(free_ - now, Duration::zero());
    const Instant gone = put_on_line(bytes, now);
    // What is lost on a radio link has had its time on the line.
    if (loses()) {
        passage.fate = Passage::Fate::lost;
        return passage;
    }
    if (figures_.reorder && random_.happens(*figures_.reorder)) {
        passage.arrives = gone;
    } else {
        passage.arrives = std::max(gone + delay(), last_arrival_);
        last_arrival_ = passage.arrives;
    }
    passage.twice = figures_.duplicate && random_.happens(*figures_.duplicate);
    return passage;
}

bool Way::has_room(std::size_t bytes, Instant now) {
    while (!waiting_.empty() && waiting_.front().gone <= now) {
        waiting_bytes_ -= waiting_.front().bytes;
        waiting_.pop_front();
    }
    // An idle line takes a packet of any length.
    return waiting_.empty() ||
           waiting_bytes_ + bytes <= figures_.queue.value_or(profile::default_queue);
}

Instant Way::put_on_line(std::size_t bytes, Instant now) {
    const std::uint64_t rate = figures_.rate.value_or(profile::LinkWay::unlimited);
    if (rate == profile::LinkWay::unlimited) {
        // Where the rate was limited before, what waits is still before it.
        free_ = std::max(free_, now);
        return free_;
    }
    if (free_ < now) {
        free_ = now;
        parts_ = 0;
    }
    // Of a nanosecond that does not fit, the rest is the next packet's: the rate is exact.
    const std::uint64_t work = bytes * bits_per_byte * nanoseconds_per_second + parts_;
    free_ += Duration(static_cast<Duration::rep>(work / rate));
    parts_ = work % rate;
    waiting_.push_back({free_, bytes});
    waiting_bytes_ += bytes;
    return free_;
}

bool Way::loses() {
    if (!figures_.loss) {
        return false;
    }
    const double change = bad_ ? figures_.loss->bad_to_good : figures_.loss->good_to_bad;
    if (random_.happens(change)) {
        bad_ = !bad_;
    }
    return bad_;
}

Duration Way::delay() {
    const Duration middle = figures_.delay.value_or(Duration::zero());
    const Duration jitter = figures_.jitter.value_or(Duration::zero());
    if (jitter <= Duration::zero()) {
        return middle;
    }
    const double part = 2 * random_.share() - 1;
    const auto off =
        Duration(static_cast<Duration::rep>(static_cast<double>(jitter.count()) * part));
    return std::max(middle + off, Duration::zero());
}

Duration Way::longest() const noexcept {
    Duration time =
        figures_.delay.value_or(Duration::zero()) + figures_.jitter.value_or(Duration::zero());
    const std::uint64_t rate = figures_.rate.value_or(profile::LinkWay::unlimited);
    if (rate != profile::LinkWay::unlimited) {
        const std::uint64_t most = std::max<std::uint64_t>(
            figures_.queue.value_or(profile::default_queue), largest_packet);
        const double seconds =
            static_cast<double>(most * bits_per_byte) / static_cast<double>(rate);
        time += Duration(
            static_cast<Duration::rep>(seconds * static_cast<double>(nanoseconds_per_second) + 1));
    }
    return time;
}

}  // namespace ghostpeer::path
