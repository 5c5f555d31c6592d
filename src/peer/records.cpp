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
    record.profile = connection.behaviour->profile.get();
}

void Engine::Impl::close_record(Connection& connection) {
    update_record(connection);
    if (OutcomeRecord* outcome = outcome_of(connection)) {
        outcome->ending = connection.ending;
    }
    connection.record = UINT32_MAX;
}

void Engine::Impl::erase(Connection& connection) {
    count_state(connection.tcb.state(), tcp::State::closed);
    close_record(connection);
    end_relay(connection);
    memory.change(connection.held, 0);
    connections.erase(connection);
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
