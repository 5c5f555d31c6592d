// One connection's turn: replies leave, the application reads and writes, states are entered,
// until nothing more follows from what happened.
#include "peer/engine_impl.hpp"

#include "flows/script_service.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::peer {
namespace {

// Far beyond what any sensible profile needs; rules that feed each other for ever end here.
constexpr int max_rounds = 64;

/// Has the rule fired since something last arrived or left?
[[nodiscard]] bool idle_fired(const Connection& connection, const profile::Rule& rule) {
    const Extras* extras = connection.extras.get();
    return extras != nullptr && rule.id < extras->idle_fired.size() &&
           extras->idle_fired[rule.id] == connection.last_activity;
}

}  // namespace

void Engine::Impl::settle(Connection& connection, Instant now) {
    bool waits = false;
    for (int round = 0;; ++round) {
        if (round == max_rounds) {
            rules_rest = true;
            notice("limit", "rounds",
                   "Rules of the profile fire each other without end; after 64 rounds the engine "
                   "went on without them, until something else happened.",
                   now);
        }
        drain(connection, now);
        go_on(connection, now);
        if (connection.live()) {
            if (!connection.rules().on_pattern.empty()) {
                watch_stream(connection, now);
            }
            if (!connection.live()) {
                continue;
            }
            if (!connection.reading_stopped) {
                service_read(connection, now, settings.max_buffered);
            } else {
                script_read(connection, now, settings.max_buffered);
            }
            connection.tcb.acknowledge(now, out);
            drain(connection, now);
            try_thresholds(connection, now);
            waits = service_write(connection, now, out);
            connection.tcb.transmit(now, out);
        }
        tell_surprises(connection, connection.tcb.at_end_of_stream(), now);
        if (connection.behaviour->asks_repeats) {
            tell_repeats(connection, false, now);
        }
        if (script_goes_on(connection, now)) {
            // Its own limit ends that: so many steps at one instant.
            round = 0;
        } else if (out.replies.empty() && out.changes.empty() && postponed.empty()) {
            break;
        }
    }
    rules_rest = false;
    if (connection.extras && !connection.extras->ended && !reachable(connection)) {
        connection.extras->ended = now;
    }
    if (connection.awaited && !reachable(connection)) {
        await_no_longer(connection, now);
    }
    if (connection.dialled && !campaigns.empty()) {
        campaigns.go_on_after(connection.id, !connection.open(),
                              connection.tcb.bytes_received() > 0, now);
    }
    if (connection.extras && connection.extras->relay) {
        relay_turn(connection, now);
    }
    account(connection);
    if (waits) {
        note_wait(now);
    }
    schedule(connection, now);
}

void Engine::Impl::drain(Connection& connection, Instant now) {
    if (out.refused > 0) {
        note_refusal(std::exchange(out.refused, 0), now);
    }
    if (out.replies.empty() && out.changes.empty()) {
        return;
    }
    std::vector<tcp::StateChange> changes;
    changes.swap(out.changes);
    drain_replies(connection, now);
    for (const tcp::StateChange& change : changes) {
        state_changed(connection, change, now);
    }
}

void Engine::Impl::drain_replies(Connection& connection, Instant now) {
    // Actions at the gate add to `out`; that is the next round's.
    std::vector<tcp::Reply> replies;
    replies.swap(reply_scratch);
    replies.swap(out.replies);
    bool ended = false;
    const profile::Rule* by = nullptr;
    for (tcp::Reply& reply : replies) {
        if (!ended) {
            const bool live = connection.live();
            by = gate_out(connection, std::move(reply), now);
            ended = live && !connection.live();
            continue;
        }
        // An action has ended the connection, and with it what was still to leave.
        if (by != nullptr) {
            ++connection.behaviour->record(*by).statistics.withheld;
        }
        address(connection, reply.segment);
        report_departure(connection, std::move(reply.segment),
                         {reply.reason, event::Fate::dropped, by, reply.retransmission}, {}, now);
    }
    replies.clear();
    replies.swap(reply_scratch);
}

