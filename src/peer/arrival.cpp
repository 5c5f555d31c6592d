// Packets, the flows they belong to, and attempts.
#include "peer/engine_impl.hpp"
#include "wire/unsigned.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

constexpr std::size_t max_notices = 64;  // of a kind
constexpr std::size_t max_counted_endpoints = 65'536;
constexpr std::size_t max_datagrams = 1000;
constexpr std::uint8_t udp = 17;
constexpr std::uint16_t name_server_port = 53;

[[nodiscard]] bool opens(const wire::Segment& segment) noexcept {
    return segment.has(wire::Flags::syn) &&
           (segment.flags.bits & (wire::Flags::ack | wire::Flags::rst)) == 0;
}

/// A SYN with a new initial number is a new attempt, unless a connection is in its way.
[[nodiscard]] bool begins_anew(const Connection& connection, const wire::Segment& segment) {
    if (!opens(segment)) {
        return false;
    }
    if (connection.live()) {
        return connection.tcb.state() == tcp::State::time_wait && connection.tcb.reopens(segment);
    }
    return !connection.began_with_syn || segment.seq != connection.program_isn;
}

[[nodiscard]] bool is_multicast(const wire::IpAddress& address) noexcept {
    return address.is_v4()
               ? (address.v4_host_order() >> 28) == 0xe || address.v4_host_order() == 0xffffffffU
               : address.bytes()[0] == 0xff;
}

}  // namespace

wire::DecodeOptions Engine::Impl::reading_of(std::span<const std::uint8_t> packet) {
    wire::DecodeOptions how{settings.verify_checksums};
    if (!has_keys) {
        return how;
    }
    const auto decoded = wire::decode_unsigned(packet);
    if (const auto* segment = std::get_if<wire::Segment>(&decoded)) {
        const Connection* known = connections.find({segment->destination, segment->source});
        const Behaviour* behaviour = known != nullptr && !begins_anew(*known, *segment)
                                         ? known->behaviour
                                         : behaviour_to_come(*segment);
        how.md5_key = behaviour != nullptr ? std::string_view(behaviour->tcp.md5_key) : "";
    }
    return how;
}

/// Of the connection that the segment would begin; null: of none.
const Behaviour* Engine::Impl::behaviour_to_come(const wire::Segment& segment) const {
    const auto peer = places.find(segment.destination);
    if (!peer) {
        return nullptr;
    }
    const Behaviour* behaviour = behaviour_of_peer[*peer];
    const auto counted = attempt_counts.find(segment.destination);
    const std::uint32_t attempt =
        opens(segment) ? (counted != attempt_counts.end() ? counted->second.count : 0) + 1 : 0;
    const auto other = std::find_if(behaviour->attempts.begin(), behaviour->attempts.end(),
                                    [&](const auto& one) { return one.first.contains(attempt); });
    return other != behaviour->attempts.end() ? other->second : behaviour;
}

void Engine::Impl::packet_arrived(std::span<const std::uint8_t> packet, Instant now) {
    ++counters.packets_in;
    put_finish_off(now);
    auto decoded = wire::decode(packet, reading_of(packet));
    const auto* oddity = std::get_if<wire::Oddity>(&decoded);
    if (oddity != nullptr && *oddity == wire::Oddity::fragment) {
        fragment_arrived(packet, now);
    } else {
        decoded_arrived(std::move(decoded), packet, now);
    }
}

void Engine::Impl::fragment_arrived(std::span<const std::uint8_t> packet, Instant now) {
    using Result = wire::Reassembly::Result;
    switch (reassembly.add(packet, now)) {
        case Result::held: break;
        case Result::refused: odd_packet_arrived(wire::Oddity::fragment, now); break;
        case Result::whole:
            // A fragment within a fragment is none of an honest sender, and stays one here.
            decoded_arrived(wire::decode(reassembly.packet(), reading_of(reassembly.packet())),
                            reassembly.packet(), now);
    }
}

void Engine::Impl::give_up_fragments(Instant now) {
    for (std::size_t left = reassembly.expire(now); left > 0; --left) {
        odd_packet_arrived(wire::Oddity::fragment, now);
    }
}

