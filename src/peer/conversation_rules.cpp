// Rules on what is said: totals, requests and responses, texts in the stream.
#include "peer/engine_impl.hpp"

#include <memory>

namespace ghostpeer::peer {

void Engine::Impl::try_threshold_rules(
    Connection& connection, const RuleList& rules, std::uint64_t reached,
    std::optional<std::uint64_t> (*threshold_of)(const profile::Rule&), rules::NearMiss::What what,
    Instant now) {
    Behaviour& behaviour = *connection.behaviour;
    for (const profile::Rule* rule : rules) {
        const auto threshold = threshold_of(*rule);
        if (!threshold) {
            continue;
        }
        std::vector<bool>& fired = connection.extra().threshold_fired;
        fired.resize(behaviour.ids());
        if (fired[rule->id]) {
            continue;
        }
        if (reached < *threshold) {
            behaviour.record(*rule).near_miss.note(what, reached, *threshold - reached);
            continue;
        }
        fired[rule->id] = true;
        try_rule(*rule, Occasion{connection}, now);
    }
}

void Engine::Impl::try_requests(Connection& connection, Instant now) {
    using What = rules::NearMiss::What;
    const ServiceState& state = connection.extra().service;
    const std::uint64_t responses = state.responses();
    try_threshold_rules(connection, connection.rules().on_request, state.requests(),
                        request_threshold, What::request, now);
    if (connection.live()) {
        try_threshold_rules(connection, connection.rules().on_response, responses,
                            response_threshold, What::request, now);
    }
}

void Engine::Impl::watch_stream(Connection& connection, Instant now) {
    if (rules_rest) {
        return;
    }
    auto& watch = connection.extra().watch;
    if (!watch) {
        watch = std::make_unique<StreamWatch>();
    }
    watch->hear(connection.tcb.readable(), connection.tcb.bytes_received());
    for (const profile::Rule* rule : connection.rules().on_pattern) {
        for (std::size_t left = watch->count(*rule); left > 0; --left) {
            try_rule(*rule, Occasion{connection}, now);
        }
    }
    watch->forget();
}

}  // namespace ghostpeer::peer
