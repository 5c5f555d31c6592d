// Loss recovery: what an acknowledgement says of each segment, and what follows from it (RFC 5681,
// 3.2; RFC 6582; RFC 6675; RFC 8985).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::tcp {

using wire::SackBlock;
using wire::Segment;
using wire::SeqNum;

namespace {

/// RFC 2883, 4: the first block tells of a duplicate if it stands before the acknowledgement or
/// within the second one.
bool reports_duplicate(const Segment& segment) noexcept {
    const auto& sack = segment.options.sack;
    if (sack.empty()) {
        return false;
    }
    return sack[0].right <= segment.ack ||
           (sack.size() > 1 && sack[1].left <= sack[0].left && sack[0].right <= sack[1].right);
}

}  // namespace

/// What stands before the acknowledgement has arrived. Returns how many segments that are. Where
/// none was sent twice, the oldest measures a round trip, else only the echoed timestamp tells
/// which copy is meant (Karn; RFC 7323, 4.1; Linux: FLAG_RETRANS_DATA_ACKED).
std::uint32_t Tcb::retire(const Segment& ack, Instant now) {
    Flight& flight = send_->flight;
    const SeqNum una = ack.ack;
    std::optional<Instant> first;
    bool ambiguous = false;
    std::uint32_t count = 0;
    for (; !flight.empty() && flight.front().right <= una; ++count) {
        const SentSegment& segment = flight.front();
        ambiguous = ambiguous || segment.resent;
        if (probes_path(segment)) {
            snd_.mss += static_cast<std::uint16_t>(segment.length() - payload_limit());
        }
        if (!segment.sacked) {
            first = first.value_or(segment.sent_at);
            note_delivery(segment, now);
        }
        flight.pop();
    }
    if (!flight.empty() && flight.front().left < una) {
        flight.trim(una);
    }
    if (ambiguous) {
        measure(ack, now);
    } else if (first) {
        rtt_.sample(now - *first);
    }
    return count;
}

/// Marks what a block reports, segment by segment; one that it covers in part counts as missing.
bool Tcb::take_block(const SackBlock& block, Instant now) {
    // As distances from SND.UNA: comparisons of the numbers alone would let blocks through that
    // span half of the sequence space.
    const std::uint32_t left = forward_distance(snd_.una, block.left);
    const std::uint32_t right = forward_distance(snd_.una, block.right);
    if (left >= right || right > forward_distance(snd_.una, snd_.nxt)) {
        return false;
    }
    Flight& flight = send_->flight;
    bool news = false;
    for (std::size_t i = flight.find(block.left); i < flight.count(); ++i) {
        const SentSegment& segment = flight.segments()[i];
        if (segment.right > block.right) {
            break;
        }
        if (!segment.sacked) {
            note_delivery(segment, now);
            flight.mark_sacked(i);
            news = true;
        }
    }
    return news;
}

void Tcb::note_sack(const Segment& segment, bool duplicate, bool advanced, Instant now) {
    SendBuffer& send = *send_;
    bool news = false;
    bool dsack = false;
    if (sack_) {
        dsack = reports_duplicate(segment);
        if (dsack) {
            note_duplicate_report(segment.options.sack[0]);
        }
        // In their order, so that what one ACK reports does not look reordered.
        auto blocks = segment.options.sack;
        std::sort(blocks.begin(), blocks.end(),
                  [](const SackBlock& a, const SackBlock& b) { return a.left < b.left; });
        for (const SackBlock& block : blocks) {
            news = take_block(block, now) || news;
        }
    } else if (duplicate && send.recovery != Recovery::timeout) {
        send.dup_segments = std::min(send.dup_segments + 1, send.flight.count());
        ++send.delivered;
    }
    end_probe(segment.ack, dsack, advanced || news);
    const std::uint32_t lost = send.flight.lost();
    if (snd_.una != snd_.nxt) {
        find_losses(advanced, now);
    }
    reduce_in_proportion(advanced && send.flight.lost() <= lost);
}

/// Marks the segments that count as lost; the first ones begin a recovery.
void Tcb::find_losses(bool advanced, Instant now) {
    SendBuffer& send = *send_;
    Flight& flight = send.flight;
    if (!sack_) {
        // A partial ACK in a recovery tells of the next loss (RFC 6582, 3.2, step 3).
        const bool told = send.recovery == Recovery::none
                              ? send.dup_segments >= duplicate_threshold
                              : send.recovery == Recovery::fast && advanced;
        if (told && !flight.front().lost) {
            flight.mark_lost(0);
            send.resend_now = true;
        }
    } else if (config_->recovery == RecoveryKind::rack) {
        find_losses_by_time(now);
    } else if (flight.sacked() >= duplicate_threshold) {
        find_losses_by_count();
    }
    if (flight.lost() == 0 || send.recovery != Recovery::none) {
        return;
    }
    if (const SentSegment& oldest = flight.front(); oldest.lost && probes_path(oldest)) {
        const std::uint32_t more = oldest.length() - payload_limit();
        failed_mss_ = static_cast<std::uint16_t>(snd_.mss + more);
        begin_recovery(Recovery::timeout);
        send.undo = {};
    } else {
        enter_fast_recovery();
    }
}

