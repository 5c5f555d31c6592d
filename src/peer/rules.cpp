// Which rules fire: events have been looked up already, here the filters narrow them.
#include "peer/engine_impl.hpp"

#include "ghostpeer/wire/segment.hpp"

#include <algorithm>

namespace ghostpeer::peer {
namespace {

using What = NearMiss::What;

[[nodiscard]] bool decides(const profile::Rule& rule) noexcept {
    return std::any_of(rule.actions.begin(), rule.actions.end(),
                       [](const profile::Action& action) { return decides_fate(action); });
}

[[nodiscard]] std::uint64_t distance(const profile::Range& range, std::uint64_t value) noexcept {
    return value < range.least ? range.least - value : value - range.most;
}

[[nodiscard]] std::uint16_t dialled_port(const Connection& connection) noexcept {
    return (connection.dialled ? connection.flow.remote : connection.flow.local).port;
}

/// The conditions of `when:`, one after the other; the first that fails is the near miss.
class WhenCheck {
  public:
    WhenCheck(const profile::When& when, const Occasion& occasion, NearMiss& near_miss)
        : when_(when), occasion_(occasion), near_miss_(near_miss) {}

    [[nodiscard]] bool holds(Instant now) {
        const Connection& connection = occasion_.connection;
        const auto elapsed = static_cast<std::uint64_t>((now - connection.start).count());
        return state_holds(connection) &&
               in_range(when_.attempt, connection.attempt, What::attempt) &&
               in_range(when_.port, dialled_port(connection), What::port) &&
               in_range(when_.received, connection.tcb.bytes_received(), What::received) &&
               in_range(when_.sent, connection.tcb.bytes_acknowledged(), What::sent) &&
               in_range(when_.elapsed, elapsed, What::elapsed) && segment_holds();
    }

  private:
    bool state_holds(const Connection& connection) {
        if (when_.states.empty()) {
            return true;
        }
        // A connection that has not been taken up yet waits in LISTEN, as the RFC's server does.
        const bool waits =
            !connection.live() && !connection.dialled && connection.ending == Ending::unanswered;
        const tcp::State state = waits ? tcp::State::listen : connection.tcb.state();
        if (std::find(when_.states.begin(), when_.states.end(), state) != when_.states.end()) {
            return true;
        }
        near_miss_.note(What::state, static_cast<std::uint64_t>(state), 1);
        return false;
    }
    bool in_range(const std::optional<profile::Range>& range, std::uint64_t value, What what) {
        if (!range || range->contains(value)) {
            return true;
        }
        near_miss_.note(what, value, distance(*range, value));
        return false;
    }
    bool segment_holds() {
        const wire::Segment* segment = occasion_.segment;
        if (segment == nullptr) {
            return !when_.length && !when_.packet_length && !when_.retransmitted && !when_.flags;
        }
        if (!in_range(when_.length, segment->payload.size(), What::length) ||
            (when_.packet_length &&
             !in_range(when_.packet_length, wire::packet_size(*segment), What::packet_length))) {
            return false;
        }
        if (when_.retransmitted && *when_.retransmitted != occasion_.retransmission) {
            near_miss_.note(What::retransmitted, 0, 1);
            return false;
        }
        if (when_.flags && *when_.flags != segment->flags) {
            near_miss_.note(What::flags, segment->flags.bits, 1);
            return false;
        }
        return true;
    }

    const profile::When& when_;
    const Occasion& occasion_;
    NearMiss& near_miss_;
};

}  // namespace

bool when_holds(const profile::When& when, const Occasion& occasion, NearMiss& near_miss,
                Instant now) {
    return WhenCheck(when, occasion, near_miss).holds(now);
}

void Engine::Impl::try_rules(const RuleList& rules, const Occasion& occasion, Instant now) {
    if (rules_rest) {
        return;
    }
    for (const profile::Rule* rule : rules) {
        try_rule(*rule, occasion, now);
    }
}

void Engine::Impl::try_rule(const profile::Rule& rule, const Occasion& occasion, Instant now) {
    RuleStatistics& statistics = occasion.connection.behaviour->record(rule).statistics;
    ++statistics.events;
    // What `first`, `nth` and `every` count has happened, whatever other rules made of it.
    if (!passes_filters(rule, occasion, now)) {
        return;
    }
    if (occasion.judgement != nullptr && occasion.judgement->decided() && decides(rule)) {
        ++statistics.overruled;
        return;
    }
    if (rule.filters.after > Duration::zero()) {
        defer(rule, occasion, now);
        return;
    }
    static_cast<void>(carry_out(rule, occasion, now));
}

DeferredActions Engine::Impl::put_off(const profile::Rule& rule, std::size_t first,
                                      const Occasion& occasion, Pledge&& pledge) {
    DeferredActions deferred;
    deferred.rule = &rule;
    deferred.first = first;
    deferred.direction = occasion.direction;
    deferred.retransmission = occasion.retransmission;
    deferred.was_over = !reachable(occasion.connection);
    deferred.pledge = std::move(pledge);
    if (occasion.segment != nullptr) {
        deferred.segment = *occasion.segment;
        deferred.size = occasion.segment->payload.size();
    }
    return deferred;
}

void Engine::Impl::defer(const profile::Rule& rule, const Occasion& occasion, Instant now) {
    Connection& connection = occasion.connection;
    Extras& extra = connection.extra();
    RuleStatistics& statistics = connection.behaviour->record(rule).statistics;
    const std::string_view action = profile::name(rule.actions.front());
    const std::size_t size = occasion.segment != nullptr ? occasion.segment->payload.size() : 0;
    if (!may_hold(connection, size, now) || agenda.size() >= max_appointments) {
        note_undone(statistics, {action, {}, {}});
        notice("limit", "deferred",
               "Actions that `after` puts off were left out: too many wait already. Raise the "
               "limit with --max-buffer.",
               now);
        return;
    }
    const Instant due = now + rule.filters.after;
    extra.note_made(size);
    agenda.add(due, {connection.slot, connection.id},
               std::make_unique<DeferredActions>(put_off(
                   rule, 0, occasion, Pledge(std::make_shared<Deed>(statistics, due), action))));
}

bool Engine::Impl::passes_filters(const profile::Rule& rule, const Occasion& occasion,
                                  Instant now) {
    Connection& connection = occasion.connection;
    RuleRecord& record = connection.behaviour->record(rule);
    if (!when_holds(rule.filters.when, occasion, record.near_miss, now)) {
        ++record.statistics.failed_when;
        return false;
    }
    if (rule.filters.nth || rule.filters.every) {
        std::vector<std::uint32_t>& counts = connection.extra().rule_counts;
        counts.resize(connection.behaviour->profile->rules.size());
        std::uint32_t& count = counts[rule.id];
        if (count != UINT32_MAX) {
            ++count;
        }
        const bool holds = (!rule.filters.nth || rule.filters.nth->contains(count)) &&
                           (!rule.filters.every || count % *rule.filters.every == 0);
        if (!holds) {
            ++record.statistics.failed_count;
            record.near_miss.note(What::count, count, UINT64_MAX - 1 - count);
            return false;
        }
    }
    if (rule.filters.probability && !rule_random.happens(*rule.filters.probability)) {
        ++record.statistics.failed_probability;
        return false;
    }
    return true;
}

}  // namespace ghostpeer::peer
