// What happens when nothing happens: retransmission, persist, delayed ACK, TIME-WAIT.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>
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
        case Timer::loss_probe: on_loss_probe_timer(now, out); break;
        case Timer::reordering: on_reordering_timer(now); break;
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
    // A client's first SYNs follow at even distances: Linux (tcp_syn_linear_timeouts).
    const bool linear = state_ == State::syn_sent && retries_ <= config_->syn_linear_timeouts;
    if (!linear && backoff_ < std::numeric_limits<std::uint8_t>::max()) {
        ++backoff_;
    }
    return false;
}

/// Nobody waits for what an application has left behind: Linux (tcp_orphan_retries).
unsigned Tcb::retry_limit() const noexcept {
    return no_reader_ ? std::min(config_->retries, config_->orphan_retries) : config_->retries;
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
    if (give_up(retry_limit(), out)) {
        return;
    }
    suspect_black_hole();
    enter_timeout_recovery(now);
    // The oldest segment goes whatever the windows say (RFC 6298, 5.4; RFC 9293, 3.8.6.1).
    static_cast<void>(resend(0, now, out));
    arm(Timer::retransmit, now + rto());
}

void Tcb::on_persist_timer(Instant now, Output& out) {
    if (give_up(retry_limit(), out)) {
        return;
    }
    const std::uint32_t usable = usable_window();
    if (usable > 0 && unsent() > 0) {
        // The window is open, but too small to be worth while so far: Linux (tcp_write_wakeup).
        static_cast<void>(send_next(usable, now, out));
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
    const bool outstanding = snd_.una != snd_.nxt;
    const bool runs =
        timer_ == Timer::retransmit || timer_ == Timer::loss_probe || timer_ == Timer::reordering;
    const bool persists = timer_ == Timer::persist;
    if (timer_ == Timer::time_wait || timer_ == Timer::fin_wait_2 ||
        (runs == outstanding && persists == (waiting && !outstanding))) {
        return;
    }
    retries_ = 0;
    backoff_ = 0;
    if (outstanding) {
        start_timer(true, now);
    } else {
        arm(waiting ? Timer::persist : Timer::none, waiting ? now + rto() : never);
    }
}

}  // namespace ghostpeer::tcp
