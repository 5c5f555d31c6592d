// When an acknowledgement is due, and why.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/clock.hpp"
#include "tcp/read_rate.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

namespace {
// Linux: tcp_invalid_ratelimit.
constexpr std::uint32_t answer_interval = 500;  // milliseconds
// A segment of this size may be a full one whatever its flags say; one of the other only where it
// does not end a write (Linux: TCP_MSS_DEFAULT, TCP_MIN_MSS).
constexpr std::uint16_t surely_full = 536;
constexpr std::uint16_t hardly_full = 88;
constexpr std::uint32_t longest_ato = 60'000;

std::uint32_t milliseconds(Duration time) noexcept {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count(), 1, longest_ato));
}
}  // namespace

void Tcb::ack_now(Reason reason) noexcept {
    ack_due_ = AckDue::now;
    ack_reason_ = reason;
}

/// Payload in order was received.
void Tcb::ack_data(std::uint32_t length, bool at_once, Instant now) noexcept {
    unacked_ += length;
    if (at_once || !config_->delayed_ack) {
        ack_now(Reason::ack);
    } else {
        schedule_ack(Reason::ack, now);
    }
}

/// The acknowledgement waits for something to ride on, for the application to read, or for its
/// timer: Linux (tcp_send_delayed_ack).
void Tcb::schedule_ack(Reason reason, Instant now) noexcept {
    if (ack_due_ == AckDue::now) {
        return;
    }
    ack_reason_ = reason;
    Duration wait = *config_->delayed_ack;
    if (ato_ == 0) {
        wait = Duration::zero();
    } else if (const Duration pace = std::chrono::milliseconds(ato_); pace > wait) {
        const Duration most =
            rtt_.measured() ? std::max(rtt_.smoothed(), wait) : config_->delayed_ack_max;
        wait = std::min({pace, most, config_->delayed_ack_max});
    }
    if (ack_due_ == AckDue::none) {
        ack_due_ = AckDue::delayed;
        delayed_ack_at_ = now + wait;
    } else if (config_->plain_acks || delayed_ack_at_ <= now + wait / 4) {
        ack_now(reason);  // the second segment, or its time has nearly come
    } else {
        delayed_ack_at_ = std::min(delayed_ack_at_, now + wait);
    }
}

/// What a full segment is, and whether this one is the last of a write: Linux
/// (tcp_measure_rcv_mss).
void Tcb::note_size(const Segment& segment) noexcept {
    const auto size =
        static_cast<std::uint16_t>(std::min<std::size_t>(segment.payload.size(), 65535));
    const std::uint16_t last = std::exchange(last_size_, std::uint16_t{0});
    if (size >= rcv_.mss) {
        rcv_.mss = std::min(size, std::max(link_mss_, rcv_.mss));
        pushed_ = pushed_ || segment.has(Flags::psh);
        return;
    }
    const std::uint32_t with_options = std::uint32_t{size} + (timestamps_ ? 12U : 0U);
    if (with_options >= surely_full || (with_options >= hardly_full && !segment.has(Flags::psh))) {
        last_size_ = size;
        if (size == last) {
            rcv_.mss = size;
            return;
        }
    }
    pushed_again_ = pushed_again_ || pushed_;
    pushed_ = true;
}

/// How soon payload follows payload: Linux (tcp_event_data_recv).
void Tcb::note_pace(Instant now) noexcept {
    const std::uint32_t at = clock_milliseconds(now);
    const std::uint32_t gap = at - std::exchange(data_at_, at);
    if (ato_ == 0) {
        add_quick_acks();
        reset_ato();
        return;
    }
    const std::uint32_t half = shortest_ato() / 2;
    if (gap <= half) {
        ato_ = static_cast<std::uint16_t>(ato_ / 2 + half);
    } else if (gap < ato_) {
        ato_ = static_cast<std::uint16_t>(std::min(ato_ / 2 + gap, milliseconds(rto())));
    } else if (gap > milliseconds(rto())) {
        add_quick_acks();  // the other side has begun anew
    }
}

