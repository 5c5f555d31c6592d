// What rules do. Actions use the same entrances of the TCP core as an honest application.
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

using namespace profile;

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

void decide(const Occasion& occasion, const profile::Rule& rule, Judgement::Course course) {
    if (occasion.judgement != nullptr) {
        occasion.judgement->course = course;
        occasion.judgement->rule = &rule;
    }
}

[[nodiscard]] std::string detail(const Action& action) {
    return std::visit(
        Overloaded{
            [](const Say& say) {
                return fmt::format("{} bytes", say.content ? say.content->size() : say.generated);
            },
            [](const SetWindow& window) {
                return window.bytes ? fmt::format("{} bytes", *window.bytes) : std::string("auto");
            },
            [](const Blackhole& hole) -> std::string {
                switch (hole.direction) {
                    case profile::Direction::in: return "in";
                    case profile::Direction::out: return "out";
                    case profile::Direction::both: break;
                }
                return {};
            },
            [](const Become& next) { return next.phase; },
            [](const auto&) { return std::string(); },
        },
        action);
}

/// Shown on the segment itself, or as a line of its own.
[[nodiscard]] bool shows_elsewhere(const Action& action) noexcept {
    return decides_fate(action) || std::holds_alternative<Log>(action) ||
           std::holds_alternative<Send>(action) || std::holds_alternative<Icmp>(action);
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

void Engine::Impl::carry_out(const profile::Rule& rule, const Occasion& occasion, Instant now) {
    using profile::Direction;
    Connection& connection = occasion.connection;
    tcp::Tcb& tcb = connection.tcb;
    for (const Action& action : rule.actions) {
        if (settings.segment_events && !shows_elsewhere(action)) {
            post(&connection, now, RuleEvent{rule.place, profile::name(action), detail(action)});
        }
        std::visit(
            Overloaded{
                [&](const Drop&) { decide(occasion, rule, Judgement::Course::drop); },
                [&](const Delay& delay) {
                    decide(occasion, rule, Judgement::Course::hold);
                    if (occasion.judgement != nullptr) {
                        occasion.judgement->delay = delay.length;
                    }
                },
                [&](const Duplicate& duplicate) {
                    decide(occasion, rule, Judgement::Course::pass);
                    if (occasion.judgement != nullptr) {
                        occasion.judgement->copies = duplicate.copies;
                        if (occasion.judgement->forged) {
                            occasion.judgement->forged_copy =
                                std::make_unique<Forged>(*occasion.judgement->forged);
                        }
                    }
                },
                [&](const Reset& how) { reset(rule, how, occasion, now); },
                [&](const Close&) {
                    if (still_saying(connection) || before_handshake(connection)) {
                        connection.extra().service.close_when_said = true;
                    } else {
                        tcb.transmit(now, out);
                        tcb.close(now, out);
                    }
                },
                [&](const Shutdown&) {
                    if (still_saying(connection) || before_handshake(connection)) {
                        connection.extra().service.shutdown_when_said = true;
                    } else {
                        tcb.transmit(now, out);
                        tcb.shutdown(out);
                    }
                },
                [&](const Forget&) {
                    decide(occasion, rule, Judgement::Course::gone);
                    tcb.forget(out);
                    connection.ending = Ending::forgotten;
                },
                [&](const Say& what) { say(connection, what); },
                [&](const StopReading&) { connection.reading_stopped = true; },
                [&](const ResumeReading&) { connection.reading_stopped = false; },
                [&](const SetWindow& window) { tcb.set_window(window.bytes, true); },
                [&](const StopAcking&) {
                    if (!connection.acking_stopped) {
                        connection.acking_stopped = true;
                        connection.frozen_ack = tcb.rcv().nxt;
                    }
                },
                [&](const ResumeAcking&) { connection.acking_stopped = false; },
                [&](const Blackhole& hole) { set_blackhole(connection, rule, hole.direction); },
                [&](const Revive&) {
                    connection.blackholed_in = false;
                    connection.blackholed_out = false;
                },
                [&](const Log& log) {
                    post(&connection, now, LogEvent{rule.place, log.text});
                },
                [&](const Finish&) { finish_requested = true; },
                [&](const Become& next) {
                    connection.phase = static_cast<std::uint16_t>(next.index);
                },
                [&](const Corrupt&) { change(rule, action, occasion, now); },
                [&](const Set&) { change(rule, action, occasion, now); },
                [&](const Fragment&) { change(rule, action, occasion, now); },
                [&](const Send& what) { send(rule, what, occasion, now); },
                [&](const Icmp& what) { send_icmp(rule, what, occasion, now); },
                [&](const Connect&) {
                    if (!connection.live()) {
                        open_to_program(connection, now);
                    }
                },
            },
            action);
    }
}

void Engine::Impl::carry_out_deferred(Connection& connection, const DeferredActions& deferred,
                                      Instant now) {
    if (connection.extras) {
        connection.extras->delayed_bytes -=
            std::min(connection.extras->delayed_bytes, deferred.size);
    }
    const Occasion occasion{connection, deferred.segment ? &*deferred.segment : nullptr,
                            deferred.direction, deferred.retransmission};
    carry_out(*deferred.rule, occasion, now);
    settle(connection, now);
}

void Engine::Impl::reset(const profile::Rule& rule, const profile::Reset& how,
                         const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    wire::Segment rst;
    rst.flags.bits = wire::Flags::rst | wire::Flags::ack;
    std::optional<std::uint32_t> seq;
    std::optional<std::uint32_t> ack;
    if (how.seq) {
        seq = evaluate(*how.seq, connection, occasion.segment, now);
    }
    if (how.ack) {
        ack = evaluate(*how.ack, connection, occasion.segment, now);
    }
    // A deferred action does not know its direction any more.
    const bool from_program =
        occasion.segment != nullptr && occasion.segment->source == connection.flow.remote;
    if (connection.live()) {
        const bool opening = connection.tcb.state() == tcp::State::syn_sent;
        if (opening) {
            // The TCP core has no RST for this state; who opens half and then breaks off has.
            rst.flags.bits = wire::Flags::rst;
            rst.seq = connection.tcb.snd().nxt;
            if (auto answer = from_program ? tcp::reset_for(*occasion.segment) : std::nullopt) {
                rst = std::move(*answer);
            }
        }
        tcp::Output aborted;
        connection.tcb.abort(now, aborted);
        for (tcp::Reply& reply : aborted.replies) {
            if (reply.reason == tcp::Reason::rst) {
                rst = std::move(reply.segment);
            }
        }
        out.changes.insert(out.changes.end(), aborted.changes.begin(), aborted.changes.end());
    } else if (from_program && !connection.established) {
        // Of one that was refused, too: the RST may be lost, and then the SYN comes again.
        if (auto answer = tcp::reset_for(*occasion.segment)) {
            rst = std::move(*answer);
        }
    } else {
        rst.seq = connection.last_snd_nxt;
        rst.ack = connection.last_rcv_nxt;
    }
    if (seq) {
        rst.seq = wire::SeqNum(*seq);
    }
    if (ack) {
        rst.ack = wire::SeqNum(*ack);
        rst.flags.bits |= wire::Flags::ack;
    }
    decide(occasion, rule, Judgement::Course::gone);
    address(connection, rst);
    leave(connection, std::move(rst), {tcp::Reason::rst, Fate::sent, &rule}, now);
    end_relay(connection);
}

}  // namespace ghostpeer::peer