void Engine::Impl::decoded_arrived(wire::Decoded&& decoded, std::span<const std::uint8_t> packet,
                                   Instant now) {
    if (auto* segment = std::get_if<wire::Segment>(&decoded)) {
        if (opens(*segment)) {
            cookies.note(*segment, packet);
        }
        segment_arrived(std::move(*segment), now);
    } else if (const auto* other = std::get_if<wire::OtherPacket>(&decoded)) {
        other_packet_arrived(*other, packet, now);
        if (other->protocol == udp && !is_multicast(other->destination) &&
            !for_name_server(*other)) {
            const std::string where =
                wire::Endpoint{other->destination, other->destination_port}.to_string();
            notice("not-tcp", where,
                   fmt::format("A UDP packet to {} was answered with ICMP port unreachable: the "
                               "peer speaks TCP only{}.",
                               where,
                               other->destination_port == name_server_port
                                   ? " and is no name server; --peer NAME=PROFILE gives a name an "
                                     "address"
                                   : ""),
                   now);
        }
    } else if (const auto oddity = std::get<wire::Oddity>(decoded);
               oddity == wire::Oddity::signed_tcp && !reading_of(packet).md5_key.empty()) {
        ++counters.oddities[static_cast<std::size_t>(oddity)];
        notice("odd-packet", "key",
               "A segment was ignored: it is not signed with the key of `tcp: {md5: …}` (RFC "
               "2385). Later ones are only counted.",
               now);
    } else {
        odd_packet_arrived(oddity, now);
    }
}

bool Engine::Impl::for_name_server(const wire::OtherPacket& other) const noexcept {
    return settings.name_server && other.protocol == udp &&
           other.destination_port == name_server_port && !is_multicast(other.destination);
}

void Engine::Impl::other_packet_arrived(const wire::OtherPacket& other,
                                        std::span<const std::uint8_t> packet, Instant now) {
    ++counters.not_tcp;
    if (for_name_server(other)) {
        auto datagram = settings.packets->decode_datagram(packet, {settings.verify_checksums});
        if (datagram && datagrams.size() < max_datagrams) {
            datagrams.push_back(std::move(*datagram));
        }
        return;
    }
    if (const auto report = wire::decode_icmp_error(packet)) {
        icmp_error_arrived(*report, now);
        return;
    }
    std::optional<wire::Bytes> answer;
    if (other.echo_request) {
        answer = settings.packets->echo_reply(packet);
    } else if (other.protocol == udp) {
        answer = settings.packets->icmp_error({wire::IcmpKind::port_unreachable}, packet);
    } else if (other.foreign && !is_multicast(other.destination)) {
        answer = settings.packets->protocol_unreachable(packet);
    }
    if (answer) {
        depart_in_parts(std::move(*answer), now);
    }
}

void Engine::Impl::depart_in_parts(wire::Bytes&& packet, Instant now) {
    // Behind either family's header, with IPv6's fragment header.
    constexpr std::uint16_t headers = 48;
    if (packet.size() <= settings.mtu || settings.mtu <= headers) {
        ++counters.packets_out;
        depart(nullptr, std::move(packet), std::nullopt, now);
        return;
    }
    const auto room = static_cast<std::uint16_t>(settings.mtu - headers);
    for (wire::Bytes& part : wire::fragment(packet, room, ++fragmented)) {
        ++counters.packets_out;
        depart(nullptr, std::move(part), std::nullopt, now);
    }
}

void Engine::Impl::odd_packet_arrived(wire::Oddity oddity, Instant now) {
    ++counters.oddities[static_cast<std::size_t>(oddity)];
    const std::string what(wire::describe(oddity));
    notice("odd-packet", what,
           fmt::format("A packet was ignored because of this: {}. Later ones of the kind are only "
                       "counted.",
                       what),
           now);
}

void Engine::Impl::segment_arrived(wire::Segment&& segment, Instant now) {
    ++counters.segments_in;
    const wire::Flow flow{segment.destination, segment.source};
    Connection* connection = connections.find(flow);
    std::optional<wire::SeqNum> beyond;
    if (connection != nullptr && begins_anew(*connection, segment)) {
        if (connection->live()) {
            --live;
            constexpr std::uint32_t beyond_any_window =
                65'537;  // Linux: tcp_timewait_state_process
            beyond = connection->tcb.snd().nxt + beyond_any_window;
        }
        erase(*connection);
        connection = nullptr;
    }
    if (connection == nullptr) {
        connection = admit(segment, beyond, now);
        if (connection == nullptr) {
            return;
        }
    }
    gate_in(*connection, std::move(segment), now);
}

Connection* Engine::Impl::admit(const wire::Segment& segment, std::optional<wire::SeqNum> beyond,
                                Instant now) {
    const auto peer = places.find(segment.destination);
    if (!peer) {
        const std::string where = segment.destination.to_string();
        notice("silent-address", where,
               fmt::format("Nothing answers at {}: no --peer names it, and there is no PROFILE for "
                           "the rest of the world.",
                           where),
               now);
        return nullptr;
    }
    Connection* connection = create(wire::Flow{segment.destination, segment.source}, *peer,
                                    behaviour_of_peer[*peer], now);
    if (connection == nullptr) {
        return nullptr;
    }
    connection->begins_beyond = beyond.has_value();
    connection->iss = beyond.value_or(wire::SeqNum{});
    if (!future_blackhole.empty()) {
        begin_blackholed(*connection, *peer);
    }
    if (opens(segment)) {
        ++attempts_of_peer[*peer];
        begin_attempt(*connection, segment, now);
    }
    start(*connection, &segment, now);
    return connection;
}