/// Milliseconds.
std::uint32_t Tcb::shortest_ato() const noexcept {
    return milliseconds(config_->delayed_ack.value_or(Duration::zero()));
}

void Tcb::reset_ato() noexcept { ato_ = static_cast<std::uint16_t>(shortest_ato()); }

void Tcb::add_quick_acks() noexcept {
    const std::uint32_t window = rcv_.wnd / (2 * std::uint32_t{rcv_.mss});
    const auto quick = std::min({std::max(window, 2U), config_->quick_acks, 255U});
    rcv_.quick_acks = std::max(rcv_.quick_acks, static_cast<std::uint8_t>(quick));
}

/// Something was lost, or the other side believes so; it is to hear of each segment: Linux
/// (tcp_enter_quickack_mode).
void Tcb::enter_quick_mode() noexcept {
    add_quick_acks();
    interactive_ = false;
    reset_ato();
}

/// Nothing that was sent carried the acknowledgement along in time: Linux
/// (tcp_delack_timer_handler).
void Tcb::missed_answer() noexcept {
    if (interactive_) {
        interactive_ = false;
        reset_ato();
    } else {
        ato_ = static_cast<std::uint16_t>(std::min(ato_ * 2U, milliseconds(rto())));
    }
}

/// Payload leaves: Linux (tcp_event_data_sent). What follows on data within the time that an ACK
/// would wait is an answer.
void Tcb::note_answer(Instant now) noexcept {
    interactive_ = interactive_ || clock_milliseconds(now) - data_at_ < ato_;
}

/// Whatever leaves carries an acknowledgement: Linux (tcp_event_ack_sent).
void Tcb::ack_left() noexcept {
    if (ack_due_ != AckDue::none && rcv_.quick_acks > 0 && --rcv_.quick_acks == 0) {
        reset_ato();
    }
    last_ack_sent_ = rcv_.nxt;
    ack_due_ = AckDue::none;
    delayed_ack_at_ = never;
    unacked_ = 0;
    pushed_ = false;
    pushed_again_ = false;
}

/// The application has read, and an acknowledgement waits: Linux (__tcp_ack_snd_check,
/// tcp_cleanup_rbuf). A second full segment does not wait as long as the window can be moved along;
/// neither do the last bytes of a write once they have been read, unless an answer is to be
/// expected.
bool Tcb::reading_acknowledges() const noexcept {
    if (ack_due_ != AckDue::delayed) {
        return false;
    }
    if (rcv_.quick_acks > 0 && !interactive_) {
        return true;
    }
    if (unacked_ > rcv_.mss &&
        (read_ || std::uint64_t{window_to_offer()} << rcv_.scale >= rcv_.wnd + unacked_)) {
        return true;
    }
    return read_ && unread_.empty() && !config_->plain_acks &&
           (pushed_again_ || (pushed_ && !interactive_));
}

/// Answers that two ends could bounce between them for ever are limited.
bool Tcb::may_answer(std::uint32_t& last, Instant now) noexcept {
    const std::uint32_t at = clock_milliseconds(now);
    if (at - last < answer_interval) {
        return false;
    }
    last = at;
    return true;
}

void Tcb::challenge(Instant now) noexcept {
    if (may_answer(answered_at_, now)) {
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
            enter_quick_mode();
        }
        ack_now(old ? Reason::duplicate_ack : Reason::challenge_ack);
    } else if (segment.length() == 0 && segment.seq == rcv_.nxt - 1 && synchronized()) {
        if (may_answer(probe_answered_at_, now)) {
            ack_now(window_closed_ ? Reason::window_probe_reply : Reason::keepalive_reply);
        }
    } else {
        challenge(now);
    }
}

void Tcb::acknowledge(Instant now, Output& out) {
    if (read_) {
        grow_window(now);
    }
    const bool due = ack_due_ == AckDue::now || reading_acknowledges();
    read_ = false;
    if (due && !rides_on_handshake_ack()) {
        send_ack(now, out);
    }
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