void Engine::Impl::state_changed(Connection& connection, tcp::StateChange change, Instant now) {
    using tcp::State;
    const Ending before = connection.ending;
    count_state(change.from, change.to);
    switch (change.to) {
        case State::established:
            connection.established = true;
            if (before == Ending::unanswered && change.from == State::syn_sent) {
                connection.ending = Ending::open;
            }
            break;
        case State::fin_wait_1:
        case State::close_wait:
            if (before == Ending::open) {
                connection.ending = Ending::half_closed;
            }
            break;
        case State::time_wait: connection.ending = Ending::closed; break;
        case State::closed:
            --live;
            connection.last_snd_nxt = connection.tcb.snd().nxt;
            connection.last_rcv_nxt = connection.tcb.rcv().nxt;
            if (connection.tcb.timed_out() && before != Ending::closed) {
                connection.ending = Ending::timed_out;
            } else if (change.from == State::last_ack && before == Ending::half_closed) {
                connection.ending = Ending::closed;
            }
            if (connection.extras) {
                // What a reset or a lost segment has cut short is no surprise.
                tell_surprises(connection, connection.tcb.fin_received(), now);
                tell_repeats(connection, true, now);
                connection.extras->service = {};
                connection.extras->watch.reset();
            }
            connection.listed = true;
            dead.push_back({connection.slot, connection.id});
            break;
        default: break;
    }
    if (settings.segment_events) {
        post(&connection, now, event::State{change.from, change.to});
    }
    const RuleList& rules = connection.rules().of(change.to);
    if (!rules.empty()) {
        try_rules(rules, Occasion{connection}, now);
    }
}

void Engine::Impl::try_thresholds(Connection& connection, Instant now) {
    using What = rules::NearMiss::What;
    if (rules_rest) {
        return;
    }
    if (const RuleList& rules = connection.rules().on_received; !rules.empty()) {
        try_threshold_rules(connection, rules, connection.tcb.bytes_received(), received_threshold,
                            What::total, now);
    }
    if (const RuleList& rules = connection.rules().on_sent; !rules.empty()) {
        try_threshold_rules(connection, rules, connection.tcb.bytes_acknowledged(), sent_threshold,
                            What::total, now);
    }
    if (!connection.rules().on_request.empty() || !connection.rules().on_response.empty()) {
        try_requests(connection, now);
    }
}

bool Engine::Impl::threshold_reached(const Connection& connection) const {
    const auto fires = [&](const RuleList& rules, std::uint64_t reached, auto threshold_of) {
        return std::any_of(rules.begin(), rules.end(), [&](const profile::Rule* rule) {
            const bool fired = connection.extras &&
                               rule->id < connection.extras->threshold_fired.size() &&
                               connection.extras->threshold_fired[rule->id];
            return !fired && reached >= threshold_of(*rule).value_or(UINT64_MAX);
        });
    };
    const RuleIndex& rules = connection.rules();
    return fires(rules.on_received, connection.tcb.bytes_received(), received_threshold) ||
           fires(rules.on_sent, connection.tcb.bytes_acknowledged(), sent_threshold);
}

Instant Engine::Impl::idle_deadline(const Connection& connection) const {
    Instant earliest = never;
    for (const profile::Rule* rule : connection.rules().on_idle) {
        if (!idle_fired(connection, *rule)) {
            earliest = std::min(earliest, connection.last_activity + *idle_threshold(*rule));
        }
    }
    return earliest;
}

void Engine::Impl::try_idle(Connection& connection, Instant now) {
    if (!connection.open()) {
        return;
    }
    for (const profile::Rule* rule : connection.rules().on_idle) {
        if (idle_fired(connection, *rule) ||
            connection.last_activity + *idle_threshold(*rule) > now) {
            continue;
        }
        std::vector<Instant>& fired = connection.extra().idle_fired;
        fired.resize(connection.behaviour->ids(), never);
        fired[rule->id] = connection.last_activity;
        try_rule(*rule, Occasion{connection}, now);
    }
}

void Engine::Impl::schedule(Connection& connection, Instant now) {
    Instant next = never;
    if (connection.live()) {
        next = connection.tcb.next_deadline().value_or(never);
        if (connection.extras) {
            next = std::min(next, connection.extras->service.retry);
        }
        if (!connection.rules().on_idle.empty() && connection.open()) {
            next = std::min(next, idle_deadline(connection));
        }
    }
    // At least a step ahead, so that one instant never takes a connection's turn twice.
    connection.wanted = std::max(next, now + std::chrono::microseconds(1));
    if (connection.wanted >= connection.wake) {
        return;
    }
    connection.wake = connection.wanted;
    agenda.add(connection.wake, {connection.slot, connection.id}, Wake{});
}

}  // namespace ghostpeer::peer