/// IsLost() of RFC 6675: three segments beyond it have arrived. What was sent again waits for the
/// timer.
void Tcb::find_losses_by_count() {
    Flight& flight = send_->flight;
    std::uint32_t beyond = flight.sacked();
    for (std::size_t i = 0; i < flight.count() && beyond >= duplicate_threshold; ++i) {
        const SentSegment& segment = flight.segments()[i];
        if (segment.sacked) {
            --beyond;
        } else if (!segment.lost && !segment.resent) {
            flight.mark_lost(i);
        }
    }
}

/// The congestion window is about to be reduced: what takes it back is kept.
void Tcb::begin_recovery(Recovery recovery) {
    SendBuffer& send = *send_;
    if (send.recovery == Recovery::none) {
        send.undo = {congestion_.bytes(), congestion_.threshold(), 0, snd_.una};
    }
    send.recovery = recovery;
    send.recovery_point = snd_.nxt;
    send.probe.pending = false;
}

void Tcb::enter_fast_recovery() {
    begin_recovery(Recovery::fast);
    send_->resend_now = true;
    send_->proportion = {};
    // Without what Limited Transmit has let out (RFC 5681, 3.2, step 2).
    congestion_.on_fast_retransmit(std::min(send_->flight.count() * snd_.mss, congestion_.bytes()),
                                   snd_.mss);
}

/// Proportional rate reduction (RFC 9937): over the recovery the window shrinks to the threshold,
/// half of what it was, by every second segment that arrives letting one leave. `safe`: nothing
/// more was lost.
void Tcb::reduce_in_proportion(bool safe) noexcept {
    SendBuffer& send = *send_;
    const std::uint32_t newly = std::exchange(send.delivered, 0);
    if (send.recovery != Recovery::fast || newly == 0) {
        return;
    }
    Proportion& so_far = send.proportion;
    so_far.delivered += newly;
    const std::uint32_t flight = in_flight() / snd_.mss;
    const std::uint32_t target = congestion_.threshold() / snd_.mss;
    const std::uint32_t share = flight > target ? (so_far.delivered + 1) / 2 : so_far.delivered;
    std::uint32_t count = share - std::min(share, so_far.sent);
    if (flight <= target) {
        count = std::min(std::max(count, newly) + (safe ? 1 : 0), target - flight);
    }
    count = std::max(count, so_far.sent == 0 ? 1U : 0U);
    congestion_.set((flight + count) * snd_.mss);
}

void Tcb::enter_timeout_recovery(Instant now) {
    SendBuffer& send = *send_;
    begin_recovery(Recovery::timeout);
    congestion_.on_timeout(send.flight.count() * snd_.mss, snd_.mss, retries_ <= 1);
    send.dup_segments = 0;
    Flight& flight = send.flight;
    // Reported, and yet missing: the other side has thrown it away. As Linux
    // (tcp_timeout_mark_lost), other reports are believed (RFC 2018, 8, would have all forgotten).
    if (flight.front().sacked) {
        flight.unmark_sacked();
    }
    const bool by_time = sack_ && config_->recovery == RecoveryKind::rack;
    for (std::size_t i = 0; i < flight.count(); ++i) {
        const SentSegment& segment = flight.segments()[i];
        const bool recent = by_time && i > 0 && now - segment.sent_at < send.rack.round_trip;
        if (!segment.sacked && !segment.lost && !recent) {
            flight.mark_lost(i);
        }
    }
}

void Tcb::after_new_ack(std::uint32_t segments) {
    SendBuffer& send = *send_;
    // One filled the hole, the others had caused duplicates: Linux (tcp_remove_reno_sacks).
    send.delivered -= std::min(send.delivered - std::min(send.delivered, 1U), send.dup_segments);
    if (send.recovery != Recovery::fast) {
        send.dup_segments = 0;
    } else if (segments > 1) {
        send.dup_segments -= std::min(send.dup_segments, segments - 1);
    }
    if (send.recovery != Recovery::none && snd_.una >= send.recovery_point) {
        if (send.recovery == Recovery::fast) {
            congestion_.set(congestion_.threshold());
        }
        send.recovery = Recovery::none;
        send.dup_segments = 0;
        send.resend_now = false;
        send.flight.unmark_lost();
        if (reordering_patience_ > 0 && --reordering_patience_ == 0) {
            reordering_steps_ = 1;
        }
    }
}

/// A retransmission arrived twice. Once all of them did, nothing was lost, and the congestion
/// window is as before (RFC 3708; Linux: tcp_try_undo_dsack).
void Tcb::note_duplicate_report(const SackBlock& block) {
    SendBuffer& send = *send_;
    widen_reordering_window();
    Undo& undo = send.undo;
    if (undo.resent == 0 || block.right <= undo.from || block.right > snd_.nxt) {
        return;
    }
    const std::uint32_t length = forward_distance(block.left, block.right);
    undo.resent -= std::min(undo.resent, std::max(1U, length / payload_limit()));
    if (undo.resent == 0) {
        congestion_.restore(undo.window, undo.threshold);
        send.recovery = Recovery::none;
        send.flight.unmark_lost();
        send.resend_now = false;
        backoff_ = 0;
    }
}

/// Bytes that are believed to be in the network, whole segments each. Duplicate ACKs make room
/// before recovery begins, too: Limited Transmit (RFC 3042).
std::uint32_t Tcb::in_flight() const noexcept {
    if (!send_) {
        return 0;
    }
    const std::uint32_t segments = send_->flight.in_network();
    return (segments - std::min(segments, send_->dup_segments)) * snd_.mss;
}

}  // namespace ghostpeer::tcp
