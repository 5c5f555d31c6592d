#include "profile/document/values.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/script/patterns.hpp"

#include <array>
#include <optional>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// One event's text, split.
struct EventText {
    std::string_view word;
    std::string_view argument;  ///< may be empty
    const YamlNode& at;
    Context& context;
};

using ReadEvent = std::optional<Event> (*)(const EventText& text, Errors& errors);

template <class Enumeration>
std::vector<std::string> words_of(std::size_t count) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < count; ++i) {
        words.emplace_back(tcp::name(static_cast<Enumeration>(i)));
    }
    return words;
}

bool needs_argument(const EventText& text, std::string_view what, std::string_view example,
                    Errors& errors) {
    if (!text.argument.empty()) {
        return true;
    }
    errors.add(text.at, in_quotes(text.word) + " needs " + std::string(what) + ", as in " +
                            in_quotes(std::string(text.word) + " " + std::string(example)));
    return false;
}

std::optional<Event> read_receive(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a kind of segment", "data", errors)) {
        return std::nullopt;
    }
    if (text.argument == "any") {
        return OnReceive{};
    }
    if (const auto kind = tcp::parse_kind(text.argument)) {
        return OnReceive{kind};
    }
    auto known = words_of<tcp::Kind>(tcp::kind_count);
    known.emplace_back("any");
    errors.add(text.at, unknown_word("kind of segment", text.argument, known));
    return std::nullopt;
}

std::optional<Event> read_send(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a reason", "syn-ack", errors)) {
        return std::nullopt;
    }
    if (text.argument == "any") {
        return OnSend{};
    }
    if (const auto reason = tcp::parse_reason(text.argument)) {
        return OnSend{reason};
    }
    auto known = words_of<tcp::Reason>(tcp::reason_count);
    known.emplace_back("any");
    errors.add(text.at, unknown_word("reason to send", text.argument, known));
    return std::nullopt;
}

std::optional<Event> read_enter(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a state", "established", errors)) {
        return std::nullopt;
    }
    using tcp::State;
    constexpr std::array states{State::syn_received, State::established, State::fin_wait_1,
                                State::fin_wait_2,   State::close_wait,  State::closing,
                                State::last_ack,     State::time_wait,   State::closed};
    std::vector<std::string> known;
    for (const auto state : states) {
        if (tcp::name(state) == text.argument) {
            return OnEnter{state};
        }
        known.emplace_back(tcp::name(state));
    }
    errors.add(text.at, unknown_word("state", text.argument, known, " that a connection enters"));
    return std::nullopt;
}

std::optional<Event> read_start(const EventText& text, Errors& errors) {
    if (!text.argument.empty()) {
        errors.add(text.at, "`start` stands alone, without " + in_quotes(text.argument));
        return std::nullopt;
    }
    return OnStart{};
}

std::optional<std::uint64_t> read_event_size(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a size", "4KiB", errors)) {
        return std::nullopt;
    }
    const auto size = parse_size(text.argument);
    if (!size) {
        errors.add(text.at, in_quotes(text.argument) +
                                " is not a size; write one such as `1000`, `4KiB` or `1MB`");
    } else if (*size == 0) {
        errors.add(text.at, in_quotes(std::string(text.word) + " " + std::string(text.argument)) +
                                " cannot be waited for; for the beginning write `start` or "
                                "`enter established`");
        return std::nullopt;
    }
    return size;
}

/// `"TEXT"` or `/EXPRESSION/`
std::optional<Event> read_received_pattern(const EventText& text, Errors& errors) {
    constexpr std::size_t longest = longest_received;
    const std::string_view argument = text.argument;
    const bool quoted = argument.front() == '"';
    if (quoted && (argument.size() < 3 || argument.back() != '"' || argument.size() > longest)) {
        errors.add(text.at,
                   "`received` takes a text of 1 to 4094 bytes in double quotes, as in "
                   "`'received \"QUIT\"'`");
        return std::nullopt;
    }
    if (!quoted && !is_expression(argument)) {
        errors.add(text.at,
                   in_quotes(argument) + " is no regular expression; it stands between slashes");
        return std::nullopt;
    }
    auto pattern = quoted
                       ? read_fixed(argument.substr(1, argument.size() - 2), text.at, text.context)
                       : read_pattern(argument, text.at, text.context);
    return pattern ? std::optional<Event>(OnReceivedPattern{std::move(*pattern)}) : std::nullopt;
}

std::optional<std::uint64_t> read_ordinal(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a number", "2", errors)) {
        return std::nullopt;
    }
    const auto number = parse_number(text.argument);
    if (!number || *number == 0) {
        errors.add(text.at, in_quotes(text.argument) + " is no number of a " +
                                std::string(text.word) + "; they are counted from 1");
        return std::nullopt;
    }
    return number;
}

std::optional<Event> read_request(const EventText& text, Errors& errors) {
    const auto number = read_ordinal(text, errors);
    return number ? std::optional<Event>(OnRequest{*number}) : std::nullopt;
}

std::optional<Event> read_response(const EventText& text, Errors& errors) {
    const auto number = read_ordinal(text, errors);
    return number ? std::optional<Event>(OnResponse{*number}) : std::nullopt;
}

