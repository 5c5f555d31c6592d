// Loss recovery (RFC 5681, 3.2; RFC 6582; RFC 6675).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::Segment;

namespace {
constexpr std::uint8_t duplicate_threshold = 3;
}  // namespace

void Tcb::note_sack(const Segment& segment, bool duplicate) {
    bool news = false;
    if (sack_) {
        for (const wire::SackBlock& block : segment.options.sack) {
            news = send_->scoreboard.add(block, snd_.una, snd_.nxt) || news;
        }
    }
    // With SACK a duplicate ACK counts only if it reports something (RFC 6675, 2).
    if (sack_ ? news : duplicate) {
        send_->dup_acks = static_cast<std::uint8_t>(std::min(send_->dup_acks + 1, 255));
        if (!sack_ && send_->recovery != Recovery::timeout) {
            send_->dup_bytes += snd_.mss;
        }
    }
    if (send_->recovery == Recovery::fast && !send_->scoreboard.empty()) {
        send_->lost_end = max(send_->lost_end, send_->scoreboard.highest());
    }
    if (send_->recovery == Recovery::none && snd_.una != snd_.nxt &&
        (send_->dup_acks >= duplicate_threshold ||
         (news && send_->scoreboard.first_is_lost(snd_.mss)))) {
        enter_fast_recovery();
    }
}

void Tcb::enter_fast_recovery() {
    send_->recovery = Recovery::fast;
    send_->recovery_point = snd_.nxt;
    send_->resend_nxt = snd_.una;
    send_->lost_end = min(snd_.una + snd_.mss, snd_.nxt);
    if (!send_->scoreboard.empty()) {
        send_->lost_end = max(send_->lost_end, send_->scoreboard.highest());
    }
    send_->resend_now = true;
    congestion_.on_fast_retransmit(forward_distance(snd_.una, snd_.nxt), snd_.mss);
}

void Tcb::enter_timeout_recovery() {
    congestion_.on_timeout(forward_distance(snd_.una, snd_.nxt), snd_.mss, retries_ <= 1);
    // The other side may have thrown away what it had reported (RFC 2018, 8).
    send_->scoreboard.clear();
    send_->recovery = Recovery::timeout;
    send_->recovery_point = snd_.nxt;
    send_->resend_nxt = snd_.una;
    send_->lost_end = snd_.nxt;
    send_->dup_acks = 0;
    send_->dup_bytes = 0;
}

void Tcb::after_new_ack(std::uint32_t acked) {
    SendBuffer& send = *send_;
    send.dup_acks = 0;
    if (send.recovery == Recovery::none) {
        send.dup_bytes = 0;
        return;
    }
    send.resend_nxt = max(send.resend_nxt, snd_.una);
    if (snd_.una >= send.recovery_point) {
        send.recovery = Recovery::none;
        send.dup_bytes = 0;
        send.resend_now = false;
        return;
    }
    if (send.recovery == Recovery::fast && !sack_) {
        // A partial ACK: the next segment was lost as well (RFC 6582, 3.2, step 3).
        send.dup_bytes -= std::min(send.dup_bytes, acked);
        send.resend_nxt = snd_.una;
        send.lost_end = min(snd_.una + snd_.mss, snd_.nxt);
        send.resend_now = true;
    }
}

/// Bytes that are believed to be in the network (RFC 6675, "pipe"). Duplicate ACKs make room before
/// recovery begins, too: Limited Transmit (RFC 3042).
std::uint32_t Tcb::in_flight() const noexcept {
    if (!send_) {
        return 0;
    }
    std::uint64_t gone = sack_ ? send_->scoreboard.bytes() : send_->dup_bytes;
    if (send_->recovery != Recovery::none) {
        gone += send_->scoreboard.missing(max(send_->resend_nxt, snd_.una), send_->lost_end);
    }
    const std::uint32_t outstanding = forward_distance(snd_.una, snd_.nxt);
    return outstanding > gone ? outstanding - static_cast<std::uint32_t>(gone) : 0;
}

}  // namespace ghostpeer::tcp
