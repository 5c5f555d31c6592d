// Connections that the peer opens: when, from which port, and how each begins.
#include "peer/engine_impl.hpp"

#include "tcp/clock.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

// Without a `rate`, no more than the link's queue can take back as SYN-ACKs.
constexpr std::uint32_t connections_at_once = 100;
constexpr Duration pause_between = std::chrono::milliseconds(1);
constexpr Duration pause_for_a_port = std::chrono::milliseconds(100);

}  // namespace

void Engine::Impl::dial(const Dial& what, Instant now) {
    if (what.peer >= peers.size() || behaviour_of_peer[what.peer] == nullptr ||
        peers[what.peer].profile->role != profile::Role::client) {
        return;
    }
    dialling::Station station;
    station.peer = what.peer;
    station.from = what.from;
    station.to = what.to;
    station.ports = what.ports;
    campaigns.add(std::move(station), behaviour_of_peer, port_random.number(), now);
    dial_due(now);
}

void Engine::Impl::dial_due(Instant now) {
    if (campaigns.take_overflow()) {
        notice("limit", "campaigns",
               "Connections of a command were not opened: ten thousand such commands are not done "
               "yet.",
               now);
    }
    for (std::size_t i = 0; i < campaigns.all().size(); ++i) {
        dial_some(i, now);
    }
    campaigns.drop_done();
    finish_together(now);
}

void Engine::Impl::dial_some(std::size_t index, Instant now) {
    dialling::Campaign& campaign = campaigns[index];
    const profile::Client& client = campaign.client();
    for (std::uint32_t burst = 0; campaign.left > 0 && campaign.next <= now; ++burst) {
        if (!client.rate && burst == connections_at_once) {
            campaign.next = now + pause_between;
            break;
        }
        const auto flow = free_flow(campaign, now);
        if (!flow && !client.source_port) {
            // To look for one each time would take for ever; some connection may end.
            campaign.next = now + pause_for_a_port;
            break;
        }
        --campaign.left;
        ++campaign.made;
        const event::ConnectionId id = flow ? dial_one(campaign, *flow, now) : 0;
        if (client.rate) {
            // From the beginning each time, so that rounding does not add up.
            campaign.next =
                campaign.begin +
                Duration(static_cast<Duration::rep>(campaign.made / *client.rate * 1e9));
        } else if (client.after && id != 0) {
            // The next begins when this one has come to what `after` says.
            const Connection* one = connections.find(*flow);
            if (one != nullptr && one->id == id &&
                !dialling::has_come_to(*client.after, !one->open(),
                                       one->tcb.bytes_received() > 0)) {
                campaign.waits_for = id;
                campaign.next = never;
            }
        }
    }
}

/// With the next port that no living connection to the same place has.
std::optional<wire::Flow> Engine::Impl::free_flow(const dialling::Campaign& by, Instant now) {
    const auto flow = campaigns.next_flow(by, [this](const wire::Flow& candidate) {
        Connection* known = connections.find(candidate);
        if (known != nullptr && known->live()) {
            return false;
        }
        if (known != nullptr) {
            erase(*known);
        }
        return true;
    });
    if (!flow) {
        notice("limit", "source ports",
               fmt::format("A connection to {} was not opened, because every source port that it "
                           "may have is in use. Open fewer at a time.",
                           campaigns.station_of(by).to.to_string()),
               now);
    }
    return flow;
}

event::ConnectionId Engine::Impl::dial_one(const dialling::Campaign& by, const wire::Flow& flow,
                                           Instant now) {
    dialling::Station& station = campaigns.station_of(by);
    const std::size_t peer = station.peer;
    Connection* connection = create(flow, peer, by.behaviour, now);
    if (connection == nullptr) {
        return 0;
    }
    if (!future_blackhole.empty()) {
        begin_blackholed(*connection, peer);
    }
    connection->dialled = true;
    connection->began_with_syn = true;
    connection->attempt = static_cast<std::uint32_t>(++attempts_of_peer[peer]);
    std::optional<Duration> since_last;
    if (station.last) {
        since_last = now - *station.last;
    }
    station.last = now;
    const event::ConnectionId id = connection->id;
    record_attempt(*connection, since_last, now);
    start(*connection, nullptr, now);
    if (!connection->live() && connection->ending == Ending::unanswered) {
        open_to_program(*connection, now);
    }
    settle(*connection, now);
    if (!connection->live() && !connection->listed) {
        connection->listed = true;
        dead.push_back({connection->slot, connection->id});
    }
    return id;
}

