// What happens when nothing happens: retransmission, persist, delayed ACK, TIME-WAIT.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <limits>

namespace ghostpeer::tcp {

using wire::Flags;

void Tcb::on_timer(Instant now, Output& out) {
    if (delayed_ack_at_ <= now) {
        delayed_ack_at_ = never;
        missed_answer();
        ack_now(ack_reason_);
    }
    if (timer_at_ > now) {
        return;
    }
    switch (timer_) {
        case Timer::none: break;
        case Timer::retransmit: on_retransmit_timer(now, out); break;
        case Timer::persist: on_persist_timer(now, out); break;
        case Timer::time_wait:
        case Timer::fin_wait_2: enter(State::closed, out); break;
    }
}

Duration Tcb::rto() const noexcept { return rtt_.rto(*config_, backoff_); }

/// Counts one more attempt, or ends the connection without a word (Linux: tcp_write_err).
bool Tcb::give_up(unsigned limit, Output& out) {
    if (retries_ >= limit) {
        timed_out_ = true;
        enter(State::closed, out);
        return true;
    }
    if (retries_ < std::numeric_limits<std::uint16_t>::max()) {
        ++retries_;
    }
    if (backoff_ < std::numeric_limits<std::uint8_t>::max()) {
        ++backoff_;
    }
    return false;
}

void Tcb::on_retransmit_timer(Instant now, Output& out) {
    if (state_ == State::syn_sent || state_ == State::syn_received) {
        const bool active = state_ == State::syn_sent;
        if (!give_up(active ? config_->syn_retries : config_->syn_ack_retries, out)) {
            if (active) {
                send_syn(now, true, out);
            } else {
                send_syn_ack(now, true, out);
            }
            arm(Timer::retransmit, now + rto());
        }
        return;
    }
    if (!send_ || snd_.una == snd_.nxt) {
        arm(Timer::none, never);
        return;
    }
    if (give_up(config_->retries, out)) {
        return;
    }
    enter_timeout_recovery();
    // The oldest segment goes whatever the windows say (RFC 6298, 5.4; RFC 9293, 3.8.6.1).
    send_->resend_nxt += resend(snd_.una, snd_.nxt, now, out);
    arm(Timer::retransmit, now + rto());
}

void Tcb::on_persist_timer(Instant now, Output& out) {
    if (give_up(config_->retries, out)) {
        return;
    }
    const std::uint32_t usable = usable_window();
    if (usable > 0 && unsent() > 0) {
        // The window is open, but too small to be worth while so far: Linux (tcp_write_wakeup).
        snd_.nxt += send_range(snd_.nxt, usable, false, now, out);
        update_timer(now);
        return;
    }
    // An ACK of the past, so that the other side must answer: Linux (tcp_xmit_probe_skb).
    emit(make_segment(snd_.una - 1, Flags::ack, now), Reason::window_probe, false, out);
    arm(Timer::persist, now + rto());
}

/// Lets the one timer fit what is outstanding and what waits for window.
void Tcb::update_timer(Instant now) noexcept {
    const bool waiting = unsent() > 0 || (fin_queued_ && !fin_sent_);
    Timer wanted = Timer::none;
    if (snd_.una != snd_.nxt) {
        wanted = Timer::retransmit;
    } else if (waiting) {
        wanted = Timer::persist;
    }
    if (wanted == timer_ || timer_ == Timer::time_wait || timer_ == Timer::fin_wait_2) {
        return;
    }
    retries_ = 0;
    backoff_ = 0;
    arm(wanted, wanted == Timer::none ? never : now + rto());
}

}  // namespace ghostpeer::tcp
