// Losses by time, and the probe for a lost tail (RFC 8985).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::SeqNum;

namespace {
/// No timer of a sender is shorter, for clocks are coarse: Linux (TCP_TIMEOUT_MIN).
constexpr Duration shortest_timeout = std::chrono::milliseconds(2);
/// Where round trips take no time at all, what arrives first has not overtaken anything yet.
constexpr Duration clock_tick = std::chrono::microseconds(1);
/// Recoveries for which a widened reordering window stays so (RFC 8985, 6.2, step 4).
constexpr std::uint8_t reordering_memory = 16;
}  // namespace

bool Tcb::uses_rack() const noexcept { return sack_ && config_->recovery == RecoveryKind::rack; }

/// Nothing hints at a loss: Linux (TCP_CA_Open).
bool Tcb::tells_of_no_loss() const noexcept {
    return uses_rack() && send_->recovery == Recovery::none && send_->flight.sacked() == 0 &&
           !send_->flight.empty();
}

/// The segment has arrived (RFC 8985, 6.2, step 2).
void Tcb::note_delivery(const SentSegment& segment, Instant now) noexcept {
    ++send_->delivered;
    const Flight& flight = send_->flight;
    if (!segment.resent && flight.sacked() > 0 && segment.right < flight.highest_sacked()) {
        reordering_seen_ = true;
    }
    Rack& rack = send_->rack;
    const Duration round_trip = now - segment.sent_at;
    // It must have been the first copy that came, for the second cannot have come so soon.
    if (segment.resent && round_trip < rtt_.least()) {
        return;
    }
    rack.round_trip = round_trip;
    if (sent_after(segment.sent_at, segment.right, rack.sent_at, rack.right)) {
        rack.sent_at = segment.sent_at;
        rack.right = segment.right;
    }
}

/// RFC 8985, 6.2, step 4: no patience with a path that has never reordered, once there is proof.
Duration Tcb::reordering_window() const noexcept {
    if (!reordering_seen_ &&
        (send_->recovery != Recovery::none || send_->flight.sacked() >= duplicate_threshold)) {
        return Duration::zero();
    }
    return std::min(rtt_.least() / 4 * reordering_steps_, rtt_.smoothed()) + clock_tick;
}

void Tcb::widen_reordering_window() noexcept {
    // Once in a round trip.
    if (snd_.una >= send_->reordering_round || reordering_patience_ == 0) {
        reordering_steps_ = static_cast<std::uint8_t>(std::min(reordering_steps_ + 1, 255));
        reordering_patience_ = reordering_memory;
        send_->reordering_round = snd_.nxt;
    }
}

/// RFC 8985, 6.2, step 5: what was sent well before something that has arrived is lost. Where that
/// is still open, the reordering timer tells.
void Tcb::find_losses_by_time(Instant now) {
    SendBuffer& send = *send_;
    Flight& flight = send.flight;
    if (flight.sacked() == 0 && send.recovery == Recovery::none) {
        return;  // what was sent in order has arrived in order
    }
    const Duration patience = send.rack.round_trip + reordering_window();
    Duration longest = Duration::zero();
    for (std::size_t i = 0; i < flight.count(); ++i) {
        const SentSegment& segment = flight.segments()[i];
        if (segment.sacked || segment.lost ||
            !sent_after(send.rack.sent_at, send.rack.right, segment.sent_at, segment.right)) {
            continue;
        }
        const Duration left = patience - (now - segment.sent_at);
        const bool just_resent = segment.resent && segment.sent_at == now;
        if (left <= Duration::zero() && !just_resent) {
            flight.mark_lost(i);
        } else {
            longest = std::max(longest, left);
        }
    }
    if (longest > Duration::zero()) {
        arm(Timer::reordering, now + std::min(longest + shortest_timeout, rto()));
    }
}

void Tcb::on_reordering_timer(Instant now) {
    arm(Timer::retransmit, retransmit_at(now));
    if (send_ && snd_.una != snd_.nxt) {
        send_->delivered =
            send_->recovery == Recovery::none ? 1 : 0;  // Linux: tcp_rack_reo_timeout
        find_losses(false, now);
        reduce_in_proportion(false);
    }
}

/// When the retransmission timer runs out, counted from the oldest segment.
Instant Tcb::retransmit_at(Instant now) const noexcept {
    return send_ && !send_->flight.empty() ? std::max(send_->flight.front().sent_at + rto(), now)
                                           : now + rto();
}

/// The timer of what is outstanding starts anew: for a tail loss probe where nothing tells of a
/// loss (RFC 8985, 7.2), else for the retransmission. `advanced`: from now, not from the oldest.
void Tcb::start_timer(bool advanced, Instant now) noexcept {
    const Instant latest = advanced ? now + rto() : retransmit_at(now);
    if (!tells_of_no_loss()) {
        arm(Timer::retransmit, latest);
        return;
    }
    Duration timeout = config_->rto_initial;
    if (rtt_.measured()) {
        // One segment may be all that the other side waits for before it acknowledges.
        timeout = 2 * rtt_.smoothed() +
                  (send_->flight.count() == 1 ? config_->rto_min : shortest_timeout);
    }
    arm(Timer::loss_probe, std::min(now + timeout, latest));
}

/// RFC 8985, 7.3: new data if there is any and it may leave, else the last segment again.
void Tcb::on_loss_probe_timer(Instant now, Output& out) {
    arm(Timer::retransmit, retransmit_at(now));
    if (!send_ || send_->flight.empty() || send_->probe.pending) {
        return;
    }
    SendBuffer& send = *send_;
    const std::uint32_t length = std::min({unsent(), usable_window(), payload_limit()});
    const bool fresh = length > 0;
    if (fresh) {
        static_cast<void>(send_next(length, now, out));
    } else {
        const std::size_t last = send.flight.count() - 1;
        const SentSegment& segment = send.flight.back();
        if (segment.length() > payload_limit()) {
            send.flight.split(last, segment.length() - payload_limit());
        }
        if (!resend(send.flight.count() - 1, now, out)) {
            return;
        }
    }
    send.probe = {snd_.nxt, true, !fresh};
    arm(Timer::retransmit, now + rto());
}

/// RFC 8985, 7.4.2: was the probe's ACK the first news of a loss that it has repaired?
void Tcb::end_probe(SeqNum ack, bool dsack, bool news) noexcept {
    LossProbe& probe = send_->probe;
    if (!probe.pending || ack < probe.end) {
        return;
    }
    const bool harmless = !probe.resent || dsack;
    const bool beyond = ack > probe.end;
    if (!harmless && beyond) {
        congestion_.on_fast_retransmit(congestion_.bytes(), snd_.mss);
    }
    // No news is a mere duplicate: both copies have arrived.
    probe.pending = !harmless && !beyond && news;
}

}  // namespace ghostpeer::tcp
