// Gate out: the rules `on: send`, after the TCP core has moved on and before the segment leaves.
#include "peer/engine_impl.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::peer {

void Engine::Impl::address(const Connection& connection, wire::Segment& segment) const {
    const profile::IpConfig& ip = connection.behaviour->profile->ip;
    segment.source = connection.flow.local;
    segment.destination = connection.flow.remote;
    segment.ttl = ip.ttl;
    if (!segment.source.address.is_v4()) {
        constexpr std::uint64_t bits = 0xfffff;
        const std::uint64_t hash = wire::FlowHash{settings.seed}(connection.flow);
        segment.flow_label = static_cast<std::uint32_t>(std::max(hash & bits, std::uint64_t{1}));
    }
    constexpr std::uint8_t ecn_field = 0x03;  // the connection's, unless the profile has one
    segment.tos = (ip.tos & ecn_field) != 0
                      ? ip.tos
                      : static_cast<std::uint8_t>(ip.tos | (segment.tos & ecn_field));
    segment.dont_fragment = ip.dont_fragment && !connection.may_fragment;
    segment.options.order = connection.behaviour->tcp.option_order;
}

const profile::Rule* Engine::Impl::gate_out(Connection& connection, tcp::Reply&& reply,
                                            Instant now) {
    wire::Segment& segment = reply.segment;
    address(connection, segment);
    if (connection.acking_stopped && segment.has(wire::Flags::ack) &&
        reply.reason != tcp::Reason::rst) {
        segment.ack = connection.extras->frozen_ack;
    }

    Judgement judgement;
    const RuleList& rules = connection.rules().of(reply.reason);
    if (!rules.empty()) {
        try_rules(
            rules,
            Occasion{connection, &segment, event::Direction::out, reply.retransmission, &judgement},
            now);
    }
    Departure how{reply.reason, event::Fate::sent, judgement.rule, reply.retransmission};
    switch (judgement.course) {
        case Judgement::Course::drop:
        case Judgement::Course::gone:
            ++connection.behaviour->record(*judgement.rule).statistics.withheld;
            how.fate = event::Fate::dropped;
            report_departure(connection, std::move(segment), how, {}, now);
            return judgement.rule;
        case Judgement::Course::hold: {
            const auto until = judgement.until(now);
            event::EventId told = 0;
            if (settings.segment_events) {
                how.fate = event::Fate::delayed;
                told = report_departure(connection, wire::Segment(segment), how, until, now);
            }
            HeldSegment held{event::Direction::out,
                             {},
                             reply.reason,
                             std::move(segment),
                             reply.retransmission,
                             judgement.rule,
                             std::move(judgement.forged),
                             told};
            hold(connection, std::move(held), judgement, until);
            return judgement.rule;
        }
        case Judgement::Course::pass: break;
    }
    if (judgement.copies > 0) {
        Departure as_copy = how;
        as_copy.fate = event::Fate::duplicated;
        const Forged* forged = judgement.forged_copy.get();
        if (forged != nullptr) {
            as_copy.forgery = std::make_shared<const event::Forgery>(forged->forgery);
        }
        for (std::uint32_t copy = 0; copy < judgement.copies; ++copy) {
            leave(connection, wire::Segment(forged != nullptr ? forged->segment : segment), as_copy,
                  now);
        }
    }
    if (judgement.forged) {
        how.fate = judgement.forged->fate();
        how.forgery = std::make_shared<const event::Forgery>(std::move(judgement.forged->forgery));
        segment = std::move(judgement.forged->segment);
    } else {
        how.rule = nullptr;
    }
    leave(connection, std::move(segment), how, now);
    return judgement.rule;
}

namespace {

/// SACK blocks give way to the signature (Linux: tcp_established_options). `cookie`: an option that
/// stands behind what a rule adds.
[[nodiscard]] wire::Bytes encode_own(wire::Segment& segment, const wire::Distortion* lie,
                                     const std::string& key, const wire::Bytes& cookie) {
    if (key.empty() && cookie.empty()) {
        return lie != nullptr ? wire::encode(segment, *lie) : wire::encode(segment);
    }
    wire::Distortion how = lie != nullptr ? *lie : wire::Distortion{};
    if (!key.empty()) {
        constexpr std::size_t room_without_timestamps = 2;
        auto& blocks = segment.options.sack;
        blocks.resize(
            std::min(blocks.size(), segment.options.timestamps ? 0 : room_without_timestamps));
        how.md5_key = how.md5_key.value_or(key);
    }
    how.more_options.insert(how.more_options.end(), cookie.begin(), cookie.end());
    return wire::encode(segment, how);
}

/// Of a segment that never becomes whole.
void tell_lost(const std::optional<Fragments>& parts, event::Segment& told) {
    if (!parts || parts->lost == 0) {
        return;
    }
    event::Forgery forgery = told.forgery ? *told.forgery : event::Forgery{};
    forgery.changes.emplace_back("lose");
    told.forgery = std::make_shared<const event::Forgery>(std::move(forgery));
    told.fate = parts->sent.empty() ? event::Fate::dropped : told.fate;
}

/// What a segment that leaves means for the connection's end.
void note_end_by(Connection& connection, const wire::Segment& segment, const Departure& how) {
    if (!how.apart) {
        note_ending(connection, how.reason);
    } else if (how.reason == tcp::Reason::rst && ends_program(connection, segment)) {
        connection.ending =
            connection.live() ? event::Ending::reset_by_peer : event::Ending::refused;
    }
}

}  // namespace

