// Data and FIN leave (RFC 9293, 3.7.4 and 3.8.6.2.1; RFC 5681).
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
constexpr std::uint32_t largest_burst = 65535;  // Linux: GSO_LEGACY_MAX_SIZE
}  // namespace

void Tcb::transmit(Instant now, Output& out) {
    if (state_ == State::syn_sent && syn_waits_) {
        syn_waits_ = false;
        send_syn(now, false, out);
        arm(Timer::retransmit, now + rto());
        return;
    }
    if (!synchronized() || state_ == State::time_wait) {
        return;
    }
    if (send_) {
        resend_lost(now, out);
        const SeqNum before = snd_.nxt;
        send_new(now, out);
        update_timer(now);
        if (snd_.nxt != before && tells_of_no_loss()) {
            start_timer(false, now);
        }
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

/// Sends one segment with what is queued from `from` on, and with the FIN where it was sent before
/// and follows; it takes `most` of the sequence space at the most. Returns how much it took.
std::uint32_t Tcb::send_range(SeqNum from, std::uint32_t most, bool again, Instant now,
                              Output& out) {
    const std::uint32_t offset = forward_distance(snd_.una, from);
    if (offset > send_->bytes.size() || most == 0) {
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
    const bool last = bytes.size() == queued.size();
    if (last && !bytes.empty()) {
        segment.flags.bits |= Flags::psh;
    }
    const bool fin = last && fin_sent_ && bytes.size() < most;
    if (fin) {
        segment.flags.bits |= Flags::fin;
    }
    mark(segment, again);
    ++send_->proportion.sent;
    emit(std::move(segment), fin ? Reason::fin : Reason::data, again, out);
    return static_cast<std::uint32_t>(bytes.size()) + (fin ? 1 : 0);
}

/// Sends up to `most` bytes that were never sent; returns how many.
std::uint32_t Tcb::send_next(std::uint32_t most, Instant now, Output& out) {
    const std::uint32_t sent = send_range(snd_.nxt, most, false, now, out);
    if (sent == 0) {
        return 0;
    }
    note_answer(now);
    send_->flight.push(snd_.nxt, snd_.nxt + sent, now);
    snd_.nxt += sent;
    // One that options have shortened is full all the same.
    if (sent == most && sent < payload_limit()) {
        send_->small_sent = true;
        send_->small_end = snd_.nxt;
    }
    return sent;
}

/// The FIN is a segment of its own, as from an application that writes and then closes.
void Tcb::send_fin(Instant now, Output& out) {
    emit(make_segment(snd_.nxt, Flags::fin | Flags::ack, now), Reason::fin, false, out);
    fin_sent_ = true;
    send_->flight.push(snd_.nxt, snd_.nxt + 1, now);
    snd_.nxt += 1;
}

/// Sends a segment of the flight again, as much of it as MSS and window allow, together with short
/// ones behind it (Linux: tcp_retrans_try_collapse). False where it stands beyond the window that
/// is left; the oldest goes all the same, for its answer tells of the window (RFC 9293, 3.8.6.1).
bool Tcb::resend(std::size_t index, Instant now, Output& out) {
    Flight& flight = send_->flight;
    const SeqNum left = flight.segments()[index].left;
    const SeqNum edge = snd_.una + snd_.wnd;
    if (left >= edge && index != 0) {
        return false;
    }
    const std::uint32_t window = left < edge ? forward_distance(left, edge) : payload_limit();
    while (index + 1 < flight.count()) {
        const SentSegment& next = flight.segments()[index + 1];
        const std::uint32_t together = forward_distance(left, next.right);
        const std::uint32_t fin = fin_sent_ && next.right == snd_.nxt ? 1 : 0;
        if (next.sacked || together > window || together - fin > payload_limit()) {
            break;
        }
        flight.merge(index);
    }
    const std::uint32_t length = flight.segments()[index].length();
    const std::uint32_t sent = send_range(left, std::min(length, window), true, now, out);
    if (sent == 0) {
        return false;
    }
    if (sent < length) {
        flight.split(index, sent);
    }
    flight.mark_resent(index, now);
    if (send_->recovery != Recovery::none) {
        ++send_->undo.resent;
    }
    return true;
}

void Tcb::resend_lost(Instant now, Output& out) {
    SendBuffer& send = *send_;
    if (send.recovery == Recovery::none) {
        return;
    }
    std::uint32_t flight = in_flight();
    for (std::size_t i = 0; i < send.flight.count() && send.flight.lost() > 0; ++i) {
        if (!send.flight.segments()[i].lost) {
            continue;
        }
        const bool fits = flight == 0 || flight + snd_.mss <= congestion_.bytes();
        if ((!fits && !send.resend_now) || !resend(i, now, out)) {
            break;
        }
        if (send.resend_now) {
            send.resend_now = false;
            if (timer_ != Timer::reordering) {
                arm(Timer::retransmit, now + rto());
            }
        }
        flight += snd_.mss;
    }
}

/// Nagle's algorithm (RFC 9293, 3.7.4) with Minshall's change: a short segment waits only for the
/// one short segment before it, as in Linux (tcp_nagle_check). Who closes has no more to come.
bool Tcb::waits_for_more(std::uint32_t length) const noexcept {
    return config_->nagle && !fin_queued_ && length < payload_limit() && send_->small_sent &&
           send_->small_end > snd_.una && send_->small_end <= snd_.nxt &&
           !(send_->prompt && snd_.nxt < send_->prompt_end);
}

void Tcb::send_promptly() noexcept {
    if (send_) {
        send_->prompt = true;
        const std::uint32_t syn = synchronized() ? 0 : 1;
        send_->prompt_end = snd_.una + syn + static_cast<std::uint32_t>(send_->bytes.size());
    }
}

void Tcb::send_new(Instant now, Output& out) {
    if (fin_sent_) {
        return;
    }
    probe_path(now, out);
    std::uint32_t flight = in_flight();
    const std::uint32_t full = payload_limit();
    // What Linux hands to its card at once ends with PSH (tcp_tso_autosize, tcp_cwnd_test).
    const std::uint32_t most_at_once = std::max(
        2U, std::min(congestion_.bytes() / 2 / snd_.mss, largest_burst / std::max(full, 1U)));
    std::uint32_t burst = 0;
    const auto push = [&] {
        if (burst > 1) {
            out.replies.back().segment.flags.bits |= Flags::psh;
        }
        burst = 0;
    };
    for (std::uint32_t rest = unsent(); rest > 0; rest = unsent()) {
        const std::uint32_t usable = usable_window();
        const std::uint32_t length = std::min({rest, usable, full});
        // Silly windows are waited out (RFC 9293, 3.8.6.2.1); the persist timer ends the wait.
        const bool silly = length < std::min(rest, full) && length < snd_.max_wnd / 2;
        const bool fits = flight == 0 || flight + snd_.mss <= congestion_.bytes();
        if (length == 0 || silly || !fits || waits_for_more(length) ||
            send_next(length, now, out) == 0) {
            push();
            return;
        }
        flight += snd_.mss;
        if (++burst == most_at_once) {
            push();
        }
    }
    push();
    if (fin_queued_ && usable_window() > 0) {
        send_fin(now, out);
    }
}

}  // namespace ghostpeer::tcp
