// Segments that arrive together: one acknowledgement for all of them, as from a host whose network
// stack puts them together before TCP sees them (Linux: GRO).
#include "peer/engine_impl.hpp"

namespace ghostpeer::peer {
namespace {

/// Does the profile want each acknowledgement, or look at it, or a state forbid to wait with it?
[[nodiscard]] bool must_answer_at_once(const Connection& connection) {
    const bool counted =
        !connection.rules().of(tcp::Reason::ack).empty() || connection.behaviour->counts_acks;
    const bool relayed = connection.extras && connection.extras->relay;
    const RuleIndex& rules = connection.rules();
    return counted || !rules.on_pattern.empty() || !rules.on_request.empty() ||
           !rules.on_response.empty() || !connection.behaviour->tcp.delayed_ack ||
           !connection.live() || !connection.tcb.ack_may_wait() || connection.reading_stopped ||
           connection.acking_stopped || connection.blackholed_out ||
           (relayed && connection.extras->relay->phase != RelayState::Phase::open);
}

}  // namespace

void Engine::Impl::settle_amid_burst(Connection& connection, Instant now) {
    if (!out.replies.empty() || !out.changes.empty() || out.refused > 0 ||
        must_answer_at_once(connection) || threshold_reached(connection)) {
        settle(connection, now);
        return;
    }
    if (unsettled && unsettled->id != connection.id) {
        settle_unsettled(now);
    }
    unsettled = Handle{connection.slot, connection.id};
    service_read(connection, now, settings.max_buffered);
    account(connection);
}

void Engine::Impl::settle_unsettled(Instant now) {
    if (!unsettled) {
        return;
    }
    Connection* connection = connections.find(*unsettled);
    unsettled.reset();
    if (connection != nullptr) {
        settle(*connection, now);
    }
}

}  // namespace ghostpeer::peer
