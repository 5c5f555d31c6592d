// The receive buffer grows with the rate at which the application reads (Linux:
// tcp_rcv_space_adjust, "dynamic right-sizing").
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/read_rate.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

namespace {
// Linux: TCP_INIT_CWND, what the other side may send in its first round trip.
constexpr std::uint32_t first_flight = 10;
// What a window may be while an application that reads fast is expected to read faster yet.
constexpr std::uint32_t reserve = 16;
}  // namespace

/// Of a full segment, the age of the timestamp that it echoes is a round trip, the other side's
/// haste included (Linux: tcp_rcv_rtt_measure_ts).
void Tcb::measure_round_trip(const wire::Segment& segment, Instant now) {
    const auto& timestamps = segment.options.timestamps;
    if (!read_rate_ || !timestamps_ || !timestamps || timestamps->echo == 0 ||
        segment.payload.size() < rcv_.mss) {
        return;
    }
    const std::uint32_t age = timestamp_now(now) - timestamps->echo;
    constexpr std::uint32_t oldest = 60'000;
    if (age > oldest) {
        return;
    }
    const Duration sample = std::chrono::milliseconds(std::max(age, 1U));
    Duration& known = read_rate_->round_trip;
    known = known > Duration::zero() ? (known * 7 + sample) / 8 : sample;
}

/// The application has read. Each round trip in which it reads more than ever before, the window
/// becomes twice that and more, so that it never holds up a sender that doubles its rate.
void Tcb::grow_window(Instant now) {
    const bool may_grow = !config_->window || config_->window_grows;
    if (!may_grow || !scaling_ || window_fixed_ || fin_received_ ||
        buffer_ >= config_->window_max) {
        return;
    }
    const std::uint64_t read = bytes_received_ - unread_.size();
    if (!read_rate_) {
        const std::uint32_t worth = first_flight * rcv_.mss;
        if (read < worth) {
            return;
        }
        read_rate_ = std::make_unique<ReadRate>(ReadRate{now, read, worth, {}});
    }
    ReadRate& rate = *read_rate_;
    const Duration trip = rate.round_trip > Duration::zero() ? rate.round_trip : rtt_.smoothed();
    if (!rtt_.measured() || now - rate.since < trip) {
        return;
    }
    const std::uint64_t in_trip = read - rate.read;
    rate.since = now;
    rate.read = read;
    if (in_trip <= rate.per_trip) {
        return;
    }
    const std::uint64_t twice = 2 * in_trip + reserve * rcv_.mss;
    const std::uint64_t wanted = twice + 2 * twice * (in_trip - rate.per_trip) / rate.per_trip;
    rate.per_trip = static_cast<std::uint32_t>(std::min<std::uint64_t>(in_trip, UINT32_MAX));
    const std::size_t memory =
        config_->memory != nullptr ? config_->memory->left() : MemoryBudget::unlimited;
    const std::uint64_t most = std::min<std::uint64_t>(
        {config_->window_max, std::uint64_t{UINT16_MAX} << rcv_.scale, memory});
    buffer_ = static_cast<std::uint32_t>(std::max<std::uint64_t>(buffer_, std::min(wanted, most)));
}

}  // namespace ghostpeer::tcp
