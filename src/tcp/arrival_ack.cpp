// A segment arrives: the ACK field (RFC 9293, 3.10.7.4, fifth step).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/clock.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

bool Tcb::check_ack(const Segment& segment, Instant now, Output& out) {
    if (!segment.has(Flags::ack)) {
        return false;
    }
    if (state_ == State::syn_received) {
        if (!acknowledges_opening(segment.ack)) {
            if (auto reset = reset_for(segment)) {
                emit(std::move(*reset), Reason::rst, false, out);
            }
            return false;
        }
        establish(segment, now, out);
        return true;
    }
    // RFC 5961, 5.2: what could not have been sent, or is too old to be true. What stands before
    // the first byte was never sent either (Linux: tcp_ack).
    const auto oldest =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(snd_.max_wnd, bytes_acknowledged_));
    if (segment.ack > snd_.nxt || segment.ack < snd_.una - oldest) {
        challenge(now);
        return false;
    }
    accept_ack(segment, now);
    react_to_congestion(segment);
    update_send_window(segment);
    update_timer(now);
    advance_close(now, out);
    return state_ != State::closed;
}

void Tcb::establish(const Segment& segment, Instant now, Output& out) {
    // Karn's algorithm (RFC 6298, 3).
    if (!opening_again_) {
        rtt_.sample(now - (timer_at_ - rto()));
    } else {
        measure(segment, now);
    }
    retries_ = 0;
    backoff_ = 0;
    take_ack_of_opening(segment.ack);
    // The window of a SYN is never scaled (RFC 7323, 2.2).
    snd_.wnd = std::uint32_t{segment.window} << (segment.has(Flags::syn) ? 0 : snd_.scale);
    snd_.max_wnd = std::max(snd_.max_wnd, snd_.wnd);
    snd_.wl1 = segment.seq;
    snd_.wl2 = segment.ack;
    congestion_.start(snd_.mss, config_->initial_cwnd);
    arm(Timer::none, never);
    enter(State::established, out);
    if (fin_queued_) {
        enter(State::fin_wait_1, out);
    }
}

void Tcb::accept_ack(const Segment& segment, Instant now) {
    if (!send_) {
        // Nothing is outstanding: there is nothing to acknowledge and nothing lost.
        return;
    }
    const std::uint32_t window = std::uint32_t{segment.window} << snd_.scale;
    const bool newly = segment.ack > snd_.una;
    const bool duplicate = segment.ack == snd_.una && snd_.una != snd_.nxt &&
                           segment.length() == 0 && window == snd_.wnd;
    if (newly) {
        const std::uint32_t acked = forward_distance(snd_.una, segment.ack);
        const auto payload =
            static_cast<std::uint32_t>(std::min<std::size_t>(acked, send_->bytes.size()));
        const std::uint32_t flight = send_->flight.count() * snd_.mss;
        const std::uint32_t segments = retire(segment, now);
        congestion_.on_ack(send_->recovery == Recovery::fast ? 0 : segments * snd_.mss, flight,
                           snd_.mss);
        send_->bytes.drop_front(payload);
        bytes_acknowledged_ += payload;
        snd_.una = segment.ack;
        retries_ = 0;
        backoff_ = 0;
        after_new_ack(segments);
        if (snd_.una != snd_.nxt) {
            start_timer(true, now);  // RFC 6298, 5.3
        }
    }
    if (segment.ack >= snd_.una) {
        note_sack(segment, duplicate, newly, now);
    }
}

/// By the echoed timestamp; an ACK that comes without one measures nothing.
void Tcb::measure(const Segment& segment, Instant now) {
    // An echo of 0 says nothing, as to Linux (tcp_ack_update_rtt).
    if (timestamps_ && segment.options.timestamps && segment.options.timestamps->echo != 0) {
        const std::uint32_t age = timestamp_now(now) - segment.options.timestamps->echo;
        if (age < 1U << 31) {
            rtt_.sample(std::chrono::milliseconds(age));
        }
    }
}

void Tcb::update_send_window(const Segment& segment) {
    if (segment.ack < snd_.una) {
        return;
    }
    const bool newer =
        snd_.wl1 < segment.seq || (snd_.wl1 == segment.seq && snd_.wl2 <= segment.ack);
    if (newer) {
        snd_.wnd = std::uint32_t{segment.window} << snd_.scale;
        snd_.max_wnd = std::max(snd_.max_wnd, snd_.wnd);
        snd_.wl1 = segment.seq;
        snd_.wl2 = segment.ack;
    }
    // Someone who answers probes or shrinks the window below what is outstanding is alive, and the
    // connection must last (RFC 9293, 3.8.6.1).
    if (snd_.wnd == 0) {
        retries_ = 0;
    }
}

void Tcb::advance_close(Instant now, Output& out) {
    if (!fin_sent_ || snd_.una != snd_.nxt) {
        return;
    }
    switch (state_) {
        case State::fin_wait_1:
            enter(State::fin_wait_2, out);
            if (no_reader_) {
                arm(Timer::fin_wait_2, now + config_->fin_wait_2.value_or(config_->time_wait));
            }
            break;
        case State::closing:
            enter(State::time_wait, out);
            arm(Timer::time_wait, now + config_->time_wait);
            break;
        case State::last_ack: enter(State::closed, out); break;
        default: break;
    }
}

}  // namespace ghostpeer::tcp
