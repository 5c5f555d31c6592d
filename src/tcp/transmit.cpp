// Data and FIN leave (RFC 9293, 3.8.6.2.1; RFC 5681; RFC 6675).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;
using wire::SeqNum;

namespace {
constexpr std::uint32_t timestamp_bytes = 12;  // with padding
// Below this MSS the blocks of a SACK could leave no room for payload.
constexpr std::uint32_t roomy_mss = 128;
// More than any window (RFC 7323, 2.3), and less than half of the sequence space.
constexpr std::uint32_t largest_flight = 1U << 30;
}  // namespace

void Tcb::transmit(Instant now, Output& out) {
    if (!synchronized() || state_ == State::time_wait) {
        return;
    }
    if (send_) {
        resend_lost(now, out);
        send_new(now, out);
        update_timer(now);
        if (ack_due_ == AckDue::now && ack_reason_ == Reason::handshake_ack) {
            send_ack(now, out);  // the window let nothing ride on it
        }
    }
    send_window_update(now, out);
}

/// Bytes that were never sent.
std::uint32_t Tcb::unsent() const noexcept {
    if (!send_ || fin_sent_) {
        return 0;
    }
    const std::size_t queued = std::min<std::size_t>(send_->bytes.size(), largest_flight);
    return static_cast<std::uint32_t>(queued) - forward_distance(snd_.una, snd_.nxt);
}

/// Room between SND.NXT and the right edge of the send window.
std::uint32_t Tcb::usable_window() const noexcept {
    const SeqNum edge = snd_.una + snd_.wnd;
    return snd_.nxt < edge ? forward_distance(snd_.nxt, edge) : 0;
}

std::uint32_t Tcb::payload_limit() const noexcept {
    return snd_.mss - (timestamps_ ? timestamp_bytes : 0);
}

/// Sends one segment with what is queued from `from` on, `most` bytes at the most; returns how
/// many it took.
std::uint32_t Tcb::send_range(SeqNum from, std::uint32_t most, bool again, Instant now,
                              Output& out) {
    const std::uint32_t offset = forward_distance(snd_.una, from);
    if (!send_ || offset >= send_->bytes.size()) {
        return 0;
    }
    Segment segment = make_segment(from, Flags::ack, now);
    std::uint32_t limit = payload_limit();
    if (snd_.mss < roomy_mss) {
        segment.options.sack.clear();
    } else if (!segment.options.sack.empty()) {
        limit -= 4 + 8 * static_cast<std::uint32_t>(segment.options.sack.size());
    }
    const auto queued = send_->bytes.view().subspan(offset);
    const auto bytes = queued.first(std::min<std::size_t>({most, limit, queued.size()}));
    segment.payload.assign(bytes.begin(), bytes.end());
    if (bytes.size() == queued.size()) {
        segment.flags.bits |= Flags::psh;
    }
    mark(segment, again);
    emit(std::move(segment), Reason::data, again, out);
    return static_cast<std::uint32_t>(bytes.size());
}

/// The FIN is a segment of its own, as from an application that writes and then closes.
void Tcb::send_fin(bool again, Instant now, Output& out) {
    const SeqNum seq = again ? snd_.nxt - 1 : snd_.nxt;
    emit(make_segment(seq, Flags::fin | Flags::ack, now), Reason::fin, again, out);
    if (!again) {
        fin_sent_ = true;
        snd_.nxt += 1;
    }
}

/// Sends the first missing bytes of [from, to) again; returns how much of the sequence space that
/// took.
std::uint32_t Tcb::resend(SeqNum from, SeqNum to, Instant now, Output& out) {
    send_->timing = false;
    const SeqNum data_end = fin_sent_ ? snd_.nxt - 1 : snd_.nxt;
    if (from == data_end) {
        send_fin(true, now, out);
        return 1;
    }
    return send_range(from, forward_distance(from, min(to, data_end)), true, now, out);
}

void Tcb::resend_lost(Instant now, Output& out) {
    if (send_->recovery == Recovery::none) {
        return;
    }
    const SeqNum edge = snd_.una + snd_.wnd;
    std::uint32_t flight = in_flight();
    while (const auto hole =
               send_->scoreboard.next_hole(max(send_->resend_nxt, snd_.una), send_->lost_end)) {
        const std::uint32_t length =
            std::min(forward_distance(hole->left, hole->right), payload_limit());
        const bool fits = flight == 0 || flight + length <= congestion_.bytes();
        if ((!fits && !send_->resend_now) || (hole->left != snd_.una && hole->left >= edge)) {
            break;
        }
        const std::uint32_t sent = resend(hole->left, hole->right, now, out);
        if (sent == 0) {
            break;
        }
        if (send_->resend_now) {
            send_->resend_now = false;
            arm(Timer::retransmit, now + rto());
        }
        send_->resend_nxt = hole->left + sent;
        flight += sent;
    }
}

void Tcb::send_new(Instant now, Output& out) {
    if (fin_sent_) {
        return;
    }
    std::uint32_t flight = in_flight();
    const std::uint32_t full = payload_limit();
    for (std::uint32_t rest = unsent(); rest > 0; rest = unsent()) {
        const std::uint32_t usable = usable_window();
        const std::uint32_t length = std::min({rest, usable, full});
        // Silly windows are waited out (RFC 9293, 3.8.6.2.1); the persist timer ends the wait.
        const bool silly = length < std::min(rest, full) && length < snd_.max_wnd / 2;
        if (length == 0 || silly || (flight > 0 && flight + length > congestion_.bytes())) {
            return;
        }
        const std::uint32_t sent = send_range(snd_.nxt, length, false, now, out);
        if (sent == 0) {
            return;
        }
        note_answer(now);
        snd_.nxt += sent;
        flight += sent;
        // While losses are repaired, an ACK says when the gap was filled rather than how long a
        // round trip takes (Linux: FLAG_RETRANS_DATA_ACKED).
        if (!send_->timing && send_->recovery == Recovery::none) {
            send_->timing = true;
            send_->timed_end = snd_.nxt;
            send_->timed_at = now;
        }
    }
    if (fin_queued_ && usable_window() > 0) {
        send_fin(false, now, out);
    }
}

}  // namespace ghostpeer::tcp
