// Relayed connections: a SYN waits until the real server has answered; then bytes, ends and
// resets pass through in both directions, as fast as the slower side takes them.
#include "peer/engine_impl.hpp"

#include "flows/relay_bytes.hpp"
#include "ghostpeer/wire/icmp.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::peer {
namespace {

using Phase = RelayState::Phase;

constexpr Duration look_for_memory = std::chrono::milliseconds(50);

[[nodiscard]] UpstreamId id_of(const Connection& connection) noexcept {
    return {connection.id, connection.slot};
}

}  // namespace

void Engine::Impl::hold_syn(Connection& connection, const profile::Relay& where,
                            wire::Segment&& syn, Instant now) {
    auto& relay = connection.extra().relay;
    if (!relay) {
        relay = std::make_unique<RelayState>();
        relay->syn = std::move(syn);
        ask(connection, UpstreamConnect{where, connection.flow.local, connection.flow.remote,
                                        connection.attempt});
        return;
    }
    // A retransmitted SYN asks for no second connection, but its timestamp is the newer one.
    relay->syn = std::move(syn);
    if (relay->phase == Phase::failed) {
        refuse_held(connection, now);
    }
}

void Engine::Impl::refuse_held(Connection& connection, Instant now) {
    RelayState& relay = *connection.extras->relay;
    if (!relay.syn) {
        return;
    }
    if (relay.error == UpstreamError::refused) {
        if (auto answer = tcp::reset_for(*relay.syn)) {
            gate_out(connection, tcp::Reply{std::move(*answer), tcp::Reason::rst, false}, now);
        }
    }
    if (relay.error == UpstreamError::unreachable && !connection.blackholed_out) {
        auto error = settings.packets->icmp_error({wire::IcmpKind::host_unreachable},
                                                  wire::encode(*relay.syn));
        if (error) {
            ++counters.packets_out;
            const auto there = depart(&connection, std::move(*error), std::nullopt, now);
            event::Trail* trail = trail_of(connection);
            if (trail != nullptr && there) {
                trail->unreachable_left = *there;
            }
        }
    }
    relay.syn.reset();
}

Connection* Engine::Impl::find_relayed(const UpstreamId& id, Instant now) {
    advance(now);
    Connection* connection = connections.find(Handle{id.slot, id.connection});
    return connection != nullptr && connection->extras && connection->extras->relay ? connection
                                                                                    : nullptr;
}

void Engine::Impl::relay_turn(Connection& connection, Instant now) {
    RelayState& relay = *connection.extras->relay;
    if (relay.phase == Phase::connecting) {
        // A rule has answered in the real server's place.
        if (connection.ending != Ending::unanswered) {
            end_relay(connection);
        }
        return;
    }
    if (relay.phase != Phase::open) {
        return;
    }
    const tcp::State state = connection.tcb.state();
    if (state == tcp::State::closed || state == tcp::State::time_wait) {
        end_relay(connection);
        return;
    }
    relay.finish =
        relay.finish || (connection.tcb.at_end_of_stream() && !connection.reading_stopped);
    if (!relay.ended) {
        const std::size_t whole = connection.behaviour->tcp.send_buffer;
        const std::size_t sendable = connection.tcb.send_room();
        const std::size_t room =
            std::min(sendable, memory.room_for(whole - std::min(whole, sendable)));
        const bool words_wait = !connection.extras->service.output.empty();
        if (words_wait || room < whole / 4) {
            relay.paused = true;
        } else if (room >= whole / 2) {
            relay.paused = false;
        }
        if (relay.paused && room < sendable) {
            // Whoever gives the memory back does not know of this one.
            ServiceState& service = connection.extras->service;
            service.retry = std::min(service.retry, now + look_for_memory);
            note_wait(now);
        }
    }
    if (!relay.listed && (!relay.outgoing.empty() || relay.finish != relay.finish_told ||
                          relay.paused != relay.pause_told)) {
        relay.listed = true;
        relays_with_news.push_back({connection.slot, connection.id});
    }
}

void Engine::Impl::ask(const Connection& connection, decltype(UpstreamRequest::what)&& what) {
    requests.push_back({id_of(connection), std::move(what)});
}