bool Engine::Impl::leave(Connection& connection, wire::Segment&& segment, const Departure& how,
                         Instant now) {
    if (connection.blackholed_out) {
        const profile::Rule* hole = connection.extra().hole_out_rule;
        if (hole != nullptr) {
            ++connection.behaviour->record(*hole).statistics.withheld;
        }
        report_departure(connection, std::move(segment),
                         {.reason = how.reason,
                          .fate = event::Fate::dropped,
                          .rule = hole,
                          .retransmission = how.retransmission,
                          .of = how.of},
                         {}, now);
        return false;
    }
    connection.last_activity = now;
    for (const profile::Rule* mark : connection.rules().marks_on_send) {
        const auto& reason = std::get<profile::OnSend>(mark->on.front()).reason;
        if (!reason || *reason == how.reason) {
            mark_came(connection, *mark, now);
        }
    }
    ++connection.segments_out;
    segment.ip_id = identification(connection, segment);
    const bool own = segment.source == connection.flow.local;
    const wire::Distortion* lie = how.forgery ? &how.forgery->distortion : nullptr;
    const bool cut = lie != nullptr && lie->fragment > 0;
    if (cut) {
        segment.dont_fragment = false;
    }
    const std::string& key = connection.behaviour->tcp.md5_key;
    const wire::Bytes cookie = cookies.option(connection.flow, segment, lie);
    wire::Bytes packet = encode_own(segment, lie, own ? key : std::string(), cookie);
    std::optional<Fragments> parts;
    if (cut) {
        auto pieces = wire::fragment(packet, lie->fragment, ++fragmented, lie->fates.overlap);
        const std::size_t lost = lost_of(lie->fates, pieces.size());
        parts = Fragments{wire::plan(std::move(pieces), lie->fates), lost};
        if (lost > 0 && how.rule != nullptr) {
            ++connection.behaviour->record(*how.rule).statistics.withheld;
        }
    }
    if (own) {
        note_end_by(connection, segment, how);
    }
    if (!parts || !parts->sent.empty()) {
        ++counters.segments_out;
        ++counters.reasons[static_cast<std::size_t>(how.reason)];
        ++connection.behaviour->traffic.reasons[static_cast<std::size_t>(how.reason)];
    }
    if (own && (!parts || parts->lost == 0)) {
        // Of what comes from elsewhere, or not whole, the program's connection sees nothing.
        if (lie == nullptr) {
            note_departure(connection, segment, false);
        } else if (const auto seen = as_read(segment, *lie, key)) {
            note_departure(connection, *seen, true);
        }
    }
    const wire::Flags flags = segment.flags;
    std::optional<event::Event> event;
    if (settings.segment_events) {
        event::Segment told = departure(connection, std::move(segment), how, {}, now);
        tell_lost(parts, told);
        event = make_event(&connection, now, std::move(told));
        event->of = how.of;
    }
    std::optional<Instant> there = now;
    if (parts) {
        there = depart_in_fragments(connection, std::move(*parts), std::move(event), now);
    } else {
        ++counters.packets_out;
        there = depart(&connection, std::move(packet), std::move(event), now);
    }
    if (own) {
        follow_departure(trail_of(connection), flags, there);
    }
    return true;
}

void Engine::Impl::note_departure(Connection& connection, const wire::Segment& seen, bool changed) {
    connection.window_offered = true;
    connection.last_window = seen.window;
    if (changed && seen.has(wire::Flags::syn)) {
        connection.syn_changed = true;
        // The program scales by what it saw, and not at all where it saw no option.
        constexpr std::uint8_t largest = 14;
        connection.scale_out =
            std::min(seen.options.window_scale.value_or(0), largest) & Connection::largest_scale;
        if (!seen.options.window_scale) {
            connection.scale_in = 0;
        }
    }
}

bool Engine::Impl::may_delay(const Connection& connection, std::size_t size, Instant now) {
    if (!may_hold(connection, size, now)) {
        return false;
    }
    if (agenda.size() < max_appointments) {
        return true;
    }
    counters.bytes_dropped_at_limit += size;
    notice("limit", "delayed",
           "A delayed segment was lost: no more of them can be held. Delay fewer, or for a "
           "shorter time.",
           now);
    return false;
}

void Engine::Impl::hold(Connection& connection, HeldSegment&& held, const Judgement& judgement,
                        std::optional<Instant> until) {
    if (!until) {
        keep_waiting(connection, std::move(held), judgement);
        return;
    }
    connection.extra().note_made(held.segment.payload.size());
    agenda.add(*until, {connection.slot, connection.id},
               std::make_unique<HeldSegment>(std::move(held)));
}

event::EventId Engine::Impl::report_departure(const Connection& connection, wire::Segment&& segment,
                                              const Departure& how, std::optional<Instant> until,
                                              Instant now) {
    if (!settings.segment_events) {
        return 0;
    }
    event::Event event =
        make_event(&connection, now, departure(connection, std::move(segment), how, until, now));
    event.of = how.of;
    events.push_back(std::move(event));
    return events.back().id;
}

event::Segment Engine::Impl::departure(const Connection& connection, wire::Segment&& segment,
                                       const Departure& how, std::optional<Instant> until,
                                       Instant now) const {
    event::Segment event;
    event.direction = event::Direction::out;
    event.reason = how.reason;
    event.base = {connection.iss, connection.program_isn, connection.began_with_syn};
    event.window = window_bytes(connection, segment);
    event.segment = std::move(segment);
    event.retransmission = how.retransmission;
    event.state = stance(connection);
    event.made = now;
    event.fate = how.fate;
    if (how.rule != nullptr) {
        event.rule = how.rule->place;
    }
    event.until = until;
    event.forgery = how.forgery;
    return event;
}

}  // namespace ghostpeer::peer
