// Actions that change segments, and actions that make packets of their own.
#include "peer/engine_impl.hpp"

#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/icmp.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {

bool Engine::Impl::change(const profile::Rule& rule, const profile::Action& action,
                          const Occasion& occasion, Instant now) {
    occasion.judgement->rule = &rule;
    std::unique_ptr<Forged>& forged = occasion.judgement->forged;
    const wire::Segment& current = forged ? forged->segment : *occasion.segment;
    const auto* corruption = std::get_if<profile::Corrupt>(&action);
    if (corruption != nullptr && corruption->what == profile::Corrupt::What::payload &&
        current.payload.empty()) {
        return false;
    }
    if (corruption != nullptr && corruption->what == profile::Corrupt::What::ip_checksum &&
        !current.source.address.is_v4()) {
        notice("no-effect", "ip-checksum",
               "`corrupt: ip-checksum` changes nothing here: the header of an IPv6 packet has no "
               "checksum.",
               now);
        return false;
    }
    const auto* set = std::get_if<profile::Set>(&action);
    if (set != nullptr && is_foreign(*set->fields, occasion.connection, "set", now)) {
        return false;
    }
    if (!forged) {
        forged = std::make_unique<Forged>();
        forged->segment = *occasion.segment;
    }
    if (corruption != nullptr) {
        corrupt(corruption->what, *forged);
    } else if (set != nullptr) {
        const auto snd_nxt = snd_nxt_before(occasion);
        const auto value = [&](const profile::SequenceExpression& sum) {
            return evaluate(sum, occasion.connection, occasion.segment, now, snd_nxt);
        };
        apply(*set->fields, value, !occasion.connection.behaviour->tcp.md5_key.empty(),
              forged->segment, forged->forgery.distortion);
        auto& changes = forged->forgery.changes;
        changes.insert(changes.end(), set->fields->names.begin(), set->fields->names.end());
    } else if (const auto* fragment = std::get_if<profile::Fragment>(&action)) {
        forged->forgery.distortion.fragment = fragment->size;
        forged->forgery.distortion.fates = fragment->fates;
        forged->forgery.changes.push_back(profile::name(action));
        return more_than_a_fragment(forged->segment, forged->forgery.distortion,
                                    occasion.connection.behaviour->tcp.md5_key);
    }
    return true;
}

std::optional<Instant> Engine::Impl::depart_in_fragments(Connection& connection,
                                                         Fragments&& fragments,
                                                         std::optional<event::Event>&& event,
                                                         Instant now) {
    std::optional<Instant> whole = fragments.lost == 0 ? std::optional(now) : std::nullopt;
    for (wire::SentFragment& part : fragments.sent) {
        std::optional<Instant> there;
        if (part.late == Duration::zero()) {
            ++counters.packets_out;
            there = depart(&connection, std::move(part.packet), std::exchange(event, std::nullopt),
                           now);
        } else if (may_delay(connection, part.packet.size(), now)) {
            there = now + part.late;
            connection.extra().note_made(part.packet.size());
            agenda.add(*there, {connection.slot, connection.id},
                       std::make_unique<LatePacket>(LatePacket{std::move(part.packet)}));
            put_finish_off(*there);
        }
        whole = whole && there ? std::max(whole, there) : std::nullopt;
    }
    if (event) {
        events.push_back(std::move(*event));  // all of it is lost or late
    }
    return whole;
}

void Engine::Impl::release(Connection& connection, LatePacket&& late, Instant now) {
    connection.extra().note_kept(late.packet.size());
    if (connection.blackholed_out) {
        if (const profile::Rule* hole = connection.extra().hole_out_rule) {
            ++connection.behaviour->record(*hole).statistics.withheld;
        }
        return;
    }
    ++counters.packets_out;
    static_cast<void>(depart(&connection, std::move(late.packet), {}, now));
}

bool Engine::Impl::is_foreign(const profile::SegmentFields& fields, const Connection& connection,
                              std::string_view action, Instant now) {
    if (is_of_version(fields, connection.flow.local.address.is_v4())) {
        return false;
    }
    notice("no-effect", "from",
           fmt::format("`{}` did nothing: the address of its `from` is not of the connection's "
                       "version of IP.",
                       action),
           now);
    return true;
}

wire::Segment Engine::Impl::template_segment(const Connection& connection, Instant now) const {
    wire::Segment segment;
    if (connection.live()) {
        segment = connection.tcb.template_segment(now);
    } else {
        const bool fresh = awaits_answer(connection);
        segment.flags.bits = wire::Flags::ack;
        segment.seq = fresh ? connection.iss : connection.tcb.snd().nxt;
        segment.ack = fresh ? connection.program_isn + 1 : connection.tcb.rcv().nxt;
        constexpr std::uint32_t largest = 65'535;
        segment.window = connection.window_offered
                             ? connection.last_window
                             : static_cast<std::uint16_t>(std::min(
                                   connection.behaviour->tcp.window.value_or(largest), largest));
        if (connection.tcb.timestamps_on()) {
            segment.options.timestamps = {connection.tcb.timestamp_now(now),
                                          connection.tcb.timestamp_recent()};
        }
    }
    if (connection.acking_stopped) {
        segment.ack = connection.extras->frozen_ack;
    }
    address(connection, segment);
    return segment;
}

