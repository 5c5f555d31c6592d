// What the program does, for the expectations of the profile: nothing here changes what happens.
#include "peer/engine_impl.hpp"

namespace ghostpeer::peer {

void Engine::Impl::note(const Witness::Leads& leads, const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    Witness& witness = *connection.behaviour->witness;
    if (leads.empty() || witness.concluded()) {
        return;
    }
    for (const Witness::Lead& lead : leads) {
        note_one(lead, occasion, now);
    }
}

void Engine::Impl::note_one(const Witness::Lead& lead, const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    Witness& witness = *connection.behaviour->witness;
    if (!lead.reference &&
        !when_holds(witness.when(lead), occasion, witness.near_miss(lead), now)) {
        witness.miss(lead);
        return;
    }
    witness.saw(lead, connection.watch(), {now, connection.id, connection.attempt});
}

void Engine::Impl::witness_arrival(Connection& connection, const wire::Segment& segment,
                                   tcp::Kind kind, bool retransmission, Instant now) {
    Witness& witness = *connection.behaviour->witness;
    note_idle(connection, now);
    note(witness.of(kind, segment), Occasion{connection, &segment, Direction::in, retransmission},
         now);
    if (OutcomeRecord* record = outcome_of(connection)) {
        if (kind == tcp::Kind::rst) {
            record->reset_came = record->reset_came.value_or(now);
            record->last_reset_came = now;
        } else if (kind != tcp::Kind::syn && kind != tcp::Kind::syn_ack) {
            record->was_open = true;
        }
        if (retransmission || kind == tcp::Kind::keepalive_probe ||
            kind == tcp::Kind::window_probe) {
            ++record->unanswered;
        }
    }
}

void Engine::Impl::witness_departure(Connection& connection, const wire::Segment& segment,
                                     tcp::Reason reason, bool retransmission, Instant now) {
    Witness& witness = *connection.behaviour->witness;
    note_idle(connection, now);
    note(witness.of(reason), Occasion{connection, &segment, Direction::out, retransmission}, now);
    if (OutcomeRecord* record = outcome_of(connection)) {
        record->unanswered = 0;
        if (segment.has(wire::Flags::rst)) {
            record->reset_left = now;
        }
    }
}

void Engine::Impl::note_idle(Connection& connection, Instant now) {
    if (!connection.open() || connection.behaviour->witness == nullptr ||
        connection.behaviour->witness->concluded()) {
        return;
    }
    const auto& idles = connection.behaviour->witness->idles();
    for (std::size_t i = 0; i < idles.size(); ++i) {
        if (now - connection.last_activity < idles[i].length) {
            continue;
        }
        auto& noted = connection.watch().idle_noted;
        noted.resize(idles.size(), never);
        if (noted[i] != connection.last_activity) {
            noted[i] = connection.last_activity;
            note_one(idles[i].lead, Occasion{connection},
                     connection.last_activity + idles[i].length);
        }
    }
}

void Engine::Impl::note_totals(Connection& connection, Instant now) {
    const Witness& witness = *connection.behaviour->witness;
    if (witness.totals().empty() || witness.concluded()) {
        return;
    }
    auto& reached = connection.watch().totals_reached;
    reached.resize(witness.totals().size());
    for (std::size_t i = 0; i < witness.totals().size(); ++i) {
        const auto& total = witness.totals()[i];
        const std::uint64_t bytes =
            total.sent ? connection.tcb.bytes_acknowledged() : connection.tcb.bytes_received();
        if (!reached[i] && bytes >= total.bytes) {
            reached[i] = true;
            note_one(total.lead, Occasion{connection}, now);
        }
    }
}

void Engine::Impl::note_attempt(Connection& connection, Instant now) {
    Witness* witness = connection.behaviour->witness.get();
    if (witness == nullptr || witness->concluded()) {
        return;
    }
    const wire::Flow& flow = connection.flow;
    // What a server's `connect` begins is no attempt of the program's.
    if (!connection.dialled || connection.behaviour->profile->role == profile::Role::client) {
        witness->saw_attempt(connection.dialled ? flow.remote : flow.local,
                             {now, connection.id, connection.attempt});
    }
    if (Outcomes* outcomes = witness->outcomes()) {
        connection.watch().outcome =
            outcomes->add(connection.id, connection.attempt, connection.flow);
    }
}

OutcomeRecord* Engine::Impl::outcome_of(const Connection& connection) {
    if (connection.behaviour->witness == nullptr || connection.extras == nullptr ||
        connection.extras->watch == nullptr || !connection.extras->watch->outcome) {
        return nullptr;
    }
    return &connection.behaviour->witness->outcomes()->at(*connection.extras->watch->outcome);
}

void Engine::Impl::conclude(Instant now) {
    connections.for_each([&](Connection& connection) {
        if (connection.behaviour->witness == nullptr) {
            return;
        }
        note_idle(connection, now);
        if (OutcomeRecord* record = outcome_of(connection)) {
            record->ending = connection.ending;
        }
    });
    for (const auto& behaviour : behaviours) {
        if (behaviour->witness) {
            behaviour->witness->conclude();
        }
    }
}

void Engine::conclude(Instant now) { impl_->conclude(now); }

bool Engine::expects_outcomes() const noexcept {
    for (const auto& behaviour : impl_->behaviours) {
        if (behaviour->witness && behaviour->witness->outcomes() != nullptr) {
            return true;
        }
    }
    return false;
}

void Engine::on_socket(const SocketView& view, Instant now) {
    for (const auto& behaviour : impl_->behaviours) {
        // Attempts with a behaviour of their own have the witness of the profile.
        if (behaviour->witness && behaviour->owns_witness() && !behaviour->witness->concluded() &&
            behaviour->witness->outcomes() != nullptr) {
            behaviour->witness->outcomes()->on_socket(view, now);
        }
    }
}

void Engine::all_sockets_listed() {
    for (const auto& behaviour : impl_->behaviours) {
        if (behaviour->witness && !behaviour->witness->concluded() &&
            behaviour->witness->outcomes() != nullptr) {
            behaviour->witness->outcomes()->complete();
        }
    }
}

}  // namespace ghostpeer::peer
