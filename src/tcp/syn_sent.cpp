// SYN-SENT: a segment arrives for a connection that this side has opened (RFC 9293, 3.10.7.3).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <utility>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

/// Payload and FIN of a SYN or SYN-ACK are left for a retransmission, as Linux does.
void Tcb::arrive_in_syn_sent(const Segment& segment, Instant now, Output& out) {
    const bool acknowledges = segment.has(Flags::ack);
    if (acknowledges && !acknowledges_opening(segment.ack)) {
        if (auto reset = reset_for(segment)) {
            emit(std::move(*reset), Reason::rst, false, out);
        }
        return;
    }
    if (segment.has(Flags::rst)) {
        // Without an ACK anybody could have sent it.
        if (acknowledges) {
            enter(State::closed, out);
        }
        return;
    }
    if (!segment.has(Flags::syn)) {
        return;
    }
    receive_syn(segment, now);
    if (acknowledges) {
        establish(segment, now, out);
        ack_now(Reason::handshake_ack);
        return;
    }
    // Both have opened at once (RFC 9293, 3.5, figure 7).
    enter(State::syn_received, out);
    send_syn_ack(now, false, out);
    arm(Timer::retransmit, now + rto());
}

/// The other side does not know yet that its SYN has arrived.
bool Tcb::repeats_syn_ack(const Segment& segment) const noexcept {
    const bool fits = state_ == State::syn_received || !config_->fast_open
                          ? acknowledges_opening(segment.ack)
                          : segment.ack > snd_.iss && segment.ack <= snd_.una;
    return active_ && segment.has(Flags::syn | Flags::ack) && !segment.has(Flags::rst) &&
           segment.seq == rcv_.irs && fits;
}

}  // namespace ghostpeer::tcp