bool Engine::Impl::send(const profile::Rule& rule, const profile::Send& what,
                        const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    if (is_foreign(*what.fields, connection, "send", now)) {
        return false;
    }
    wire::Segment segment = template_segment(connection, now);
    if (what.fields->payload && !what.fields->payload->empty()) {
        segment.flags.bits |= wire::Flags::psh;
    }
    event::Forgery forgery;
    const auto value = [&](const profile::SequenceExpression& sum) {
        return evaluate(sum, connection, occasion.segment, now);
    };
    apply(*what.fields, value, !connection.behaviour->tcp.md5_key.empty(), segment,
          forgery.distortion);
    Departure how{reason_of(segment), event::Fate::sent, &rule};
    how.apart = true;
    if (forgery.distortion != wire::Distortion{}) {
        how.forgery = std::make_shared<const event::Forgery>(std::move(forgery));
    }
    return leave(connection, std::move(segment), how, now);
}

void Engine::Impl::note_no_icmp(const wire::IcmpMessage& message, const wire::Segment& about,
                                Instant now) {
    const bool v4 = about.source.address.is_v4();
    const auto differs = [v4](const auto& address) { return address && address->is_v4() != v4; };
    if (!wire::exists(message.kind, v4)) {
        notice("no-effect", std::string(wire::name(message.kind)),
               fmt::format("`icmp: {}` sent nothing: {} has no such message.",
                           wire::name(message.kind), v4 ? "ICMP" : "ICMPv6"),
               now);
    } else if (differs(message.from) || differs(message.gateway)) {
        notice("no-effect", "icmp-address",
               fmt::format("`icmp: {}` sent nothing: its addresses are not of the connection's "
                           "version of IP.",
                           wire::name(message.kind)),
               now);
    }
}

bool Engine::Impl::send_icmp(const profile::Rule& rule, const profile::Icmp& what,
                             const Occasion& occasion, Instant now) {
    using About = profile::Icmp::About;
    Connection& connection = occasion.connection;
    const bool about_this = occasion.segment != nullptr &&
                            occasion.direction == event::Direction::in &&
                            what.about != About::last_received;
    const wire::Segment* about =
        about_this ? occasion.segment : connection.extra().last_received.get();
    if (about == nullptr) {
        notice(
            "no-effect", "icmp",
            connection.behaviour->quotes_arrivals
                ? "`icmp` sent nothing: an ICMP error quotes a segment of the program, and none "
                  "had arrived yet."
                : "`icmp` sent nothing: an ICMP error quotes a segment of the program, and those "
                  "are kept only for profiles that have an `icmp` action of their own. Begin "
                  "with one that has such a rule, `on: command NAME` for example.",
            now);
        return false;
    }
    event::Icmp event;
    event.kind = what.message.kind;
    event.mtu = what.message.mtu;
    event.source = what.message.from.value_or(connection.flow.local.address);
    event.destination = connection.flow.remote.address;
    event.quoted = *about;
    event.base = {connection.program_isn, connection.iss, connection.began_with_syn};
    event.rule = rule.place;
    if (what.seq) {
        event.quoted.seq = wire::SeqNum(evaluate(*what.seq, connection, occasion.segment, now));
    }
    auto packet = settings.packets->icmp_error(what.message, wire::encode(event.quoted));
    if (!packet) {
        note_no_icmp(what.message, event.quoted, now);
        return false;
    }
    event.quoted.payload.clear();
    if (connection.blackholed_out) {
        if (const profile::Rule* hole = connection.extra().hole_out_rule) {
            ++connection.behaviour->record(*hole).statistics.withheld;
            event.rule = hole->place;
        }
        event.fate = event::Fate::dropped;
        if (settings.segment_events) {
            post(&connection, now, std::move(event));
        }
        return false;
    }
    connection.last_activity = now;
    ++counters.packets_out;
    std::optional<event::Event> told;
    if (settings.segment_events) {
        told = make_event(&connection, now, std::move(event));
    }
    const auto there = depart(&connection, std::move(*packet), std::move(told), now);
    event::Trail* trail = trail_of(connection);
    if (trail != nullptr && there && wire::is_unreachable(what.message.kind)) {
        trail->unreachable_left = *there;
    }
    return true;
}

}  // namespace ghostpeer::peer
