// A segment arrives: RFC 9293, 3.10.7.4, first to fourth step, and TIME-WAIT.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/clock.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <utility>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

namespace {

constexpr std::uint32_t timestamp_lifetime = 24 * 24 * 60 * 60;  // RFC 7323, 5.5: 24 days

bool older(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

void Tcb::on_segment(Segment&& segment, Instant now, Output& out) {
    switch (state_) {
        case State::closed:
        case State::listen: return;
        case State::syn_sent: arrive_in_syn_sent(segment, now, out); return;
        case State::time_wait: arrive_in_time_wait(segment, now, out); return;
        default: break;
    }
    if (!check_sequence(segment, now) || !check_rst(segment, now, out) ||
        !check_syn(segment, now, out) || !check_ack(segment, now, out)) {
        return;
    }
    const wire::SeqNum fin_at = segment.end() - 1;
    process_payload(segment, now, out);
    if (state_ != State::closed) {
        check_fin(segment.has(Flags::fin), fin_at, now, out);
    }
    release_idle_buffers();
}

bool Tcb::repeats_syn(const Segment& segment) const noexcept {
    return state_ == State::syn_received && segment.flags.has(Flags::syn) &&
           !segment.has(Flags::ack) && !segment.has(Flags::rst) && segment.seq == rcv_.irs;
}

/// PAWS (RFC 7323, 5.3). A RST passes, and so does a mere ACK that was overtaken on its way, about
/// a timeout ago at the most: it can neither be an old duplicate that harms nor one worth answering
/// (Linux: tcp_disordered_ack_check).
bool Tcb::predates_timestamp(const Segment& segment, Instant now) const noexcept {
    const auto& timestamps = segment.options.timestamps;
    if (!timestamps_ || !timestamps || segment.has(Flags::rst) ||
        !older(timestamps->value, ts_recent_)) {
        return false;
    }
    if (clock_seconds(now) - ts_recent_at_ > timestamp_lifetime) {
        return false;
    }
    const bool mere_ack = segment.flags.bits == Flags::ack && segment.payload.empty();
    const Duration age = std::chrono::milliseconds(ts_recent_ - timestamps->value);
    return !(mere_ack && segment.seq == rcv_.nxt && segment.ack == snd_.una &&
             age <= rto() * 6 / 5);
}

/// First step. Wider than the RFC's table where Linux (tcp_sequence) is: what ends at or after the
/// last ACK that was sent still has its own ACK processed, and a window of 0 does so for all.
bool Tcb::check_sequence(const Segment& segment, Instant now) {
    const std::uint32_t window = acceptable_window();
    const wire::SeqNum edge = rcv_.nxt + window;
    const bool acceptable = segment.end() >= last_ack_sent_ && segment.seq <= edge &&
                            (segment.seq < edge || segment.length() == 0 || window == 0) &&
                            !(segment.length() == 0 && segment.seq == rcv_.nxt - 1);
    const bool old_timestamp = predates_timestamp(segment, now);
    if (segment.has(Flags::syn) && !segment.has(Flags::rst)) {
        return true;  // check_syn answers it, wherever it stands (RFC 5961, 4.2)
    }
    if (segment.has(Flags::rst) && resets(segment)) {
        return true;
    }
    if (!acceptable || old_timestamp) {
        answer_unacceptable(segment, now);
        return false;
    }
    if (timestamps_ && segment.options.timestamps && segment.seq <= last_ack_sent_ &&
        !segment.has(Flags::rst) && !older(segment.options.timestamps->value, ts_recent_)) {
        ts_recent_ = segment.options.timestamps->value;
        ts_recent_at_ = clock_seconds(now);
    }
    return true;
}

/// RFC 5961, 3.2: the next expected number resets. So does, as in Linux, what the other side takes
/// for that number: the end of what it knows to be held out of order (tcp_validate_incoming), and
/// the FIN's own number where it may not know that its FIN has arrived (tcp_reset_check).
bool Tcb::resets(const Segment& segment) const noexcept {
    if (segment.seq == rcv_.nxt) {
        return true;
    }
    if (segment.seq == rcv_.nxt - 1) {
        return state_ == State::close_wait || state_ == State::last_ack || state_ == State::closing;
    }
    return sack_ && reassembly_ && reassembly_->holds_bytes() &&
           segment.seq == place(reassembly_->end());
}

/// Second step.
bool Tcb::check_rst(const Segment& segment, Instant now, Output& out) {
    if (!segment.has(Flags::rst)) {
        return true;
    }
    if (resets(segment)) {
        enter(State::closed, out);
    } else if (segment.seq > rcv_.nxt) {
        challenge(now);
    }
    return false;
}

/// Fourth step, with RFC 5961, 4.2.
bool Tcb::check_syn(const Segment& segment, Instant now, Output& out) {
    if (!segment.has(Flags::syn)) {
        return true;
    }
    if (repeats_syn_ack(segment)) {
        // In SYN-RECEIVED it is the other half of a simultaneous open, and its ACK counts (RFC
        // 9293, figure 7; Linux since 6.12). Standing before RCV.NXT, it is to be answered as well.
        if (state_ == State::syn_received) {
            establish(segment, now, out);
            ack_now(Reason::handshake_ack);
        } else if (may_answer(answered_at_, now)) {
            ack_now(Reason::handshake_ack);
        }
        return false;
    }
    if (!repeats_syn(segment)) {
        // A listener gives up what another SYN in its window contradicts, and is as before (RFC
        // 9293, 3.10.7.4, fourth step; Linux: tcp_check_req).
        if (state_ == State::syn_received && !active_ && !segment.has(Flags::ack) &&
            segment.seq > rcv_.irs && segment.seq < right_edge_) {
            if (auto reset = reset_for(segment)) {
                emit(std::move(*reset), Reason::rst, false, out);
            }
            enter(State::closed, out);
        } else {
            challenge(now);
        }
        return false;
    }
    // The SYN-ACK was lost: Linux (tcp_check_req) sends it again and starts the timer anew.
    if (may_answer(answered_at_, now)) {
        const auto& timestamps = segment.options.timestamps;
        if (timestamps_ && timestamps && !older(timestamps->value, ts_recent_)) {
            ts_recent_ = timestamps->value;
            ts_recent_at_ = clock_seconds(now);
        }
        send_syn_ack(now, true, out);
        arm(Timer::retransmit, now + rto());
    }
    return false;
}

/// As Linux does with its defaults (tcp_timewait_state_process): a RST that stands exactly right
/// ends TIME-WAIT (`tcp_rfc1337` is 0), and whatever else arrives but a mere SYN starts it anew.
void Tcb::arrive_in_time_wait(const Segment& segment, Instant now, Output& out) {
    const bool old_timestamp = predates_timestamp(segment, now);
    if (segment.has(Flags::rst)) {
        if (segment.seq == rcv_.nxt && config_->reuse == Reuse::newer) {
            enter(State::closed, out);
        }
        return;
    }
    if (timestamps_ && segment.options.timestamps && !old_timestamp &&
        segment.seq <= last_ack_sent_) {
        ts_recent_ = segment.options.timestamps->value;
    }
    if (segment.has(Flags::ack) || old_timestamp) {
        arm(Timer::time_wait, now + config_->time_wait);
    }
    const bool bare_in_order = segment.length() == 0 && segment.seq == rcv_.nxt && !old_timestamp;
    if (!bare_in_order) {
        answer_unacceptable(segment, now);
    }
}

bool Tcb::reopens(const Segment& syn) const noexcept {
    if (state_ != State::time_wait || !syn.has(Flags::syn) || syn.has(Flags::ack) ||
        syn.has(Flags::rst) || config_->reuse == Reuse::never) {
        return false;
    }
    if (config_->reuse == Reuse::higher) {
        return syn.seq > rcv_.nxt;
    }
    const auto& timestamps = syn.options.timestamps;
    const bool comparable = timestamps_ && timestamps.has_value();
    if (comparable && older(timestamps->value, ts_recent_)) {
        return false;
    }
    return syn.seq > rcv_.nxt || (comparable && older(ts_recent_, timestamps->value));
}

}  // namespace ghostpeer::tcp