Connection* Engine::Impl::create(const wire::Flow& flow, std::size_t peer, Behaviour* behaviour,
                                 Instant now) {
    Connection* connection = connections.create(flow, last_id + 1);
    if (connection == nullptr && evict_one()) {
        connection = connections.create(flow, last_id + 1);
    }
    if (connection == nullptr) {
        ++counters.syns_dropped_at_limit;
        notice("limit", "connections",
               fmt::format("The limit of {} connections is reached; new SYNs are dropped and "
                           "counted. Raise it with --max-connections.",
                           settings.max_connections),
               now);
        return nullptr;
    }
    ++last_id;
    connection->belong_to(peer);
    members.add(*connection, connections);
    connection->behaviour = behaviour;
    connection->start = now;
    connection->last_activity = now;
    return connection;
}

void Engine::Impl::start(Connection& connection, const wire::Segment* first, Instant now) {
    const std::uint32_t expected_by = connection.behaviour->number;
    for (const auto& [attempts, other] : connection.behaviour->attempts) {
        if (attempts.contains(connection.attempt)) {
            connection.behaviour = other;
            break;
        }
    }
    if (connection.behaviour->window_asked_for) {
        note_window(*connection.behaviour, now);
    }
    ++connection.behaviour->connections;
    connection.behaviour->was_used = true;
    if (!connection.behaviour->scope.empty() && connection.record < records.size()) {
        connection.behaviour->own_records.push_back(connection.record);
    }
    if (connection.dialled && connection.behaviour->finishes_together) {
        await_end(connection);
    }
    if (first != nullptr) {
        remember(connection, *first);
    }
    if (tells_of(connection)) {
        post(&connection, now,
             event::Start{connection.flow, connection.dialled, connection.behaviour->number,
                          expected_by});
    }
    try_rules(connection.rules().on_start, Occasion{connection}, now);
}

void Engine::Impl::begin_attempt(Connection& connection, const wire::Segment& syn, Instant now) {
    connection.began_with_syn = true;
    connection.program_isn = syn.seq;
    connection.highest_seen = syn.seq;
    record_attempt(connection, number_attempt(connection, now), now);
}

std::optional<Duration> Engine::Impl::number_attempt(Connection& connection, Instant now) {
    std::optional<Duration> since_last;
    const auto known = attempt_counts.find(connection.flow.local);
    if (known != attempt_counts.end()) {
        since_last = now - known->second.last_start;
        connection.attempt = ++known.value().count;
        known.value().last_start = now;
    } else {
        connection.attempt = 1;
        if (attempt_counts.size() < max_counted_endpoints) {
            attempt_counts.insert({connection.flow.local, AttemptCount{1, now}});
        }
    }
    return since_last;
}

void Engine::Impl::record_attempt(Connection& connection, std::optional<Duration> since_last,
                                  Instant now) {
    if (records.size() < settings.max_attempt_records) {
        connection.record = static_cast<std::uint32_t>(records.size());
        AttemptRecord record;
        record.connection = connection.id;
        record.number = connection.attempt;
        record.flow = connection.flow;
        record.dialled = connection.dialled;
        record.start = now;
        record.since_last = since_last;
        records.push_back(record);
    } else {
        ++counters.unrecorded_attempts;
    }
    begin_trail(connection);
    if (tells_of(connection)) {
        post(&connection, now, event::Attempt{connection.flow, since_last, connection.dialled});
    }
}

bool Engine::Impl::evict_one() {
    for (auto* candidates : {&dead, &waiting}) {
        while (!candidates->empty()) {
            const Handle handle = candidates->front();
            candidates->pop_front();
            Connection* connection = connections.find(handle);
            if (connection != nullptr && !connection->live()) {
                erase(*connection);
                return true;
            }
        }
    }
    return false;
}

void Engine::Impl::notice(std::string_view what, std::string key, std::string text, Instant now,
                          const Connection* about) {
    // Each kind has its own share: a program of a thousand addresses must not keep a limit untold.
    auto& given = notices_given[what];
    if (given.size() < max_notices && given.insert(std::move(key)).second) {
        post(about, now, event::Notice{what, std::move(text)});
    }
}

}  // namespace ghostpeer::peer
