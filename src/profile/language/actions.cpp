#include "profile/document/values.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/link/reader.hpp"
#include "profile/script/say.hpp"
#include "profile/segment/forgery.hpp"
#include "profile/segment/sequence_sum.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// Reads an action's value. Where the action is a bare word, the entry's value is null.
using ReadAction = std::optional<Action> (*)(const Entry& entry, Context& context);

template <class Kind>
std::optional<Action> read_bare(const Entry& entry, Context& context) {
    if (entry.value.type != YamlNode::Type::null) {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " takes no value");
        return std::nullopt;
    }
    return Kind{};
}

std::optional<Action> read_delay(const Entry& entry, Context& context) {
    const auto time = read_time(entry, context.errors);
    return time ? std::optional<Action>(Delay{*time}) : std::nullopt;
}

/// `hold` while it is being read.
struct HoldParts {
    std::optional<Event> until;
    bool reversed = false;
};

void read_until(const Entry& entry, std::string_view text, HoldParts& parts, Context& context) {
    parts.until = read_event(text, entry.value, context);
    if (parts.until && (std::holds_alternative<OnRequest>(*parts.until) ||
                        std::holds_alternative<OnResponse>(*parts.until))) {
        context.request = &entry.value;
    }
}

constexpr std::string_view hold_form =
    "what it waits for, as in `hold: until receive fin`, or a map with `until` and `release`";

constexpr std::array<Word<ReadKey<HoldParts>>, 2> hold_words{{
    {"until",
     [](const Entry& entry, HoldParts& parts, Context& context) {
         if (expect_type(entry, YamlNode::Type::scalar, "an event such as `receive fin`",
                         context.errors)) {
             read_until(entry, entry.value.text, parts, context);
         }
     }},
    {"release",
     [](const Entry& entry, HoldParts& parts, Context& context) {
         parts.reversed = is_word(entry, "reversed");
         if (!parts.reversed && !is_word(entry, "in-order")) {
             report_wrong_type(entry, "`in-order` or `reversed`", context.errors);
         }
     }},
}};

std::optional<Action> read_hold(const Entry& entry, Context& context) {
    constexpr std::string_view until = "until ";
    HoldParts parts;
    if (entry.value.type == YamlNode::Type::map) {
        read_keys(entry.value, hold_words, "key", " in `hold`", parts, context);
        if (find(entry.value, "until") == nullptr) {
            context.errors.add(entry.value, "`hold` needs `until`: the event that it waits for");
        }
    } else if (entry.value.type == YamlNode::Type::scalar &&
               trim(entry.value.text).starts_with(until)) {
        read_until(entry, trim(entry.value.text).substr(until.size()), parts, context);
    } else {
        report_wrong_type(entry, hold_form, context.errors);
    }
    if (!parts.until) {
        return std::nullopt;
    }
    return HoldUntil{std::make_shared<const Event>(std::move(*parts.until)), parts.reversed};
}

std::optional<Action> read_duplicate(const Entry& entry, Context& context) {
    constexpr std::uint64_t most = 1000;
    if (entry.value.type == YamlNode::Type::null) {
        return Duplicate{};
    }
    const auto copies = read_number(entry, 1, most, context.errors);
    return copies ? std::optional<Action>(Duplicate{static_cast<std::uint32_t>(*copies)})
                  : std::nullopt;
}

constexpr std::array<Word<ReadKey<Reset>>, 2> reset_words{{
    {"seq", [](const Entry& entry, Reset& reset,
               Context& context) { reset.seq = read_sequence(entry, context.errors); }},
    {"ack", [](const Entry& entry, Reset& reset,
               Context& context) { reset.ack = read_sequence(entry, context.errors); }},
}};

std::optional<Action> read_reset(const Entry& entry, Context& context) {
    Reset reset;
    if (entry.value.type == YamlNode::Type::null) {
        return reset;
    }
    if (!expect_type(entry, YamlNode::Type::map, "nothing or a map with `seq` and `ack`",
                     context.errors)) {
        return std::nullopt;
    }
    read_keys(entry.value, reset_words, "key", " in `reset`", reset, context);
    return reset;
}

constexpr std::array<Word<ReadKey<Connect>>, 2> connect_words{{
    {"isn", [](const Entry& entry, Connect& connect,
               Context& context) { connect.isn = read_sequence(entry, context.errors); }},
    {"tsval", [](const Entry& entry, Connect& connect,
                 Context& context) { connect.tsval = read_timestamp(entry, context.errors); }},
}};

std::optional<Action> read_connect(const Entry& entry, Context& context) {
    Connect connect;
    if (entry.value.type != YamlNode::Type::null &&
        expect_type(entry, YamlNode::Type::map, "nothing or a map with `isn` and `tsval`",
                    context.errors)) {
        read_keys(entry.value, connect_words, "key", " in `connect`", connect, context);
    }
    return connect;
}

std::optional<Action> read_say(const Entry& entry, Context& context) {
    auto say = read_say_of(entry, context);
    return say ? std::optional<Action>(std::move(*say)) : std::nullopt;
}

std::optional<Action> read_window(const Entry& entry, Context& context) {
    constexpr std::uint64_t most = std::uint64_t{1} << 30U;
    if (is_word(entry, "auto")) {
        return SetWindow{};
    }
    const auto bytes = read_size(entry, 0, most, context.errors, "`auto` or ");
    return bytes ? std::optional<Action>(SetWindow{static_cast<std::uint32_t>(*bytes)})
                 : std::nullopt;
}

