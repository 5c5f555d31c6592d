// The application's side: sending and the ways to end (RFC 9293, 3.9.1, 3.10.2 to 3.10.5).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

bool Tcb::may_send() const noexcept {
    return !fin_queued_ && (state_ == State::syn_sent || state_ == State::syn_received ||
                            state_ == State::established || state_ == State::close_wait);
}

void Tcb::send(std::span<const std::uint8_t> bytes) {
    if (may_send() && !bytes.empty()) {
        send_buffer().bytes.append(bytes);
    }
}

void Tcb::shutdown(Output& out) {
    if (may_send()) {
        queue_fin(out);
    }
}

/// The state changes at once, even while data is still to leave before the FIN (RFC 9293, 3.10.4:
/// "in any case"). In SYN-SENT and SYN-RECEIVED the FIN waits for the handshake.
void Tcb::queue_fin(Output& out) {
    send_buffer();
    fin_queued_ = true;
    if (state_ == State::established) {
        enter(State::fin_wait_1, out);
    } else if (state_ == State::close_wait) {
        enter(State::last_ack, out);
    }
}

void Tcb::close(Instant now, Output& out) {
    if (state_ == State::closed) {
        return;
    }
    if (state_ == State::syn_sent) {
        enter(State::closed, out);  // RFC 9293, 3.10.4
        return;
    }
    if (state_ != State::time_wait && !unread_.empty() && config_->reset_unread) {
        abort(now, out);
        return;
    }
    unread_ = ByteQueue();
    no_reader_ = true;
    shutdown(out);
    if (state_ == State::fin_wait_2) {
        // Nobody is left to wait for ever: Linux (tcp_fin_timeout).
        arm(Timer::fin_wait_2, now + config_->fin_wait_2.value_or(config_->time_wait));
    }
}

void Tcb::abort(Instant now, Output& out) {
    if (state_ == State::closed) {
        return;
    }
    if (state_ != State::syn_sent) {
        // With window and timestamps, as of any segment of the connection (Linux:
        // tcp_send_active_reset).
        emit(make_segment(acceptable_seq(), Flags::rst | Flags::ack, now), Reason::rst, false, out);
    }
    enter(State::closed, out);
}

void Tcb::forget(Output& out) { enter(State::closed, out); }

}  // namespace ghostpeer::tcp
