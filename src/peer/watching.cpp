// What the program does, for the expectations of the profile: nothing here changes what happens.
#include "peer/engine_impl.hpp"

#include <algorithm>

namespace ghostpeer::peer {
namespace {

/// Of so many attempts the end on the program's side is known, where no expectation asks for more.
constexpr std::size_t max_followed_unasked = 64;

}  // namespace

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
    if (const profile::Within* within = lead.reference ? witness.timed_outcome(lead) : nullptr) {
        if (OutcomeRecord* record = outcome_of(connection)) {
            record->refer(lead.expectation, within->of_first, now);
        }
        return;
    }
    witness.saw(lead, connection.watch(), {now, connection.id, connection.attempt});
}

void Engine::Impl::witness_arrival(Connection& connection, const wire::Segment& segment,
                                   tcp::Kind kind, bool retransmission, Instant now) {
    Witness& witness = *connection.behaviour->witness;
    note_idle(connection, now);
    note(witness.of(kind, segment),
         Occasion{connection, &segment, event::Direction::in, retransmission}, now);
}

void Engine::Impl::follow_arrival(const Connection& connection, const wire::Segment& segment,
                                  tcp::Kind kind, bool retransmission, Instant now) {
    OutcomeRecord* record = outcome_of(connection);
    if (record == nullptr) {
        return;
    }
    if (segment.has(wire::Flags::fin)) {
        record->fin_came = record->fin_came.value_or(now);
    }
    if (kind == tcp::Kind::rst) {
        record->reset_came = record->reset_came.value_or(now);
        record->last_reset_came = now;
    } else {
        record->last_came = now;
        record->was_open =
            record->was_open || (kind != tcp::Kind::syn && kind != tcp::Kind::syn_ack);
    }
    if (retransmission || kind == tcp::Kind::keepalive_probe || kind == tcp::Kind::window_probe) {
        ++record->unanswered;
    }
}

void Engine::Impl::witness_departure(Connection& connection, const wire::Segment& segment,
                                     tcp::Reason reason, bool retransmission, Instant now) {
    Witness& witness = *connection.behaviour->witness;
    note_idle(connection, now);
    note(witness.of(reason), Occasion{connection, &segment, event::Direction::out, retransmission},
         now);
}

void Engine::Impl::follow_departure(const Connection& connection, const wire::Segment& segment,
                                    Instant now) {
    OutcomeRecord* record = outcome_of(connection);
    if (record == nullptr) {
        return;
    }
    record->unanswered = 0;
    // The program sees it after its way through the round trip.
    const Instant leaves = now + settings.rtt;
    if (segment.has(wire::Flags::rst)) {
        record->reset_left = leaves;
    }
    if (segment.has(wire::Flags::fin)) {
        record->fin_left = record->fin_left.value_or(leaves);
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
    const bool seen = witness != nullptr && !witness->concluded();
    // What a server's `connect` begins is no attempt of the program's.
    if (seen &&
        (!connection.dialled || connection.behaviour->profile->role == profile::Role::client)) {
        const wire::Flow& flow = connection.flow;
        witness->saw_attempt(connection.dialled ? flow.remote : flow.local,
                             {now, connection.id, connection.attempt});
    }
    const bool asked = seen && witness->expects_outcomes();
    if (connection.record < (asked ? records.size() : max_followed_unasked) && !concluded) {
        OutcomeRecord record;
        record.connection = connection.id;
        record.attempt = connection.attempt;
        record.flow = connection.flow;
        record.dialled = connection.dialled;
        record.witness = asked ? witness : nullptr;
        outcomes.add(connection.record, std::move(record));
    }
}

OutcomeRecord* Engine::Impl::outcome_of(const Connection& connection) {
    return concluded ? nullptr : outcomes.at(connection.record);
}

void Engine::Impl::conclude(Instant now) {
    if (concluded) {
        return;
    }
    connections.for_each([&](Connection& connection) {
        if (OutcomeRecord* record = outcome_of(connection)) {
            record->ending = connection.ending;
        }
        if (connection.behaviour->witness != nullptr) {
            note_idle(connection, now);
        }
    });
    for (const auto& behaviour : behaviours) {
        if (behaviour->witness) {
            behaviour->witness->conclude();
        }
    }
    concluded = true;
    ends = outcomes.judge(asks_outcomes());
    for (std::size_t i = 0; i < ends.size(); ++i) {
        if (outcomes.at(i) == nullptr) {
            continue;
        }
        records[i].program = ends[i];
        records[i].ended = ends[i].outcome == profile::Outcome::open ? now : ends[i].at;
    }
}

bool Engine::Impl::asks_outcomes() const noexcept {
    return std::any_of(behaviours.begin(), behaviours.end(), [](const auto& behaviour) {
        return behaviour->witness && behaviour->witness->expects_outcomes();
    });
}

void Engine::conclude(Instant now) { impl_->conclude(now); }

bool Engine::expects_outcomes() const noexcept { return impl_->asks_outcomes(); }

bool Engine::follows_sockets() const noexcept {
    const auto& all = impl_->outcomes.all();
    const bool more_to_come = all.size() < max_followed_unasked || impl_->asks_outcomes();
    return !impl_->concluded &&
           (more_to_come || std::any_of(all.begin(), all.end(), [](const OutcomeRecord& record) {
                return record.connection != 0 && !record.gone && !record.destroyed;
            }));
}

bool Engine::has_attempts() const noexcept { return !impl_->outcomes.all().empty(); }

void Engine::on_socket(const SocketView& view, Instant now) {
    if (!impl_->concluded) {
        impl_->outcomes.on_socket(view, now);
    }
}

void Engine::on_destroyed(const DestroyedSocket& socket, Instant now) {
    if (!impl_->concluded) {
        impl_->outcomes.on_destroyed(socket, now);
    }
}

void Engine::count_aborts(std::uint64_t aborts) {
    if (!impl_->concluded) {
        impl_->outcomes.count_aborts(aborts);
    }
}

void Engine::all_sockets_listed(Instant now) {
    if (!impl_->concluded) {
        impl_->outcomes.complete(now);
    }
}

}  // namespace ghostpeer::peer
