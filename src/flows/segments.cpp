#include "flows/segments.hpp"

#include "flows/expression.hpp"
#include "ghostpeer/tcp/classify.hpp"

namespace ghostpeer::flows {

using event::Ending;

bool is_retransmission(const Connection& connection, const wire::Segment& segment) {
    if (segment.length() == 0) {
        return false;
    }
    if (segment.has(wire::Flags::syn | wire::Flags::ack)) {
        return connection.syn_ack_seen;
    }
    if (segment.has(wire::Flags::syn)) {
        return connection.dialled ? connection.isn_known : connection.syns > 0;
    }
    return segment.end() <= connection.highest_seen;
}

tcp::Kind kind_of(const Connection& connection, const wire::Segment& segment) {
    // Of a connection that is gone the last values are known.
    const bool synchronized =
        connection.live() ? connection.tcb.synchronized() : bool{connection.established};
    return tcp::classify(segment, {synchronized, connection.tcb.rcv().nxt,
                                   connection.window_offered && connection.last_window == 0});
}

void note_answer(Connection& connection, const wire::Segment& segment, tcp::Kind kind) {
    if (kind != tcp::Kind::syn && kind != tcp::Kind::syn_ack) {
        return;
    }
    connection.program_isn = segment.seq;
    connection.highest_seen = segment.seq;
    connection.isn_known = true;
    connection.syn_ack_seen = connection.syn_ack_seen || kind == tcp::Kind::syn_ack;
}

void note_options(Connection& connection) {
    connection.scale_in = connection.tcb.snd().scale & Connection::largest_scale;
    connection.scale_out = connection.tcb.rcv().scale & Connection::largest_scale;
    if (connection.acking_stopped) {
        connection.extra().frozen_ack = connection.tcb.rcv().nxt;
    }
}

std::uint32_t window_bytes(const Connection& connection, const wire::Segment& segment) {
    return static_cast<std::uint32_t>(segment.window)
           << (segment.has(wire::Flags::syn) ? 0 : connection.scale_out);
}

void note_ending(Connection& connection, tcp::Reason reason) {
    connection.answered = true;
    if (reason == tcp::Reason::rst) {
        if (!connection.established &&
            (connection.ending == Ending::unanswered || connection.ending == Ending::open)) {
            connection.ending = connection.dialled ? Ending::reset_by_peer : Ending::refused;
        } else if (connection.ending == Ending::open || connection.ending == Ending::half_closed) {
            connection.ending = Ending::reset_by_peer;
        }
    } else if (connection.ending == Ending::unanswered) {
        if (reason != tcp::Reason::syn) {
            connection.ending = Ending::open;
        } else if (connection.dialled) {
            connection.count_syn();
        }
    }
}

std::uint16_t identification(const Connection& connection, const wire::Segment& segment) {
    const bool syn_ack = segment.has(wire::Flags::syn | wire::Flags::ack);
    if (syn_ack || (segment.has(wire::Flags::rst) && segment.window == 0)) {
        return 0;
    }
    return static_cast<std::uint16_t>((connection.iss.raw() >> 8U) + connection.segments_out);
}

bool ends_program(const Connection& connection, const wire::Segment& rst) {
    if (awaits_answer(connection)) {
        return rst.has(wire::Flags::ack) && rst.ack == connection.program_isn + 1;
    }
    return connection.live() && rst.seq == connection.tcb.snd().nxt;
}

std::size_t held_by(const Connection& connection) noexcept {
    std::size_t bytes = connection.tcb.heap_bytes();
    if (const Extras* extras = connection.extras.get()) {
        bytes += extras->put_off() + extras->service.output.size() * sizeof(OutputItem);
        if (extras->watch) {
            bytes += extras->watch->held();
        }
        if (extras->service.script) {
            bytes += extras->service.script->held();
        }
        if (extras->relay) {
            bytes += extras->relay->outgoing.size() + extras->relay->with_driver;
        }
    }
    return bytes;
}

void follow_arrival(event::Trail* trail, const wire::Segment& segment, tcp::Kind kind,
                    bool retransmission, Instant now) {
    if (trail == nullptr) {
        return;
    }
    if (segment.has(wire::Flags::fin)) {
        trail->fin_came = trail->fin_came.value_or(now);
    }
    if (kind == tcp::Kind::rst) {
        trail->reset_came = trail->reset_came.value_or(now);
        trail->last_reset_came = now;
    } else {
        trail->last_came = now;
        trail->was_open = trail->was_open || (kind != tcp::Kind::syn && kind != tcp::Kind::syn_ack);
    }
    if (retransmission || kind == tcp::Kind::keepalive_probe || kind == tcp::Kind::window_probe) {
        ++trail->unanswered;
    }
}

void follow_departure(event::Trail* trail, wire::Flags flags, std::optional<Instant> there) {
    if (trail == nullptr || !there) {
        return;
    }
    trail->unanswered = 0;
    if (flags.has(wire::Flags::rst)) {
        trail->reset_left = *there;
    }
    if (flags.has(wire::Flags::fin)) {
        trail->fin_left = trail->fin_left.value_or(*there);
    }
}

}  // namespace ghostpeer::flows