std::optional<Action> read_blackhole(const Entry& entry, Context& context) {
    if (entry.value.type == YamlNode::Type::null) {
        return Blackhole{};
    }
    if (is_word(entry, "in")) {
        return Blackhole{Direction::in};
    }
    if (is_word(entry, "out")) {
        return Blackhole{Direction::out};
    }
    report_wrong_type(entry, "nothing (for both directions), `in` or `out`", context.errors);
    return std::nullopt;
}

std::optional<Action> read_finish(const Entry& entry, Context& context) {
    if (entry.value.type == YamlNode::Type::null) {
        return Finish{};
    }
    if (is_word(entry, "all")) {
        return Finish{true};
    }
    report_wrong_type(entry, "nothing (to end the run at once) or `all`", context.errors);
    return std::nullopt;
}

std::optional<Action> read_change_of_link(const Entry& entry, Context& context) {
    ChangeLink change;
    read_link(entry, change.to, context);
    return change;
}

std::optional<Action> read_interface(const Entry& entry, Context& context) {
    for (const auto state : {InterfaceState::up, InterfaceState::down, InterfaceState::no_carrier,
                             InterfaceState::no_route}) {
        if (is_word(entry, name(state))) {
            return SetInterface{state};
        }
    }
    report_wrong_type(entry, "`up`, `down`, `no-carrier` or `no-route`", context.errors);
    return std::nullopt;
}

std::optional<Action> read_log(const Entry& entry, Context& context) {
    auto text = read_text(entry, context.errors);
    return text ? std::optional<Action>(Log{std::move(*text)}) : std::nullopt;
}

std::optional<Action> read_become(const Entry& entry, Context& context) {
    const auto text = read_text(entry, context.errors);
    if (!text) {
        return std::nullopt;
    }
    const auto& phases = context.phases;
    const auto found = std::find(phases.begin() + 1, phases.end(), *text);
    if (text->empty() || found == phases.end()) {
        context.errors.add(
            entry.value,
            phases.size() == 1
                ? "there is no phase " + in_quotes(*text) + "; the profile has no `phases`"
                : unknown_word("phase", *text, {phases.begin() + 1, phases.end()}));
        return std::nullopt;
    }
    return Become{*text, static_cast<std::size_t>(found - phases.begin())};
}

constexpr std::array<Word<ReadAction>, 27> action_words{{
    {"drop", read_bare<Drop>},
    {"delay", read_delay},
    {"hold", read_hold},
    {"duplicate", read_duplicate},
    {"reset", read_reset},
    {"close", read_bare<Close>},
    {"shutdown", read_bare<Shutdown>},
    {"forget", read_bare<Forget>},
    {"say", read_say},
    {"stop-reading", read_bare<StopReading>},
    {"resume-reading", read_bare<ResumeReading>},
    {"window", read_window},
    {"stop-acking", read_bare<StopAcking>},
    {"resume-acking", read_bare<ResumeAcking>},
    {"blackhole", read_blackhole},
    {"revive", read_bare<Revive>},
    {"log", read_log},
    {"finish", read_finish},
    {"corrupt", read_corrupt},
    {"set", read_set},
    {"fragment", read_fragment},
    {"send", read_send},
    {"connect", read_connect},
    {"icmp", read_icmp},
    {"become", read_become},
    {"link", read_change_of_link},
    {"interface", read_interface},
}};

void read_action_entry(const Entry& entry, RuleParts& rule, Context& context) {
    if (const auto* row =
            look_up(action_words, "action", entry.key.text, entry.key, context.errors)) {
        if (auto action = row->read(entry, context)) {
            // The entry of a bare word is gone when this returns; its key's mark is the item's.
            rule.actions.push_back(ActionAt{std::move(*action), nullptr});
        }
    }
}

void read_action(const YamlNode& node, RuleParts& rule, Context& context) {
    const auto known = rule.actions.size();
    if (node.type == YamlNode::Type::scalar) {
        Entry entry{node, node};
        entry.value.type = YamlNode::Type::null;
        read_action_entry(entry, rule, context);
    } else if (node.type != YamlNode::Type::map) {
        context.errors.add(node,
                           "an action is a word such as `drop` or a map such as "
                           "`{delay: 50ms}`, not " +
                               std::string(describe(node.type)));
    } else if (node.entries.empty()) {
        context.errors.add(node, "`{}` names no action");
    } else if (node.entries.size() > 1) {
        context.errors.add(node.entries[1].key, "one map holds one action; write a list for " +
                                                    in_quotes(node.entries[0].key.text) + " and " +
                                                    in_quotes(node.entries[1].key.text));
    } else {
        read_action_entry(node.entries[0], rule, context);
    }
    if (rule.actions.size() > known) {
        rule.actions.back().at = &node;
    }
}

}  // namespace

void read_do(const Entry& entry, RuleParts& rule, Context& context) {
    if (entry.value.type == YamlNode::Type::list) {
        if (entry.value.items.empty()) {
            context.errors.add(entry.value, "`do` names no action");
        }
        for (const auto& item : entry.value.items) {
            read_action(item, rule, context);
        }
    } else if (entry.value.type == YamlNode::Type::null) {
        report_wrong_type(entry, "an action such as `drop`, or a list of them", context.errors);
    } else {
        read_action(entry.value, rule, context);
    }
}

}  // namespace ghostpeer::profile
