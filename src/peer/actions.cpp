// What rules do. Actions use the same entrances of the TCP core as an honest application.
#include "peer/engine_impl.hpp"
#include "wire/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

using namespace profile;

/// Shown on the segment itself, or as a line of its own.
[[nodiscard]] bool shows_elsewhere(const Action& action) noexcept {
    return decides_fate(action) || std::holds_alternative<Log>(action) ||
           std::holds_alternative<Send>(action) || std::holds_alternative<Icmp>(action) ||
           std::holds_alternative<ChangeLink>(action) ||
           std::holds_alternative<SetInterface>(action);
}

[[nodiscard]] Occasion occasion_of(const DeferredActions& deferred, Connection& connection) {
    Occasion occasion{connection, deferred.segment ? &*deferred.segment : nullptr,
                      deferred.direction, deferred.retransmission};
    occasion.alone = true;
    occasion.ended = !deferred.was_over && !reachable(connection);
    return occasion;
}

}  // namespace

void set_blackhole(Connection& connection, const profile::Rule& rule,
                   profile::Direction direction) {
    if (direction != profile::Direction::out) {
        connection.blackholed_in = true;
        connection.extra().hole_in_rule = &rule;
    }
    if (direction != profile::Direction::in) {
        connection.blackholed_out = true;
        connection.extra().hole_out_rule = &rule;
    }
}

Progress Engine::Impl::carry_out(const profile::Rule& rule, const Occasion& occasion, Instant now,
                                 std::size_t first, Pledge pledge) {
    Connection& connection = occasion.connection;
    Undertaking task{connection.behaviour->record(rule).statistics,
                     connection.behaviour->life,
                     std::move(pledge),
                     {}};
    for (std::size_t i = first; i < rule.actions.size(); ++i) {
        const Action& action = rule.actions[i];
        const std::string_view word = profile::name(action);
        const bool begins_anew = std::holds_alternative<Connect>(action) && !occasion.alone &&
                                 !connection.live() && connection.ending != Ending::unanswered;
        if (begins_anew || !let_leave(action, occasion, now)) {
            postponed.push_back(put_off(rule, i, occasion, task.promise(word)));
            break;
        }
        const bool there_is = possible(action, occasion);
        if (there_is && settings.segment_events && !shows_elsewhere(action)) {
            post(&connection, now,
                 event::Rule{rule.place, word, action_detail(action, connection)});
        }
        if (!there_is || !perform(rule, action, occasion, task, now)) {
            const auto ended = connection.extras ? connection.extras->ended : std::nullopt;
            const auto due = task.pledge.deed() ? task.pledge.deed()->due() : std::nullopt;
            task.missed = task.missed.value_or(Missed{std::string(word), due, ended});
        }
    }
    const Progress outcome = task.missed ? Progress::undone : Progress::done;
    if (const auto& deed = task.pledge.deed()) {
        if (task.missed) {
            deed->fail(*task.missed);
        }
        const bool waits = deed.use_count() > 1;
        task.pledge.keep();
        return waits && !task.missed ? Progress::later : outcome;
    }
    if (task.missed) {
        note_undone(task.statistics, *task.missed);
    } else {
        ++task.statistics.fired;
    }
    return outcome;
}

