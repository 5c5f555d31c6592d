// What makes an action possible: only one that was done makes its rule count as fired.
#include "flows/possible.hpp"

#include "flows/expression.hpp"
#include "flows/services.hpp"
#include "wire/overloaded.hpp"

namespace ghostpeer::flows {
namespace {

using namespace profile;

/// A blackhole takes the segment before anything else can become of it.
[[nodiscard]] bool passes(const Occasion& occasion) {
    const Connection& connection = occasion.connection;
    return occasion.judgement != nullptr &&
           !(occasion.direction == event::Direction::in ? connection.blackholed_in
                                                        : connection.blackholed_out);
}

/// Is there a FIN to be sent, or a reader to be taken away?
[[nodiscard]] bool may_close(const Connection& connection) {
    const bool waits = connection.extras && connection.extras->service.close_when_said;
    const tcp::State state = connection.tcb.state();
    return !waits && (before_handshake(connection) ||
                      (connection.open() && !connection.tcb.closed_by_user() &&
                       state != tcp::State::closing && state != tcp::State::last_ack));
}

[[nodiscard]] bool may_shut_down(const Connection& connection) {
    const bool waits = connection.extras && (connection.extras->service.close_when_said ||
                                             connection.extras->service.shutdown_when_said);
    return !waits && (before_handshake(connection) || connection.tcb.may_send());
}

}  // namespace

void decide(const Occasion& occasion, const Rule& rule, Judgement::Course course) {
    if (occasion.judgement != nullptr) {
        occasion.judgement->course = course;
        occasion.judgement->rule = &rule;
    }
}

std::optional<wire::Segment> refusal(const Occasion& occasion) {
    const Connection& connection = occasion.connection;
    if (connection.live() || connection.established || connection.dialled) {
        return std::nullopt;
    }
    // Of one that was refused, too: the RST may be lost, and then the SYN comes again.
    if (occasion.segment != nullptr && occasion.segment->source == connection.flow.remote) {
        return tcp::reset_for(*occasion.segment);
    }
    if (!awaits_answer(connection)) {
        return std::nullopt;
    }
    wire::Segment syn;
    syn.flags.bits = wire::Flags::syn;
    syn.seq = connection.program_isn;
    return tcp::reset_for(syn);
}

bool possible(const Action& action, const Occasion& occasion) {
    const Connection& connection = occasion.connection;
    const bool there = reachable(connection);
    return std::visit(
        Overloaded{
            [&](const Drop&) { return occasion.judgement != nullptr; },
            [&](const Reset&) { return connection.open() || refusal(occasion).has_value(); },
            [&](const Close&) { return may_close(connection); },
            [&](const Shutdown&) { return may_shut_down(connection); },
            [&](const Say&) { return may_say(connection); },
            [&](const Forget&) { return there; },
            [&](const StopReading&) { return there; },
            [&](const ResumeReading&) { return there; },
            [&](const SetWindow&) { return there; },
            [&](const StopAcking&) { return there; },
            [&](const ResumeAcking&) { return there; },
            [&](const Blackhole&) { return !occasion.ended; },
            [&](const Revive&) { return !occasion.ended; },
            [&](const Become&) { return !occasion.ended; },
            [](const Log&) { return true; },
            [](const Finish&) { return true; },
            [](const ChangeLink&) { return true; },
            [](const SetInterface&) { return true; },
            [&](const Send&) { return !occasion.ended; },
            [&](const Icmp&) { return !occasion.ended; },
            [&](const Connect&) { return !connection.live(); },
            [&](const auto&) { return passes(occasion); },
        },
        action);
}

}  // namespace ghostpeer::flows