std::optional<Event> read_received(const EventText& text, Errors& errors) {
    if (!text.argument.empty() && (text.argument.front() == '"' || text.argument.front() == '/')) {
        return read_received_pattern(text, errors);
    }
    const auto size = read_event_size(text, errors);
    return size ? std::optional<Event>(OnReceived{*size}) : std::nullopt;
}

std::optional<Event> read_sent(const EventText& text, Errors& errors) {
    const auto size = read_event_size(text, errors);
    return size ? std::optional<Event>(OnSent{*size}) : std::nullopt;
}

std::optional<Event> read_idle(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a time", "5s", errors)) {
        return std::nullopt;
    }
    const auto time = parse_time(text.argument);
    if (!time) {
        errors.add(
            text.at,
            in_quotes(text.argument) +
                " is not a time; write one such as `250ms`, `5s`, `2m` or `1h`, up to 10000h");
        return std::nullopt;
    }
    if (*time == Duration::zero()) {
        errors.add(text.at, "`idle` needs a time above 0");
        return std::nullopt;
    }
    return OnIdle{*time};
}

std::optional<Event> read_command(const EventText& text, Errors& errors) {
    if (!needs_argument(text, "a name", "unplug", errors)) {
        return std::nullopt;
    }
    if (!is_name(text.argument)) {
        errors.add(text.at, in_quotes(text.argument) +
                                " is no name of a command; use letters, digits, `-` and `_`");
        return std::nullopt;
    }
    return OnCommand{std::string(text.argument)};
}

constexpr std::array<Word<ReadEvent>, 10> event_words{{{"receive", read_receive},
                                                       {"send", read_send},
                                                       {"enter", read_enter},
                                                       {"start", read_start},
                                                       {"received", read_received},
                                                       {"sent", read_sent},
                                                       {"idle", read_idle},
                                                       {"command", read_command},
                                                       {"request", read_request},
                                                       {"response", read_response}}};

void read_event_of(const YamlNode& node, std::vector<EventAt>& events, Context& context) {
    if (node.type != YamlNode::Type::scalar) {
        context.errors.add(node, "an event is a text such as `receive data`, not " +
                                     std::string(describe(node.type)));
        return;
    }
    if (auto event = read_event(node.text, node, context)) {
        events.push_back(EventAt{std::move(*event), &node});
    }
}

}  // namespace

std::optional<Event> read_event(std::string_view text, const YamlNode& at, Context& context) {
    text = trim(text);
    const auto blank = std::min(text.find_first_of(" \t\r\n"), text.size());
    const EventText parts{text.substr(0, blank), trim(text.substr(blank)), at, context};
    const auto* row = look_up(event_words, "event", parts.word, at, context.errors);
    return row != nullptr ? row->read(parts, context.errors) : std::nullopt;
}

bool is_segment_event(const Event& event) noexcept {
    return std::holds_alternative<OnReceive>(event) || std::holds_alternative<OnSend>(event);
}

void read_events(const Entry& entry, std::vector<EventAt>& events, Context& context) {
    if (entry.value.type == YamlNode::Type::scalar) {
        read_event_of(entry.value, events, context);
        return;
    }
    if (const Entry* what = find(entry.value, "repeated");
        what != nullptr && entry.value.entries.size() == 1 && entry.key.text != "on") {
        if (is_word(*what, "request")) {
            events.push_back(EventAt{OnRepeatedRequest{}, &entry.value});
        } else {
            report_wrong_type(*what, "`request`", context.errors);
        }
        return;
    }
    if (!expect_type(entry, YamlNode::Type::list,
                     "an event such as `receive data`, or a list of them", context.errors)) {
        return;
    }
    if (entry.value.items.empty()) {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " names no event");
    }
    for (const auto& item : entry.value.items) {
        read_event_of(item, events, context);
    }
}

void read_on(const Entry& entry, RuleParts& rule, Context& context) {
    read_events(entry, rule.events, context);
    for (const EventAt& each : rule.events) {
        if (std::holds_alternative<OnRequest>(each.event) ||
            std::holds_alternative<OnResponse>(each.event)) {
            context.request = each.at;
        }
    }
}

std::string quoted_event(const Event& event) { return in_quotes(to_string(event)); }

void check_is_seen(const Event& event, const YamlNode& at, Errors& errors) {
    if (std::holds_alternative<OnReceivedPattern>(event) ||
        std::holds_alternative<OnRequest>(event) || std::holds_alternative<OnResponse>(event)) {
        errors.add(at, quoted_event(event) +
                           " is for rules; an expectation looks at segments, as in "
                           "`see: receive data, when: {payload: QUIT}`");
    }
}

void check_requests(const Service& service, Context& context) {
    if (context.request != nullptr && !std::holds_alternative<Script>(service) &&
        !std::holds_alternative<Respond>(service)) {
        context.errors.add(
            *context.request,
            "only `service: script` and `service: respond` tell requests apart; with "
            "another one write what a request begins with, as in "
            "`'received /GET /'`, and count by `nth`");
    }
    context.request = nullptr;
}

}  // namespace ghostpeer::profile
