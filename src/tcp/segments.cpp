// What every segment that leaves has in common.
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <utility>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;
using wire::SeqNum;

SeqNum Tcb::acceptable_seq() const noexcept {
    // Where the other side has taken back window, SND.NXT would be unacceptable to it; its right
    // edge is not (Linux: tcp_acceptable_seq). What rounding to the scale takes back does not
    // count: SND.NXT is accepted all the same, while the edge may have been passed already.
    const SeqNum edge = snd_.una + snd_.wnd;
    if (!synchronized() || snd_.nxt < edge + (1U << snd_.scale)) {
        return snd_.nxt;
    }
    return edge;
}

Segment Tcb::make_segment(SeqNum seq, std::uint8_t flags, Instant now) {
    Segment segment;
    segment.seq = seq;
    segment.ack = rcv_.nxt;
    segment.flags.bits = flags;
    segment.window = window_to_offer();
    commit_window(segment.window);
    if (timestamps_) {
        segment.options.timestamps = {timestamp_now(now), ts_recent_};
    }
    if (reassembly_) {
        add_sack(segment.options);
        reassembly_->duplicate.reset();
        if (reassembly_->idle()) {
            reassembly_.reset();
        }
    }
    if (congestion_seen_ && (flags & Flags::rst) == 0) {
        segment.flags.bits |= Flags::ece;
    }
    ack_left();
    return segment;
}

/// The number of the byte at this place of the stream.
SeqNum Tcb::place(std::uint64_t at) const noexcept {
    return rcv_.nxt + static_cast<std::uint32_t>(at - bytes_received_);
}

void Tcb::add_sack(wire::Options& options) const {
    if (!sack_ || !reassembly_) {
        return;
    }
    std::size_t room = timestamps_ ? 3 : 4;
    if (reassembly_->duplicate) {
        options.sack.push_back(*reassembly_->duplicate);
        --room;
    }
    for (const Reassembly::Range& range : reassembly_->report(room)) {
        options.sack.push_back({place(range.left), place(range.right)});
    }
}

void Tcb::emit(Segment&& segment, Reason reason, bool again, Output& out) {
    out.replies.push_back({std::move(segment), reason, again});
}

Segment Tcb::template_segment(Instant now) const {
    Segment segment;
    segment.seq = acceptable_seq();
    segment.ack = rcv_.nxt;
    segment.flags.bits = Flags::ack;
    segment.window = config_ != nullptr ? window_to_offer() : std::uint16_t{0};
    if (timestamps_) {
        segment.options.timestamps = {timestamp_now(now), ts_recent_};
    }
    return segment;
}

std::optional<Segment> reset_for(const Segment& segment) {
    if (segment.has(Flags::rst)) {
        return std::nullopt;
    }
    Segment reset;
    if (segment.has(Flags::ack)) {
        // <SEQ=SEG.ACK><CTL=RST>
        reset.seq = segment.ack;
        reset.flags.bits = Flags::rst;
    } else {
        // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
        reset.ack = segment.end();
        reset.flags.bits = Flags::rst | Flags::ack;
    }
    return reset;
}

}  // namespace ghostpeer::tcp
