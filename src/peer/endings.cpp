// How actions end a connection and the run: behind what was said before, in the order of the list.
#include "peer/engine_impl.hpp"

#include <algorithm>

namespace ghostpeer::peer {
namespace {

using namespace profile;

// A kernel answers at once; what an application does is its own time. Without --warp this much of
// the machine's being busy is forgiven.
constexpr Duration quiet = std::chrono::milliseconds(5);
constexpr Duration longest_end = std::chrono::milliseconds(100);
constexpr int most_round_trips = 4;

/// Does the action make a packet, or an end, that must not overtake what was said before?
[[nodiscard]] bool overtakes(const Action& action) noexcept {
    return std::holds_alternative<Reset>(action) || std::holds_alternative<Forget>(action) ||
           std::holds_alternative<Close>(action) || std::holds_alternative<Shutdown>(action) ||
           std::holds_alternative<Send>(action) || std::holds_alternative<Icmp>(action) ||
           std::holds_alternative<Blackhole>(action);
}

/// Does it change how what was said before would leave?
[[nodiscard]] bool colours(const Action& action) noexcept {
    return std::holds_alternative<Revive>(action) || std::holds_alternative<Become>(action) ||
           std::holds_alternative<SetWindow>(action) ||
           std::holds_alternative<StopAcking>(action) ||
           std::holds_alternative<ResumeAcking>(action);
}

}  // namespace

bool Engine::Impl::let_leave(const Action& action, const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    if (!connection.open() ||
        !(overtakes(action) || (colours(action) && still_saying(connection)))) {
        return true;
    }
    if (!occasion.amid_departure()) {
        connection.tcb.acknowledge(now, out);
    }
    if (still_saying(connection)) {
        speak(connection, now, out);
        connection.tcb.transmit(now, out);
    }
    if (occasion.amid_departure()) {
        // FIN stands behind the data by itself.
        return out.replies.empty() || std::holds_alternative<Close>(action) ||
               std::holds_alternative<Shutdown>(action);
    }
    connection.tcb.transmit(now, out);
    drain_replies(connection, now);
    return true;
}

void Engine::Impl::close(const Occasion& occasion, Undertaking& task, Instant now) {
    Connection& connection = occasion.connection;
    if (still_saying(connection) || before_handshake(connection)) {
        ServiceState& state = connection.extra().service;
        state.close_when_said = true;
        state.close_pledge = task.promise("close");
        return;
    }
    connection.tcb.transmit(now, out);
    connection.tcb.close(now, out);
    connection.tcb.transmit(now, out);
    if (!occasion.amid_departure()) {
        drain_replies(connection, now);
    }
}

void Engine::Impl::shut_down(const Occasion& occasion, Undertaking& task, Instant now) {
    Connection& connection = occasion.connection;
    if (still_saying(connection) || before_handshake(connection)) {
        ServiceState& state = connection.extra().service;
        state.shutdown_when_said = true;
        state.shutdown_pledge = task.promise("shutdown");
        return;
    }
    connection.tcb.transmit(now, out);
    connection.tcb.shutdown(out);
    connection.tcb.transmit(now, out);
    if (!occasion.amid_departure()) {
        drain_replies(connection, now);
    }
}

void Engine::Impl::forget(const Rule& rule, const Occasion& occasion) {
    decide(occasion, rule, Judgement::Course::gone);
    occasion.connection.tcb.forget(out);
    occasion.connection.ending = Ending::forgotten;
}

bool Engine::Impl::reset(const Rule& rule, const Reset& how, const Occasion& occasion,
                         Instant now) {
    Connection& connection = occasion.connection;
    std::optional<std::uint32_t> seq;
    std::optional<std::uint32_t> ack;
    if (how.seq) {
        seq = evaluate(*how.seq, connection, occasion.segment, now);
    }
    if (how.ack) {
        ack = evaluate(*how.ack, connection, occasion.segment, now);
    }
    wire::Segment rst;
    if (auto refused = refusal(occasion)) {
        rst = std::move(*refused);
    } else if (connection.tcb.state() == tcp::State::syn_sent) {
        // The TCP core has no RST for this state; who opens half and then breaks off has.
        rst.flags.bits = wire::Flags::rst;
        rst.seq = connection.tcb.snd().nxt;
        const bool from_program =
            occasion.segment != nullptr && occasion.segment->source == connection.flow.remote;
        if (auto answer = from_program ? tcp::reset_for(*occasion.segment) : std::nullopt) {
            rst = std::move(*answer);
        }
    }
    tcp::Output aborted;
    connection.tcb.abort(now, aborted);
    for (tcp::Reply& reply : aborted.replies) {
        rst = std::move(reply.segment);
    }
    out.changes.insert(out.changes.end(), aborted.changes.begin(), aborted.changes.end());
    if (seq) {
        rst.seq = wire::SeqNum(*seq);
    }
    if (ack) {
        rst.ack = wire::SeqNum(*ack);
        rst.flags.bits |= wire::Flags::ack;
    }
    decide(occasion, rule, Judgement::Course::gone);
    address(connection, rst);
    const bool left =
        leave(connection, std::move(rst), {tcp::Reason::rst, event::Fate::sent, &rule}, now);
    end_relay(connection);
    return left;
}

void Engine::Impl::finish(Connection& connection, const Finish& how, Instant now) {
    if (members.leaves(connection.peer)) {
        return;
    }
    if (!how.all) {
        ask_to_finish(now);
        return;
    }
    finish_asked.insert(connection.peer);
    await_no_longer(connection, now);
    finish_together(now);
}

void Engine::Impl::await_end(Connection& connection) noexcept {
    if (!connection.awaited) {
        connection.awaited = true;
        ++awaited;
    }
}

void Engine::Impl::await_no_longer(Connection& connection, Instant now) {
    if (connection.awaited) {
        connection.awaited = false;
        --awaited;
        finish_together(now);
    }
}

void Engine::Impl::finish_together(Instant now) {
    if (finish_asked.empty() || awaited > 0) {
        return;
    }
    const auto more_to_come = [](const dialling::Campaign& campaign) {
        const auto& behaviour = *campaign.behaviour;
        return campaign.left > 0 &&
               (behaviour.finishes_together ||
                std::any_of(behaviour.attempts.begin(), behaviour.attempts.end(),
                            [](const auto& other) { return other.second->finishes_together; }));
    };
    if (std::none_of(campaigns.all().begin(), campaigns.all().end(), more_to_come)) {
        ask_to_finish(now);
    }
}

void Engine::Impl::ask_to_finish(Instant now) {
    if (!finish_at) {
        finish_at = now;
        finish_by = now + longest_end;
        put_finish_off(now);
        if (ways) {
            finish_by += most_round_trips * ways->longest_round();
            put_finish_off(ways->last());
        }
    }
}

void Engine::Impl::put_finish_off(Instant there) {
    if (finish_at) {
        finish_at = std::min(finish_by, std::max(*finish_at, there + quiet));
    }
}

}  // namespace ghostpeer::peer
