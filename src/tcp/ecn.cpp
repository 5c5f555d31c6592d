// Explicit congestion notification (RFC 3168).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/read_rate.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

namespace {
constexpr std::uint8_t ecn_field = 0x03;
constexpr std::uint8_t capable = 0x02;  // ECT(0)
constexpr std::uint8_t congestion_experienced = 0x03;
}  // namespace

/// RFC 3168, 6.1.1: ECE and CWR in a SYN ask, ECE alone in a SYN-ACK agrees. A SYN that is itself
/// marked comes from somebody who means something else (Linux: tcp_ecn_create_request).
void Tcb::negotiate_ecn(const Segment& syn) noexcept {
    if (syn.has(Flags::ack)) {
        ecn_ = config_->ecn == Ecn::on && syn.has(Flags::ece) && !syn.has(Flags::cwr);
    } else {
        ecn_ = config_->ecn != Ecn::off && syn.has(Flags::ece | Flags::cwr) &&
               (syn.tos & ecn_field) == 0;
    }
}

/// Payload came: a router has marked it, or the other side has slowed down (RFC 3168, 6.1.3).
void Tcb::note_congestion(const Segment& segment) noexcept {
    if (!ecn_) {
        return;
    }
    if (segment.has(Flags::cwr)) {
        congestion_seen_ = false;
        ack_now(Reason::ack);  // its window may be a single segment (Linux: tcp_ecn_accept_cwr)
    }
    if ((segment.tos & ecn_field) == congestion_experienced && !congestion_seen_) {
        enter_quick_mode();
        congestion_seen_ = true;
    }
}

/// An ACK says that payload of ours was marked: as one loss in each round trip (RFC 3168, 6.1.2).
void Tcb::react_to_congestion(const Segment& segment) noexcept {
    if (!ecn_ || !segment.has(Flags::ece) || !send_ || snd_.una == snd_.nxt ||
        send_->recovery != Recovery::none || (send_->reducing && snd_.una < send_->reduced_at)) {
        return;
    }
    congestion_.on_fast_retransmit(in_flight(), snd_.mss);
    send_->reducing = true;
    send_->reduced_at = snd_.nxt;
    reduced_ = true;
}

/// New payload may be marked on its way, what is sent again may not (RFC 3168, 6.1.5).
void Tcb::mark(Segment& segment, bool again) noexcept {
    if (!ecn_ || again) {
        return;
    }
    segment.tos = capable;
    if (reduced_) {
        segment.flags.bits |= Flags::cwr;
        reduced_ = false;
    }
}

}  // namespace ghostpeer::tcp
