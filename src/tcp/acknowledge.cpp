// When an acknowledgement is due, and why.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

namespace {
// Linux: tcp_invalid_ratelimit.
constexpr Duration answer_interval = std::chrono::milliseconds(500);
}  // namespace

void Tcb::ack_now(Reason reason) noexcept {
    ack_due_ = AckDue::now;
    ack_reason_ = reason;
}

void Tcb::ack_data(std::uint32_t length, bool at_once, Instant now) noexcept {
    unacked_ += length;
    const bool quick = quick_acks_ > 0;
    if (quick) {
        --quick_acks_;
    }
    // Linux (__tcp_ack_snd_check) acknowledges at once when more than one full segment waits.
    if (at_once || quick || !config_->delayed_ack || unacked_ > largest_payload_) {
        ack_now(Reason::ack);
    } else if (ack_due_ == AckDue::none) {
        ack_due_ = AckDue::delayed;
        ack_reason_ = Reason::ack;
        delayed_ack_at_ = now + *config_->delayed_ack;
    }
}

/// Answers that two ends could bounce between them for ever are limited.
bool Tcb::may_answer(Instant now) noexcept {
    if (now < next_answer_at_) {
        return false;
    }
    next_answer_at_ = now + answer_interval;
    return true;
}

void Tcb::challenge(Instant now) noexcept {
    if (may_answer(now)) {
        ack_now(Reason::challenge_ack);
    }
}

void Tcb::answer_unacceptable(const Segment& segment, Instant now) {
    if (segment.has(Flags::rst)) {
        return;
    }
    // Segments that occupy sequence space cannot take part in a loop of ACKs, so their answers are
    // not limited: Linux (tcp_oow_rate_limited).
    if (segment.has(Flags::fin) && fin_received_ && segment.end() == rcv_.nxt) {
        ack_now(Reason::ack_of_fin);
    } else if (segment.length() > 0 && !segment.has(Flags::syn)) {
        const bool old = segment.end() <= rcv_.nxt;
        if (old) {
            note_duplicate(segment.seq, segment.end());
        }
        ack_now(old ? Reason::duplicate_ack : Reason::challenge_ack);
    } else if (segment.length() == 0 && segment.seq == rcv_.nxt - 1 && synchronized()) {
        if (now >= next_probe_answer_at_) {
            next_probe_answer_at_ = now + answer_interval;
            ack_now(window_closed_ ? Reason::window_probe_reply : Reason::keepalive_reply);
        }
    } else {
        challenge(now);
    }
}

void Tcb::acknowledge(Instant now, Output& out) {
    if (ack_due_ != AckDue::now || rides_on_handshake_ack()) {
        return;
    }
    send_ack(now, out);
}

bool Tcb::ack_may_wait() const noexcept {
    return synchronized() && !reassembly_ &&
           (ack_due_ != AckDue::now || ack_reason_ == Reason::ack);
}

/// What waited for the handshake leaves at once and carries its ACK: Linux (sk_write_pending in
/// tcp_rcv_synsent_state_process).
bool Tcb::rides_on_handshake_ack() const noexcept {
    return ack_reason_ == Reason::handshake_ack && send_ && snd_.una == snd_.nxt &&
           (unsent() > 0 || (fin_queued_ && !fin_sent_));
}

void Tcb::send_ack(Instant now, Output& out) {
    const Reason reason = ack_reason_;
    emit(make_segment(acceptable_seq(), Flags::ack, now), reason, false, out);
}

}  // namespace ghostpeer::tcp