/// The peer's own SYN: of a connection that it dials, or of a `connect` action.
void Engine::Impl::open_to_program(Connection& connection, Instant now, const OwnNumbers& numbers) {
    ++live;
    connection.listed = false;
    connection.began_with_syn = true;
    const auto environment = make_environment(connection, now, numbers);
    connection.tcb.open_active(connection.behaviour->tcp, environment, now, out);
}

void Engine::Impl::begin_again(Connection& connection, Instant now, const OwnNumbers& numbers) {
    const std::size_t peer = connection.peer;
    Behaviour* behaviour = behaviour_of_peer[peer];
    const event::ConnectionId before = connection.id;
    const bool as_client = behaviour->profile->role == profile::Role::client;
    awaited -= connection.awaited ? 1 : 0;  // the new attempt is, if any is to be
    std::optional<Duration> since_last = now - connection.start;
    close_record(connection);
    end_relay(connection);
    memory.change(connection.held, 0);
    connections.renew(connection, ++last_id);
    connection.belong_to(peer);
    members.add(connection, connections);
    campaigns.go_on_after(before, true, false, now);
    connection.behaviour = behaviour;
    connection.start = now;
    connection.last_activity = now;
    connection.dialled = true;
    connection.began_with_syn = true;
    connection.attempt = static_cast<std::uint32_t>(++attempts_of_peer[peer]);
    if (!future_blackhole.empty()) {
        begin_blackholed(connection, peer);
    }
    if (!as_client) {
        since_last = number_attempt(connection, now);
    }
    record_attempt(connection, since_last, now);
    start(connection, nullptr, now);
    if (!connection.live() && connection.ending == Ending::unanswered) {
        open_to_program(connection, now, numbers);
    }
}

/// Initial numbers on a clock of 64 ns, as Linux's (secure_tcp_seq), from a place that the 4-tuple
/// and the run's seed decide (RFC 6528). A connection in the place of one in TIME-WAIT begins
/// beyond its numbers (RFC 9293, 3.6.1 (MUST-8); Linux: tcp_timewait_state_process). Timestamps go
/// on from one connection of a 4-tuple to the next, and from one run to the next: the other side's
/// TIME-WAIT compares them (RFC 6191).
tcp::Tcb::Environment Engine::Impl::make_environment(Connection& connection, Instant now,
                                                     const OwnNumbers& numbers) {
    const Duration clock = settings.epoch + now.time_since_epoch();
    tcp::Tcb::Environment environment;
    if (numbers.iss) {
        environment.iss = *numbers.iss;
    } else if (const auto& isn = connection.behaviour->tcp.isn) {
        environment.iss = wire::SeqNum(*isn);
    } else if (connection.begins_beyond) {
        environment.iss = connection.iss;
    } else {
        const auto place = wire::FlowHash{settings.seed ^ 0xbf58476d1ce4e5b9U}(connection.flow);
        environment.iss = wire::SeqNum(
            static_cast<std::uint32_t>(place + static_cast<std::uint64_t>(clock.count()) / 64));
    }
    constexpr std::uint64_t any_run = 0x94d049bb133111ebU;
    environment.timestamp_offset = static_cast<std::uint32_t>(
        wire::FlowHash{any_run}(connection.flow) +
        static_cast<std::uint64_t>(
            std::chrono::floor<std::chrono::milliseconds>(settings.epoch).count()));
    if (numbers.timestamp) {
        environment.timestamp_offset = *numbers.timestamp - tcp::clock_milliseconds(now);
    }
    const bool v4 = connection.flow.local.address.is_v4();
    constexpr unsigned ip4_and_tcp = 40;
    constexpr unsigned ip6_and_tcp = 60;
    environment.link_mss = static_cast<std::uint16_t>(
        path_mtu(connection.flow.remote.address, now) - (v4 ? ip4_and_tcp : ip6_and_tcp) -
        (connection.behaviour->tcp.md5_key.empty() ? 0 : wire::signature_room));
    // RFC 9293, 3.7.1 (MUST-15).
    constexpr std::uint16_t default_v4 = 536;
    constexpr std::uint16_t default_v6 = 1220;
    environment.default_mss = v4 ? default_v4 : default_v6;
    connection.iss = environment.iss;
    connection.begins_beyond = false;
    return environment;
}

}  // namespace ghostpeer::peer
