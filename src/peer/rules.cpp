// Which rules fire: events have been looked up already, here the filters narrow them.
#include "peer/engine_impl.hpp"

#include "ghostpeer/wire/segment.hpp"

#include <algorithm>

namespace ghostpeer::peer {
namespace {

using What = rules::NearMiss::What;

[[nodiscard]] bool decides(const profile::Rule& rule) noexcept {
    return std::any_of(rule.actions.begin(), rule.actions.end(),
                       [](const profile::Action& action) { return decides_fate(action); });
}

}  // namespace

void Engine::Impl::mark_came(Connection& connection, const profile::Rule& mark, Instant now) {
    for (auto& held : note_mark(connection, mark, now)) {
        agenda.add(now, {connection.slot, connection.id}, std::move(held));
    }
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
    if (occasion.connection.behaviour->is_mark(rule)) {
        mark_came(occasion.connection, rule, now);
        return;
    }
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
        note_undone(statistics, {std::string(action), {}, {}});
        notice("limit", "deferred",
               "Actions that `after` puts off were left out: too many wait already. Raise the "
               "limit with --max-buffer.",
               now);
        return;
    }
    const Instant due = now + rule.filters.after;
    extra.note_made(size);
    agenda.add(
        due, {connection.slot, connection.id},
        std::make_unique<DeferredActions>(put_off(
            rule, 0, occasion,
            Pledge(std::make_shared<Deed>(statistics, occasion.connection.behaviour->life, due),
                   action))));
}

bool Engine::Impl::passes_filters(const profile::Rule& rule, const Occasion& occasion,
                                  Instant now) {
    Connection& connection = occasion.connection;
    RuleRecord& record = connection.behaviour->record(rule);
    rules::Moment moment = moment_of(occasion, now);
    const rules::Evaluate numbers = numbers_of(rule, occasion, now);
    moment.numbers = &numbers;
    if (!rules::when_holds(rule.filters.when, moment, record.near_miss) ||
        !comes_within(rule, connection, record.near_miss, now)) {
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
