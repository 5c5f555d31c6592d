// A segment arrives: its payload and its FIN (RFC 9293, 3.10.7.4, seventh and eighth step).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/read_rate.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;
using wire::SeqNum;

void Tcb::process_payload(Segment& segment, Instant now, Output& out) {
    const bool fin_ahead = segment.has(Flags::fin) && segment.seq > rcv_.nxt;
    if ((segment.payload.empty() && !fin_ahead) || state_ == State::closed) {
        return;
    }
    if (fin_received_) {
        // Nothing stands behind a FIN; what stands before it has been received.
        if (segment.seq < rcv_.nxt) {
            note_duplicate(segment.seq, min(segment.end(), rcv_.nxt));
            ack_now(Reason::duplicate_ack);
        }
        return;
    }
    const SeqNum payload_end = segment.seq + static_cast<std::uint32_t>(segment.payload.size());
    if (no_reader_ && payload_end > rcv_.nxt) {
        // RFC 9293, 3.6.1 (MUST-17); Linux: tcp_rcv_state_process, TCPABORTONDATA.
        if (auto reset = reset_for(segment)) {
            emit(std::move(*reset), Reason::rst, false, out);
        }
        enter(State::closed, out);
        return;
    }
    if (payload_end <= rcv_.nxt) {
        note_duplicate(segment.seq, payload_end);
        enter_quick_mode();
        ack_now(Reason::duplicate_ack);
        return;
    }
    const std::uint32_t promised = room_for_payload();
    const SeqNum edge = rcv_.nxt + within_limits(promised);
    if (payload_end > edge && edge < rcv_.nxt + promised) {
        out.refused += forward_distance(max(edge, segment.seq), payload_end);
    }
    if (edge <= segment.seq) {
        // Payload for a window that is shut is a probe (RFC 9293, 3.8.6.1).
        ack_now(window_closed_ ? Reason::window_probe_reply : Reason::duplicate_ack);
        segment.flags.bits &= static_cast<std::uint8_t>(~Flags::fin);
        return;
    }
    if (payload_end > edge) {
        segment.payload.resize(forward_distance(segment.seq, edge));
        segment.flags.bits &= static_cast<std::uint8_t>(~Flags::fin);
    }
    const std::size_t old = segment.seq < rcv_.nxt ? forward_distance(segment.seq, rcv_.nxt) : 0;
    note_urgent(segment);
    if (segment.seq <= rcv_.nxt) {
        accept_in_order(segment, old, now);
    } else {
        keep_out_of_order(segment);
    }
}

void Tcb::accept_in_order(Segment& segment, std::size_t old, Instant now) {
    note_size(segment);
    note_pace(now);
    note_congestion(segment);
    measure_round_trip(segment, now);
    auto length = static_cast<std::uint32_t>(segment.payload.size() - old);
    segment.seq = rcv_.nxt;
    if (old > 0) {
        enter_quick_mode();
        note_duplicate(rcv_.nxt - static_cast<std::uint32_t>(old), rcv_.nxt);
        segment.payload.erase(segment.payload.begin(),
                              segment.payload.begin() + static_cast<std::ptrdiff_t>(old));
    }
    const SeqNum from = rcv_.nxt;
    unread_.append(std::move(segment.payload));
    const bool filled_gap = reassembly_ && !reassembly_->in_order();
    if (reassembly_) {
        length += static_cast<std::uint32_t>(reassembly_->take(bytes_received_ + length, unread_));
    }
    bytes_received_ += length;
    rcv_.nxt += length;
    rcv_.wnd -= std::min(rcv_.wnd, length);
    take_urgent_out(from);
    // Segments that fill a gap are acknowledged at once (RFC 5681, 4.2).
    ack_data(length, filled_gap, now);
}

/// The urgent byte is the one before the pointer, and out of band: a mere `recv` never gets it.
/// Linux (tcp_check_urg, `tcp_stdurg` 0) has always read the pointer so; RFC 6093 says that it is
/// to stay so.
void Tcb::note_urgent(const Segment& segment) {
    if (!segment.has(Flags::urg)) {
        return;
    }
    const SeqNum at = segment.seq + (segment.urgent > 0 ? segment.urgent - 1U : 0U);
    if (at < rcv_.nxt) {
        return;
    }
    const std::uint64_t place = bytes_received_ + forward_distance(rcv_.nxt, at);
    auto& known = reassembly_buffer().urgent_at;
    known = std::max(known.value_or(place), place);
}

void Tcb::take_urgent_out(SeqNum from) {
    if (!reassembly_ || !reassembly_->urgent_at || *reassembly_->urgent_at >= bytes_received_) {
        return;
    }
    const std::uint64_t behind = bytes_received_ - *reassembly_->urgent_at;
    reassembly_->urgent_at.reset();
    if (behind <= forward_distance(from, rcv_.nxt)) {
        unread_.erase_from_back(static_cast<std::size_t>(behind));
    }
}

void Tcb::keep_out_of_order(Segment& segment) {
    const std::uint64_t at = bytes_received_ + forward_distance(rcv_.nxt, segment.seq);
    if (segment.has(Flags::fin)) {
        auto& fin_at = reassembly_buffer().fin_at;
        fin_at = fin_at.value_or(at + segment.payload.size());
        segment.payload.push_back(0);
    }
    const std::size_t limit = config_->memory == nullptr || config_->memory->left() > 0
                                  ? std::max(config_->send_buffer, buffer_)
                                  : 0;
    const auto known = reassembly_buffer().add(at, std::move(segment.payload), limit);
    if (known.left < known.right) {
        note_duplicate(place(known.left), place(known.right));
    }
    ack_now(Reason::duplicate_ack);
}

void Tcb::note_duplicate(SeqNum left, SeqNum right) {
    if (!sack_) {
        return;
    }
    reassembly_buffer().duplicate = wire::SackBlock{left, right};
}

void Tcb::check_fin(bool fin, SeqNum fin_at, Instant now, Output& out) {
    if (fin_received_) {
        if (fin && fin_at + 1 == rcv_.nxt) {
            note_duplicate(fin_at, rcv_.nxt);
            ack_now(Reason::ack_of_fin);
        }
        return;
    }
    if (fin && fin_at == rcv_.nxt) {
        accept_fin(now, out);
    } else if (reassembly_ && reassembly_->fin_at) {
        if (*reassembly_->fin_at == bytes_received_) {
            accept_fin(now, out);
        } else if (*reassembly_->fin_at < bytes_received_) {
            reassembly_->fin_at.reset();  // it stood amid the data: nonsense
        }
    }
}

void Tcb::accept_fin(Instant now, Output& out) {
    fin_received_ = true;
    reassembly_.reset();
    read_rate_.reset();
    rcv_.nxt += 1;
    rcv_.wnd -= std::min(rcv_.wnd, 1U);
    switch (state_) {
        case State::established:
            enter(State::close_wait, out);
            // The application may close at once, and its FIN carries the ACK (Linux: tcp_fin).
            interactive_ = true;
            break;
        case State::fin_wait_1: enter(State::closing, out); break;
        case State::fin_wait_2:
            enter(State::time_wait, out);
            arm(Timer::time_wait, now + config_->time_wait);
            break;
        default: break;
    }
    if (state_ == State::close_wait && config_->delayed_ack && !config_->plain_acks &&
        ack_due_ != AckDue::now) {
        schedule_ack(Reason::ack_of_fin, now);
    } else {
        ack_now(Reason::ack_of_fin);
    }
}

}  // namespace ghostpeer::tcp
