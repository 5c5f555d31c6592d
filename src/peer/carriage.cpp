// The way between program and peer (`link:`, `--rtt`): where each packet's leads, and its ends.
#include "peer/engine_impl.hpp"

#include "ghostpeer/tcp/classify.hpp"

namespace ghostpeer::peer {

void Engine::Impl::open_ways() {
    constexpr std::uint64_t own_chances = 0x8ebc6af09c88c6e3U;
    if (!ways) {
        ways = std::make_unique<path::Carrier>(
            *this, path::Means{memory, counters, *ids, max_appointments}, settings.rtt,
            settings.link, settings.seed ^ own_chances);
    }
}

void Engine::Impl::change_way(const profile::Profile& profile, const profile::Link& to,
                              const profile::Rule& rule, Instant now) {
    open_ways();
    ways->change(profile.link.get(), to, rule.place, now);
}

const profile::Link* Engine::Impl::way_from(std::span<const std::uint8_t> packet) {
    const auto flow = wire::peek_flow(packet);
    if (!flow) {
        return nullptr;
    }
    if (const Connection* connection = connections.find(*flow)) {
        return connection->behaviour->profile->link.get();
    }
    const auto peer = places.find(flow->local);
    return peer ? behaviour_of_peer[*peer]->profile->link.get() : nullptr;
}

std::optional<Instant> Engine::Impl::depart(const Connection* connection, wire::Bytes&& packet,
                                            std::optional<event::Event>&& event, Instant now) {
    if (ways) {
        return ways->down(
            connection != nullptr ? connection->behaviour->profile->link.get() : nullptr,
            std::move(packet), std::move(event), now);
    }
    put_finish_off(now);
    emit(std::move(packet), std::move(event));
    return now;
}

bool Engine::Impl::set_interface(Connection& by, const profile::Rule& rule,
                                 profile::InterfaceState to, Instant now) {
    if (!settings.program_interface) {
        notice("rule", "interface",
               "A rule has `interface`, and there is none of the program's here: it needs `run` "
               "with `--link tun` or `--link ethernet`.",
               now);
        return false;
    }
    using State = profile::InterfaceState;
    program_interface.cut_off = to == State::down || to == State::no_carrier;
    program_interface.wanted.push_back(to);
    if (settings.segment_events) {
        post(&by, now, event::Rule{rule.place, "interface", std::string(profile::name(to))});
    }
    return true;
}

void Engine::Impl::emit(wire::Bytes&& packet, std::optional<event::Event>&& event) {
    if (!program_interface.cut_off) {
        packets.push_back({std::move(packet), event ? event->id : 0});
    } else {
        ++counters.undelivered;
    }
    if (event) {
        if (program_interface.cut_off) {
            make_undelivered(*event);
        }
        events.push_back(std::move(*event));
    }
}

void Engine::Impl::arrive(const path::Flight& flight, Instant now) {
    cause = 0;
    carried = &flight;
    packet_arrived(flight.packet, now);
    carried = nullptr;
    settle_unsettled(now);
    cause = 0;
}

event::EventId Engine::Impl::lost(std::span<const std::uint8_t> packet, event::OnTheWay what,
                                  Instant now) {
    auto decoded = wire::decode(packet, reading_of(packet));
    auto* segment = std::get_if<wire::Segment>(&decoded);
    if (segment == nullptr) {
        return 0;
    }
    Connection* connection = connections.find({segment->destination, segment->source});
    const bool opens = segment->has(wire::Flags::syn) && !segment->has(wire::Flags::ack);
    if (connection != nullptr && !(opens && segment->seq != connection->program_isn)) {
        return report_lost(*connection, *segment, what, now);
    }
    if (!settings.segment_events) {
        return 0;
    }
    // Of a new connection whose first segment is lost the peer knows nothing.
    event::Segment told;
    told.kind = tcp::classify(*segment, {false, {}, false});
    told.base = {segment->seq, {}, opens};
    told.window = segment->window;
    told.segment = std::move(*segment);
    told.state = tcp::State::listen;
    told.made = now;
    told.fate = event::Fate::dropped;
    told.on_the_way = what;
    return post(nullptr, now, std::move(told));
}

void Engine::Impl::refused(std::size_t bytes, bool many, Instant now) {
    if (!many) {
        note_want_of_memory(bytes, now);
        return;
    }
    notice("limit", "flights",
           "A packet was lost: more of them were on their way than the peer can hold. Ask for a "
           "shorter --rtt or delay.",
           now);
}

void Engine::Impl::expected(Instant then) { put_finish_off(then); }

void Engine::Impl::record(event::Event&& event) { events.push_back(std::move(event)); }

void Engine::Impl::tell(event::Link&& link, Instant now) { post(nullptr, now, std::move(link)); }

}  // namespace ghostpeer::peer
