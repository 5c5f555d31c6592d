// What stays known of connections for the verdict, and the events.
#include "peer/engine_impl.hpp"

namespace ghostpeer::peer {

void Engine::Impl::update_record(const Connection& connection) {
    if (connection.record >= records.size()) {
        return;
    }
    AttemptRecord& record = records[connection.record];
    record.last_segment = connection.last_activity;
    record.ending = connection.ending;
    record.syns = connection.syns;
    record.received = connection.tcb.bytes_received();
    record.sent = connection.tcb.bytes_acknowledged();
    record.profile = connection.behaviour->number;
}

const std::vector<AttemptRecord>& Engine::Impl::update_records() {
    connections.for_each([this](const Connection& connection) { update_record(connection); });
    return records;
}

void Engine::Impl::close_record(Connection& connection) {
    update_record(connection);
    if (event::Trail* trail = trail_of(connection)) {
        trail->ending = connection.ending;
    }
    connection.record = UINT32_MAX;
}

void Engine::Impl::erase(Connection& connection) {
    count_state(connection.tcb.state(), tcp::State::closed);
    close_record(connection);
    end_relay(connection);
    memory.change(connection.held, 0);
    awaited -= connection.awaited ? 1 : 0;
    connections.erase(connection);
}

void Engine::Impl::begin_trail(const Connection& connection) {
    const std::size_t most =
        connection.behaviour->asks_ends ? records.size() : event::max_followed_unasked;
    if (!concluded && connection.record < most) {
        trails.resize(connection.record + std::size_t{1});
        trails.back().emplace();
    }
}

event::Trail* Engine::Impl::trail_of(const Connection& connection) {
    if (concluded || connection.record >= trails.size()) {
        return nullptr;
    }
    auto& trail = trails[connection.record];
    return trail ? &*trail : nullptr;
}

bool Engine::Impl::tells_of(const Connection& connection) {
    return settings.segment_events || trail_of(connection) != nullptr;
}

void Engine::conclude(Instant now) {
    if (impl_->concluded) {
        return;
    }
    impl_->connections.for_each([this](const Connection& connection) {
        if (event::Trail* trail = impl_->trail_of(connection)) {
            trail->ending = connection.ending;
        }
    });
    impl_->connections.for_each([&](Connection& connection) {
        const bool cut =
            connection.blackholed_in || connection.reading_stopped || impl_->finish_at.has_value();
        impl_->tell_surprises(connection, !cut, now);
        impl_->tell_repeats(connection, true, now);
    });
    // How a connection ends after this is no reason: it ends because the run does.
    impl_->give_up_what_comes_too_late();
    impl_->concluded = true;
    impl_->post(nullptr, now, event::Conclusion{});
}

void Engine::sum_up(Instant now) {
    const auto& records = impl_->update_records();
    for (std::size_t i = 0; i < records.size(); ++i) {
        AttemptRecord record = records[i];
        if (i < impl_->trails.size()) {
            record.trail = impl_->trails[i];
        }
        auto event = impl_->make_event(nullptr, now, std::make_shared<const AttemptRecord>(record));
        event.connection = records[i].connection;
        event.attempt = records[i].number;
        impl_->events.push_back(std::move(event));
    }
    for (ProfileStatistics& one : profiles()) {
        impl_->post(nullptr, now,
                    std::make_shared<const event::Tally>(event::Tally{
                        one.number, one.connections, one.traffic, std::move(one.rules)}));
    }
    impl_->post(nullptr, now, std::make_shared<const Counters>(impl_->counters));
}

event::Event Engine::Impl::make_event(const Connection* connection, Instant now,
                                      decltype(event::Event::what)&& what) const {
    return {now,
            connection != nullptr ? connection->id : 0,
            connection != nullptr ? connection->attempt : 0,
            std::move(what),
            ids->next(),
            cause};
}

event::EventId Engine::Impl::post(const Connection* connection, Instant now,
                                  decltype(event::Event::what)&& what) {
    events.push_back(make_event(connection, now, std::move(what)));
    return events.back().id;
}

}  // namespace ghostpeer::peer
