// Gate in: the rules `on: receive`, before the TCP core has seen the segment.
#include "peer/engine_impl.hpp"

#include <algorithm>

namespace ghostpeer::peer {

void Engine::Impl::gate_in(Connection& connection, wire::Segment&& segment, Instant now) {
    const tcp::Kind kind = kind_of(connection, segment);
    ++counters.kinds[static_cast<std::size_t>(kind)];
    ++connection.behaviour->traffic.kinds[static_cast<std::size_t>(kind)];
    if (!connection.rules().of(kind, segment).empty() || segment.seq != connection.tcb.rcv().nxt) {
        settle_unsettled(now);
    }
    const bool again = is_retransmission(connection, segment);
    if (connection.tcb.state() == tcp::State::syn_sent) {
        note_answer(connection, segment, kind);
    }
    if (segment.length() != 0 && connection.highest_seen < segment.end()) {
        connection.highest_seen = segment.end();
    }
    if (kind == tcp::Kind::syn && connection.began_with_syn && !connection.dialled) {
        connection.count_syn();
    }
    ++connection.segments_in;
    follow_arrival(trail_of(connection), segment, kind, again, now);
    connection.last_activity = now;
    remember(connection, segment);

    std::optional<Untold> untold = arrival(connection, segment, kind, again, now);
    const event::EventId told = cause = untold ? untold->event.id : 0;
    Judgement judgement;
    const RuleList& rules = connection.rules().of(kind, segment);
    if (!rules.empty()) {
        try_rules(rules, Occasion{connection, &segment, event::Direction::in, again, &judgement},
                  now);
    }
    const profile::Rule* rule = judgement.rule;
    if (!judgement.decided() && connection.blackholed_in) {
        judgement.course = Judgement::Course::drop;
        rule = connection.extra().hole_in_rule;
    }
    switch (judgement.course) {
        case Judgement::Course::drop:
            if (rule != nullptr) {
                ++connection.behaviour->record(*rule).statistics.withheld;
            }
            report_arrival(connection, std::move(untold), event::Fate::dropped, rule);
            break;
        case Judgement::Course::hold: {
            const auto until = judgement.until(now);
            report_arrival(connection, std::move(untold), event::Fate::delayed, rule, until);
            HeldSegment held{event::Direction::in,        kind, {}, std::move(segment), again, rule,
                             std::move(judgement.forged), told};
            hold(connection, std::move(held), judgement, until);
            break;
        }
        case Judgement::Course::gone:
            report_arrival(connection, std::move(untold), event::Fate::accepted, rule);
            break;
        case Judgement::Course::pass:
            for (std::uint32_t copy = 0; copy < judgement.copies; ++copy) {
                arrive(connection, wire::Segment(segment), kind,
                       arrival(connection, segment, kind, again, now), event::Fate::duplicated,
                       rule, judgement.forged_copy.get(), now);
                settle(connection, now);
            }
            if (judgement.forged) {
                arrive(connection, std::move(segment), kind, std::move(untold),
                       event::Fate::accepted, rule, judgement.forged.get(), now);
            } else {
                deliver(connection, std::move(segment), kind, now);
                report_arrival(connection, std::move(untold), event::Fate::accepted, nullptr);
            }
            break;
    }
    if (more_follow && kind == tcp::Kind::data) {
        settle_amid_burst(connection, now);
    } else {
        settle(connection, now);
    }
    if (!connection.live() && !connection.listed) {
        connection.listed = true;
        (connection.answered ? dead : waiting).push_back({connection.slot, connection.id});
    }
}

void Engine::Impl::arrive(Connection& connection, wire::Segment&& segment, tcp::Kind kind,
                          std::optional<Untold>&& untold, event::Fate fate,
                          const profile::Rule* rule, const Forged* forged, Instant now) {
    if (forged == nullptr) {
        deliver(connection, std::move(segment), kind, now);
        report_arrival(connection, std::move(untold), fate, rule);
        return;
    }
    if (auto read = as_read(forged->segment, forged->forgery.distortion,
                            connection.behaviour->tcp.md5_key)) {
        const tcp::Kind seen = kind_of(connection, *read);
        if (seen == tcp::Kind::syn) {
            cookies.note_change(connection.flow, *forged, *read);
        }
        deliver(connection, std::move(*read), seen, now);
    } else if (rule != nullptr) {
        ++connection.behaviour->record(*rule).statistics.withheld;
    }
    report_arrival(connection, std::move(untold),
                   fate == event::Fate::accepted ? forged->fate() : fate, rule, {},
                   std::make_shared<const event::Forgery>(forged->forgery));
}

void Engine::Impl::remember(Connection& connection, const wire::Segment& segment) const {
    if (!connection.behaviour->quotes_arrivals) {
        return;
    }
    // More than any ICMP error quotes.
    constexpr std::size_t enough = 1280;
    auto last = std::make_unique<wire::Segment>(segment);
    last->payload.resize(std::min(last->payload.size(), enough));
    last->payload.shrink_to_fit();
    connection.extra().last_received = std::move(last);
}

void Engine::Impl::deliver(Connection& connection, wire::Segment&& segment, tcp::Kind kind,
                           Instant now) {
    if (connection.live()) {
        const bool opening = connection.tcb.state() == tcp::State::syn_sent;
        // The program scales by the SYN that it saw.
        const bool keeps_scale = connection.syn_changed && segment.options.window_scale;
        const std::uint8_t scale_seen = connection.scale_out;
        connection.tcb.on_segment(std::move(segment), now, out);
        if (opening) {
            note_options(connection);
            if (keeps_scale) {
                connection.scale_out = scale_seen & Connection::largest_scale;
            }
        }
        if (kind == tcp::Kind::rst && !connection.live() && connection.ending != Ending::closed) {
            connection.ending = connection.dialled && !connection.established
                                    ? Ending::refused
                                    : Ending::reset_by_program;
        }
        return;
    }
    // A RST in SYN-RECEIVED leads back to LISTEN (RFC 9293, 3.10.7.4), where the SYN opens anew.
    if (connection.ending == Ending::reset_by_program && !connection.established) {
        connection.ending = Ending::unanswered;
    }
    const bool may_open = kind == tcp::Kind::syn && connection.began_with_syn &&
                          !connection.dialled && connection.flow.local.port != 0 &&
                          connection.behaviour->profile->role == profile::Role::server &&
                          connection.ending == Ending::unanswered;
    if (!may_open) {
        // A listener has no answer to a segment that neither opens nor acknowledges anything (RFC
        // 9293, 3.10.7.2, fourth step).
        const bool listens = connection.behaviour->profile->role == profile::Role::server;
        if (listens && (segment.flags.bits & (wire::Flags::ack | wire::Flags::syn)) == 0) {
            return;
        }
        if (auto answer = tcp::reset_for(segment)) {
            gate_out(connection, tcp::Reply{std::move(*answer), tcp::Reason::rst, false}, now);
        }
        return;
    }
    if (segment.has(wire::Flags::fin)) {
        return;  // Linux (tcp_rcv_state_process): nobody honest opens and finishes at once
    }
    if (const auto* relay = std::get_if<profile::Relay>(&connection.behaviour->profile->service)) {
        hold_syn(connection, *relay, std::move(segment), now);
        return;
    }
    open(connection, segment, now);
}

void Engine::Impl::open(Connection& connection, const wire::Segment& syn, Instant now) {
    auto environment = make_environment(connection, now);
    environment.fast_open = cookies.take(connection, syn);
    ++live;
    connection.listed = false;
    connection.tcb.open_passive(connection.behaviour->tcp, environment, syn, now, out);
    note_options(connection);
}

std::optional<Untold> Engine::Impl::arrival(const Connection& connection,
                                            const wire::Segment& segment, tcp::Kind kind,
                                            bool retransmission, Instant now) {
    if (!settings.segment_events) {
        return std::nullopt;
    }
    event::Segment event;
    event.direction = event::Direction::in;
    event.kind = kind;
    event.segment = segment;
    event.base = {connection.program_isn, connection.iss, connection.began_with_syn};
    event.window = static_cast<std::uint32_t>(segment.window)
                   << (segment.has(wire::Flags::syn) ? 0 : connection.scale_in);
    event.retransmission = retransmission;
    event.state = stance(connection);
    event.made = now;
    if (carried != nullptr) {
        event.made = carried->sent;
        event.queued = carried->queued;
        event.on_the_way = carried->copy ? std::optional(event::OnTheWay::copied) : std::nullopt;
    }
    return Untold{make_event(&connection, now, std::move(event)), events.size()};
}

event::EventId Engine::Impl::report_lost(Connection& connection, const wire::Segment& segment,
                                         event::OnTheWay what, Instant now) {
    const tcp::Kind kind = kind_of(connection, segment);
    const bool again = is_retransmission(connection, segment);
    // The program has sent it all the same, and how it ends depends on that.
    follow_arrival(trail_of(connection), segment, kind, again, now);
    std::optional<Untold> untold = arrival(connection, segment, kind, again, now);
    auto* told = untold ? std::get_if<event::Segment>(&untold->event.what) : nullptr;
    if (told == nullptr) {
        return 0;
    }
    told->on_the_way = what;
    const event::EventId id = untold->event.id;
    report_arrival(connection, std::move(untold), event::Fate::dropped, nullptr);
    return id;
}

void Engine::Impl::report_arrival(const Connection& connection, std::optional<Untold>&& untold,
                                  event::Fate fate, const profile::Rule* rule,
                                  std::optional<Instant> until,
                                  std::shared_ptr<const event::Forgery> forgery) {
    auto* segment = untold ? std::get_if<event::Segment>(&untold->event.what) : nullptr;
    if (segment == nullptr) {
        return;
    }
    segment->received = connection.tcb.bytes_received();
    segment->acknowledged = connection.tcb.bytes_acknowledged();
    segment->fate = fate;
    if (rule != nullptr) {
        segment->rule = rule->place;
    }
    segment->until = until;
    segment->forgery = std::move(forgery);
    // It is told before what it has brought about.
    const auto place = std::min(untold->place, events.size());
    events.insert(events.begin() + static_cast<std::ptrdiff_t>(place), std::move(untold->event));
}

}  // namespace ghostpeer::peer