bool Engine::Impl::perform(const profile::Rule& rule, const Action& action,
                           const Occasion& occasion, Undertaking& task, Instant now) {
    Connection& connection = occasion.connection;
    tcp::Tcb& tcb = connection.tcb;
    Judgement* const judgement = occasion.judgement;
    bool done = true;
    std::visit(
        Overloaded{
            [&](const Drop&) { decide(occasion, rule, Judgement::Course::drop); },
            [&](const Delay& delay) {
                done = may_delay(connection, occasion.segment->payload.size(), now);
                decide(occasion, rule, done ? Judgement::Course::hold : Judgement::Course::drop);
                judgement->delay = delay.length;
            },
            [&](const HoldUntil& hold) {
                done = may_delay(connection, occasion.segment->payload.size(), now);
                decide(occasion, rule, done ? Judgement::Course::hold : Judgement::Course::drop);
                judgement->waits = true;
                judgement->reversed = hold.reversed;
            },
            [&](const Duplicate& duplicate) {
                decide(occasion, rule, Judgement::Course::pass);
                judgement->copies = duplicate.copies;
                if (judgement->forged) {
                    judgement->forged_copy = std::make_unique<Forged>(*judgement->forged);
                }
            },
            [&](const Reset& how) { done = reset(rule, how, occasion, now); },
            [&](const Close&) { close(occasion, task, now); },
            [&](const Shutdown&) { shut_down(occasion, task, now); },
            [&](const Forget&) { forget(rule, occasion); },
            [&](const Say& what) { say(connection, what, task.promise(profile::name(action))); },
            [&](const StopReading&) { connection.reading_stopped = true; },
            [&](const ResumeReading&) { connection.reading_stopped = false; },
            [&](const SetWindow& window) { tcb.set_window(window.bytes, true); },
            [&](const StopAcking&) {
                if (!connection.acking_stopped) {
                    connection.acking_stopped = true;
                    connection.extra().frozen_ack = tcb.rcv().nxt;
                }
            },
            [&](const ResumeAcking&) { connection.acking_stopped = false; },
            [&](const Blackhole& hole) { set_blackhole(connection, rule, hole.direction); },
            [&](const Revive&) {
                connection.blackholed_in = false;
                connection.blackholed_out = false;
            },
            [&](const Log& log) {
                post(&connection, now, event::Log{rule.place, log.text});
            },
            [&](const Finish& how) { finish(connection, how, now); },
            [&](const Become& next) { connection.phase = static_cast<std::uint16_t>(next.index); },
            [&](const Send& what) { done = send(rule, what, occasion, now); },
            [&](const Icmp& what) { done = send_icmp(rule, what, occasion, now); },
            [&](const ChangeLink& change) {
                change_way(*connection.behaviour->profile, change.to, rule, now);
            },
            [&](const Connect& how) { connect(how, occasion, now); },
            [&](const SetInterface& wanted) {
                done = set_interface(connection, rule, wanted.to, now);
            },
            [&](const auto&) { done = change(rule, action, occasion, now); },
        },
        action);
    return done;
}

void Engine::Impl::connect(const Connect& how, const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    const auto value = [&](const SequenceExpression& sum) {
        return evaluate(sum, connection, occasion.segment, now);
    };
    OwnNumbers numbers;
    if (how.isn) {
        numbers.iss = wire::SeqNum(value(*how.isn));
    }
    if (how.tsval) {
        numbers.timestamp = value(*how.tsval);
    }
    if (connection.ending != Ending::unanswered) {
        begin_again(connection, now, numbers);
    } else {
        open_to_program(connection, now, numbers);
    }
}

void Engine::Impl::carry_out_deferred(Connection& connection, DeferredActions& deferred,
                                      Instant now) {
    if (connection.extras) {
        connection.extras->note_kept(deferred.size);
    }
    const Occasion occasion = occasion_of(deferred, connection);
    static_cast<void>(
        carry_out(*deferred.rule, occasion, now, deferred.first, std::move(deferred.pledge)));
    settle(connection, now);
}

bool Engine::Impl::comes_too_late(const DeferredActions& deferred, Connection& connection) {
    const auto& deed = deferred.pledge.deed();
    const Occasion occasion = occasion_of(deferred, connection);
    if (!deed || !(occasion.ended || !connection.live())) {
        return false;
    }
    for (std::size_t i = deferred.first; i < deferred.rule->actions.size(); ++i) {
        const Action& action = deferred.rule->actions[i];
        if (std::holds_alternative<Connect>(action)) {
            return false;
        }
        if (!possible(action, occasion)) {
            const auto ended = connection.extras ? connection.extras->ended : std::nullopt;
            deed->fail({std::string(profile::name(action)), deed->due(), ended});
            return true;
        }
    }
    return false;
}

void Engine::Impl::give_up_what_comes_too_late() {
    agenda.purge([this](const Appointment& appointment) {
        const auto* deferred = std::get_if<std::unique_ptr<DeferredActions>>(&appointment.task);
        Connection* connection =
            deferred != nullptr ? connections.find(appointment.connection) : nullptr;
        const bool late = connection != nullptr && comes_too_late(**deferred, *connection);
        if (late && connection->extras) {
            connection->extras->note_kept((*deferred)->size);
        }
        return late;
    });
}

void Engine::Impl::go_on(Connection& connection, Instant now) {
    if (postponed.empty()) {
        return;
    }
    for (DeferredActions& list : std::exchange(postponed, {})) {
        if (rules_rest) {
            continue;
        }
        Occasion occasion{connection, list.segment ? &*list.segment : nullptr, list.direction,
                          list.retransmission};
        occasion.alone = true;
        static_cast<void>(carry_out(*list.rule, occasion, now, list.first, std::move(list.pledge)));
    }
}

}  // namespace ghostpeer::peer