void Engine::Impl::tell_driver(Connection& connection) {
    RelayState& relay = *connection.extras->relay;
    relay.listed = false;
    if (!relay.outgoing.empty()) {
        relay.with_driver += relay.outgoing.size();
        ask(connection, UpstreamSend{std::exchange(relay.outgoing, {})});
    }
    if (relay.finish && !relay.finish_told) {
        relay.finish_told = true;
        ask(connection, UpstreamShutdown{});
    }
    if (relay.paused != relay.pause_told) {
        relay.pause_told = relay.paused;
        ask(connection, UpstreamReading{!relay.paused});
    }
}

void Engine::Impl::end_relay(Connection& connection) {
    if (!connection.extras || !connection.extras->relay) {
        return;
    }
    RelayState& relay = *connection.extras->relay;
    if (relay.phase != Phase::connecting && relay.phase != Phase::open) {
        return;
    }
    const bool orderly = relay.phase == Phase::open && connection.ending == Ending::closed;
    if (orderly && !connection.reading_stopped) {
        // At most a window is left, so the driver's share may be exceeded this once.
        take_all(connection, relay, SIZE_MAX);
    }
    if (!relay.outgoing.empty()) {
        ask(connection, UpstreamSend{std::exchange(relay.outgoing, {})});
    }
    if (orderly) {
        ask(connection, UpstreamClose{});
    } else {
        ask(connection, UpstreamAbort{});
    }
    relay.phase = Phase::over;
    relay.syn.reset();
}

void Engine::take_upstream_requests(std::vector<UpstreamRequest>& into) {
    for (const Handle handle : impl_->relays_with_news) {
        Connection* connection = impl_->connections.find(handle);
        if (connection != nullptr && connection->extras && connection->extras->relay &&
            connection->extras->relay->phase == Phase::open) {
            impl_->tell_driver(*connection);
        }
    }
    impl_->relays_with_news.clear();
    if (into.empty()) {
        into.swap(impl_->requests);
        return;
    }
    std::move(impl_->requests.begin(), impl_->requests.end(), std::back_inserter(into));
    impl_->requests.clear();
}

void Engine::upstream_connected(const UpstreamId& id, Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr || connection->extras->relay->phase != Phase::connecting) {
        return;
    }
    RelayState& relay = *connection->extras->relay;
    relay.phase = Phase::open;
    const wire::Segment syn = std::move(*relay.syn);
    relay.syn.reset();
    impl_->open(*connection, syn, now);
    impl_->settle(*connection, now);
}

void Engine::upstream_failed(const UpstreamId& id, UpstreamError error, Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr || connection->extras->relay->phase != Phase::connecting) {
        return;
    }
    connection->extras->relay->phase = Phase::failed;
    connection->extras->relay->error = error;
    impl_->refuse_held(*connection, now);
    impl_->settle(*connection, now);
}

void Engine::upstream_bytes(const UpstreamId& id, std::span<const std::uint8_t> bytes,
                            Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr || connection->extras->relay->phase != Phase::open || bytes.empty()) {
        return;
    }
    auto& output = connection->extras->service.output;
    if (output.empty()) {
        connection->tcb.send(bytes);
    } else {
        OutputItem item;
        item.content = std::make_shared<const wire::Bytes>(bytes.begin(), bytes.end());
        item.end = bytes.size();
        output.push_back(std::move(item));
    }
    impl_->settle(*connection, now);
}

void Engine::upstream_took(const UpstreamId& id, std::size_t bytes, Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr) {
        return;
    }
    RelayState& relay = *connection->extras->relay;
    relay.with_driver -= std::min(relay.with_driver, bytes);
    if (!connection->tcb.readable().empty()) {
        impl_->settle(*connection, now);
    }
}

void Engine::upstream_ended(const UpstreamId& id, Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr || connection->extras->relay->phase != Phase::open) {
        return;
    }
    connection->extras->relay->ended = true;
    impl_->settle(*connection, now);
}

void Engine::upstream_reset(const UpstreamId& id, Instant now) {
    Connection* connection = impl_->find_relayed(id, now);
    if (connection == nullptr || connection->extras->relay->phase != Phase::open) {
        return;
    }
    connection->extras->relay->phase = Phase::over;
    // What the real server sent before its RST leaves before ours, as far as the window goes.
    connection->tcb.transmit(now, impl_->out);
    connection->tcb.abort(now, impl_->out);
    impl_->settle(*connection, now);
}

}  // namespace ghostpeer::peer
