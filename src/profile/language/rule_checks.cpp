// What each part of a rule permits by itself and the whole cannot be.
#include "profile/language/rule_parts.hpp"
#include "profile/segment/conditions.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace ghostpeer::profile {

namespace {

using wire::Flags;

/// The first event without a segment; null: all have one.
const Event* event_without_segment(const RuleParts& rule) noexcept {
    const auto found =
        std::find_if(rule.events.begin(), rule.events.end(),
                     [](const EventAt& each) { return !is_segment_event(each.event); });
    return found == rule.events.end() ? nullptr : &found->event;
}

/// The entry of a condition in the rule's `when`; null where there is none.
const Entry* condition(const RuleParts& rule, std::string_view key) noexcept {
    const auto* when = find(*rule.at, "when");
    return when == nullptr ? nullptr : find(when->value, key);
}

// Events ---------------------------------------------------------------------------------------

void check_events_differ(const RuleParts& rule, Errors& errors) {
    const auto* key = find(*rule.at, "on") != nullptr    ? "on"
                      : find(*rule.at, "see") != nullptr ? "see"
                                                         : "never";
    std::set<std::string> seen;
    for (const auto& each : rule.events) {
        if (!seen.insert(to_string(each.event)).second) {
            errors.add(*each.at, "the event " + quoted_event(each.event) + " stands twice in " +
                                     in_quotes(key));
        }
    }
}

/// `start`, `enter`, `received` and `sent` come once on a connection.
void check_event_recurs(const RuleParts& rule, Errors& errors) {
    if (rule.events.size() != 1) {
        return;
    }
    const auto& event = rule.events.front().event;
    if (is_segment_event(event) || std::holds_alternative<OnIdle>(event) ||
        std::holds_alternative<OnCommand>(event) ||
        std::holds_alternative<OnReceivedPattern>(event)) {
        return;
    }
    const auto& filters = rule.filters;
    const bool never = (filters.nth && filters.nth->least > 1) || filters.every.value_or(1) > 1;
    for (const auto* key : {"nth", "every"}) {
        if (const auto* entry = find(*rule.at, key); never && entry != nullptr) {
            errors.add(entry->value, quoted_event(event) + " happens once on a connection, so " +
                                         in_quotes(entry->key.text + ": " + entry->value.text) +
                                         " never matches");
        }
    }
}

// Filters --------------------------------------------------------------------------------------

void check_counts(const RuleParts& rule, Errors& errors) {
    const auto* first = find(*rule.at, "first");
    const auto* nth = find(*rule.at, "nth");
    const auto* every = find(*rule.at, "every");
    if (first != nullptr && nth != nullptr) {
        errors.add(nth->key, "`first` and `nth` cannot stand together; `first: N` is `nth: 1..N`");
    } else if (rule.filters.nth && rule.filters.every &&
               rule.filters.nth->most / *rule.filters.every ==
                   (rule.filters.nth->least - 1) / *rule.filters.every) {
        errors.add(every->value, in_quotes("every: " + every->value.text) + " never matches: " +
                                     in_quotes(nth != nullptr ? "nth" : "first") +
                                     " leaves no multiple of it");
    }
}

void check_segment_filters(const RuleParts& rule, Errors& errors) {
    const auto* event = event_without_segment(rule);
    if (event == nullptr) {
        return;
    }
    const auto check = [&](std::string_view key) {
        if (const auto* entry = condition(rule, key)) {
            errors.add(entry->key, "the filter " + in_quotes(key) + " needs a segment, and " +
                                       quoted_event(*event) + " has none");
        }
    };
    for (const auto* key : {"length", "packet_length", "retransmitted", "flags", "payload"}) {
        check(key);
    }
    std::for_each(segment_condition_words.begin(), segment_condition_words.end(), check);
}

void check_state_on_enter(const RuleParts& rule, Errors& errors) {
    const auto& states = rule.filters.when.states;
    const auto* entry = condition(rule, "state");
    if (states.empty() || entry == nullptr) {
        return;
    }
    for (const auto& each : rule.events) {
        const auto* enter = std::get_if<OnEnter>(&each.event);
        if (enter != nullptr &&
            std::find(states.begin(), states.end(), enter->state) == states.end()) {
            errors.add(entry->value, quoted_event(each.event) +
                                         " never matches: the state is then " +
                                         in_quotes(tcp::name(enter->state)));
            return;
        }
    }
}

/// Can `receive KIND` come up for a segment with exactly these flags?
bool kind_may_have(tcp::Kind kind, Flags flags) noexcept {
    if (kind == tcp::Kind::rst || flags.has(Flags::rst)) {
        return kind == tcp::Kind::rst && flags.has(Flags::rst);
    }
    switch (kind) {
        case tcp::Kind::syn_ack: return flags.has(Flags::syn | Flags::ack);
        case tcp::Kind::syn: return flags.has(Flags::syn) && !flags.has(Flags::ack);
        case tcp::Kind::fin: return flags.has(Flags::fin) && !flags.has(Flags::syn);
        // A FIN may stand beside payload.
        case tcp::Kind::data: return !flags.has(Flags::syn);
        default: return !flags.has(Flags::syn) && !flags.has(Flags::fin);
    }
}

bool kind_may_have_length(tcp::Kind kind, const Range& length) noexcept {
    switch (kind) {
        case tcp::Kind::data: return length.most >= 1;
        case tcp::Kind::ack:
        case tcp::Kind::keepalive_probe:
        case tcp::Kind::window_probe: return length.least == 0;
        default: return true;
    }
}

void check_kind(const RuleParts& rule, Errors& errors) {
    const auto& when = rule.filters.when;
    const auto* flags = condition(rule, "flags");
    const auto* length = condition(rule, "length");
    for (const auto& each : rule.events) {
        const auto* receive = std::get_if<OnReceive>(&each.event);
        if (receive == nullptr || !receive->kind) {
            continue;
        }
        const auto complain = [&](const Entry& entry) {
            errors.add(entry.value, quoted_event(each.event) + " never has " +
                                        in_quotes(entry.key.text + ": " + entry.value.text));
        };
        if (flags != nullptr && when.flags && !kind_may_have(*receive->kind, *when.flags)) {
            complain(*flags);
        }
        if (length != nullptr && when.length &&
            !kind_may_have_length(*receive->kind, *when.length)) {
            complain(*length);
        }
    }
}

// Actions --------------------------------------------------------------------------------------

std::string quoted_name(const Action& action) { return in_quotes(name(action)); }

/// May both decide what becomes of one segment? Changes may stand together, beside `delay` or
/// `duplicate`; what is dropped is not changed.
bool agree(const Action& a, const Action& b) noexcept {
    const bool changes_a = changes_segment(a);
    const bool changes_b = changes_segment(b);
    if (changes_a && changes_b) {
        return true;
    }
    return changes_a != changes_b && !std::holds_alternative<Drop>(a) &&
           !std::holds_alternative<Drop>(b);
}

bool same(const Action& a, const Action& b) noexcept {
    const auto* corrupt = std::get_if<Corrupt>(&a);
    const auto* other = std::get_if<Corrupt>(&b);
    return a.index() == b.index() &&
           (corrupt == nullptr || other == nullptr || corrupt->what == other->what);
}

void check_fate(const RuleParts& rule, const ActionAt& each, Errors& errors) {
    if (const auto* event = event_without_segment(rule)) {
        errors.add(*each.at, quoted_name(each.action) + " needs a segment, and " +
                                 quoted_event(*event) + " has none");
    }
    if (find(*rule.at, "after") != nullptr) {
        errors.add(*each.at, quoted_name(each.action) +
                                 " cannot come `after` a time: what becomes of a segment is "
                                 "decided at once");
    }
}

void check_fates(const RuleParts& rule, Errors& errors) {
    std::vector<const Action*> before;
    for (const auto& each : rule.actions) {
        if (!decides_fate(each.action)) {
            continue;
        }
        check_fate(rule, each, errors);
        for (const auto* other : before) {
            if (!agree(*other, each.action)) {
                errors.add(*each.at, quoted_name(each.action) + " cannot follow " +
                                         quoted_name(*other) +
                                         ", which has decided what becomes of the segment");
                break;
            }
            if (same(*other, each.action)) {
                errors.add(*each.at, quoted_name(each.action) + " stands twice in one rule");
                break;
            }
        }
        before.push_back(&each.action);
    }
}

void check_repetitions(const RuleParts& rule, Errors& errors) {
    using Pair = std::array<std::string_view, 2>;
    constexpr std::array<Pair, 3> opposites{{{"stop-reading", "resume-reading"},
                                             {"stop-acking", "resume-acking"},
                                             {"blackhole", "revive"}}};
    std::set<std::string_view> seen;
    for (const auto& each : rule.actions) {
        const auto word = name(each.action);
        if (word == "say" || word == "log" || word == "send" || word == "icmp" ||
            decides_fate(each.action)) {
            continue;
        }
        if (!seen.insert(word).second) {
            errors.add(*each.at, in_quotes(word) + " stands twice in one rule");
        }
        for (const auto& pair : opposites) {
            const auto other = pair[0] == word ? pair[1] : pair[1] == word ? pair[0] : "";
            if (seen.contains(other)) {
                errors.add(*each.at,
                           in_quotes(word) + " undoes " + in_quotes(other) + " of the same rule");
            }
        }
    }
}

/// Actions that need a connection, or its sending side, after one that ended it.
void check_order(const RuleParts& rule, Errors& errors) {
    const Action* gone = nullptr;
    const Action* finished = nullptr;
    for (const auto& each : rule.actions) {
        const auto word = name(each.action);
        if (decides_fate(each.action) || word == "log" || word == "finish" || word == "blackhole" ||
            word == "revive" || word == "become" || word == "send" || word == "icmp") {
            continue;
        }
        const bool sends = word == "say" || word == "shutdown";
        const bool reads = word == "stop-reading" || word == "resume-reading";
        if (gone != nullptr) {
            errors.add(*each.at, in_quotes(word) + " cannot follow " + quoted_name(*gone) +
                                     ": the connection is gone then");
        } else if (finished != nullptr && sends && name(*finished) != word) {
            errors.add(*each.at, in_quotes(word) + " cannot follow " + quoted_name(*finished) +
                                     ": the peer has finished sending then");
        } else if (finished != nullptr && reads && std::holds_alternative<Close>(*finished)) {
            errors.add(*each.at,
                       in_quotes(word) + " cannot follow `close`: nobody is there to read then");
        }
        if (word == "reset" || word == "forget") {
            gone = &each.action;
        } else if (word == "close" || word == "shutdown") {
            finished = &each.action;
        }
    }
}

/// May the action do something for a connection that has just entered the state?
bool may_come_in(tcp::State state, const Action& action) noexcept {
    using tcp::State;
    const bool finished = state == State::fin_wait_1 || state == State::fin_wait_2;
    const bool over = state == State::closing || state == State::last_ack ||
                      state == State::time_wait || state == State::closed;
    if (std::holds_alternative<Say>(action) || std::holds_alternative<Shutdown>(action)) {
        return !finished && !over;
    }
    if (std::holds_alternative<Close>(action)) {
        return !over;
    }
    return !std::holds_alternative<Reset>(action) || state != State::time_wait;
}

/// Actions that come when their time is over. What `connect` opens again, or does `after` a time,
/// has states of its own.
void check_states(const RuleParts& rule, Errors& errors) {
    if (find(*rule.at, "after") != nullptr) {
        return;
    }
    for (const auto& each : rule.actions) {
        if (std::holds_alternative<Connect>(each.action)) {
            return;
        }
        const bool never =
            std::all_of(rule.events.begin(), rule.events.end(), [&](const EventAt& at) {
                const auto* enter = std::get_if<OnEnter>(&at.event);
                return enter != nullptr && !may_come_in(enter->state, each.action);
            });
        if (never && !rule.events.empty()) {
            errors.add(*each.at, quoted_name(each.action) + " cannot come on " +
                                     quoted_event(rule.events.front().event) +
                                     ": the peer has sent its FIN, or the connection is gone");
        }
    }
}

}  // namespace

void check_events(const RuleParts& rule, Errors& errors) {
    check_events_differ(rule, errors);
    check_segment_filters(rule, errors);
    check_state_on_enter(rule, errors);
    check_kind(rule, errors);
}

void check_rule(const RuleParts& rule, Errors& errors) {
    check_events(rule, errors);
    check_event_recurs(rule, errors);
    check_counts(rule, errors);
    check_fates(rule, errors);
    check_repetitions(rule, errors);
    check_order(rule, errors);
    check_states(rule, errors);
    check_forgeries(rule, errors);
}

}  // namespace ghostpeer::profile
