#include "control/condition.hpp"

#include "control/query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace ghostpeer::control {
namespace {

constexpr std::string_view grammar =
    "A condition is `connections >= 1`, `attempts >= 2`, `established >= 3` (or another state), "
    "each with `peer=NAME` behind it or not, `state=established conn=1`, `rule FILE:LINE` or "
    "`event=segment kind=rst`";

[[nodiscard]] std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

[[nodiscard]] std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    for (text = trim(text); !text.empty(); text = trim(text)) {
        const auto end = std::min(text.find(' '), text.size());
        all.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return all;
}

[[nodiscard]] auto no_condition(const std::string& why) {
    return tl::make_unexpected(fmt::format("{}. {}.", why, grammar));
}

using Expected = tl::expected<Condition, std::string>;

/// States as profiles or as the RFC spell them.
[[nodiscard]] std::optional<tcp::State> find_state(std::string_view word) {
    std::string lower(word);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == '_' ? '-' : c);
    });
    return tcp::parse_state(lower);
}

/// Takes `>= 3` off the end of the text; nothing where it does not end so.
[[nodiscard]] std::optional<Comparison> take_comparison(std::string_view& text) {
    using Operator = Comparison::Operator;
    constexpr std::array<std::pair<std::string_view, Operator>, 7> operators{
        {{">=", Operator::at_least},
         {"<=", Operator::at_most},
         {"!=", Operator::not_equal},
         {"==", Operator::equal},
         {">", Operator::more},
         {"<", Operator::less},
         {"=", Operator::equal}}};
    const auto at = text.find_first_of("<>=!");
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    for (const auto& [sign, op] : operators) {
        if (text.substr(at, sign.size()) != sign) {
            continue;
        }
        const auto number = parse_number(trim(text.substr(at + sign.size())));
        if (!number) {
            return std::nullopt;
        }
        text = trim(text.substr(0, at));
        return Comparison{op, *number};
    }
    return std::nullopt;
}

[[nodiscard]] Expected parse_rule(std::string_view text) {
    RuleFired rule;
    if (const auto comparison = take_comparison(text)) {
        rule.comparison = *comparison;
    }
    if (text.ends_with(" fired")) {
        text = trim(text.substr(0, text.size() - 6));
    }
    const auto colon = text.rfind(':');
    const auto line =
        colon == std::string_view::npos ? std::nullopt : parse_number(text.substr(colon + 1));
    if (!line || colon == 0 || *line > INT32_MAX) {
        return no_condition(
            fmt::format("`rule` needs FILE:LINE, as traces name rules, not \"{}\"", text));
    }
    rule.file = text.substr(0, colon);
    rule.line = static_cast<int>(*line);
    return rule;
}

[[nodiscard]] Expected parse_event(const std::vector<std::string_view>& parts) {
    EventSeen event;
    for (const auto part : parts) {
        const auto equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return no_condition(
                fmt::format("Of an event only FIELD=VALUE can be asked, not \"{}\"", part));
        }
        event.fields.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    return event;
}

[[nodiscard]] Expected parse_state_is(const std::vector<std::string_view>& parts) {
    StateIs what;
    const auto word = parts[0].substr(std::string_view("state=").size());
    const auto state = find_state(word);
    if (!state) {
        return no_condition(fmt::format("There is no state \"{}\"", word));
    }
    what.state = *state;
    const auto id = parts.size() == 2 && parts[1].starts_with("conn=")
                        ? parse_number(parts[1].substr(5))
                        : std::nullopt;
    if (!id || *id == 0) {
        return no_condition("`state=…` needs `conn=N` behind it, the number of a connection");
    }
    what.connection = *id;
    return what;
}

[[nodiscard]] Expected parse_count(std::string_view text, const PeerNames& names) {
    CountIs what;
    if (const auto at = text.rfind(" peer="); at != std::string_view::npos) {
        const auto name = text.substr(at + 6);
        what.peer = names.find(name);
        if (!what.peer) {
            return tl::make_unexpected(names.unknown(name));
        }
        text = trim(text.substr(0, at));
    }
    const std::string_view whole = text;
    const auto comparison = take_comparison(text);
    if (!comparison) {
        return no_condition(fmt::format("\"{}\" is no condition", whole));
    }
    what.comparison = *comparison;
    if (text == "connections" || text == "attempts") {
        what.of = text == "attempts" ? CountIs::Of::attempts : CountIs::Of::connections;
        return what;
    }
    const auto state = find_state(text);
    if (!state || *state == tcp::State::closed || *state == tcp::State::listen) {
        return no_condition(fmt::format("\"{}\" cannot be counted", text));
    }
    what.of = CountIs::Of::state;
    what.state = *state;
    return what;
}

/// A value of the event stream as people write it.
[[nodiscard]] std::string plain(const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

bool Comparison::holds(std::uint64_t value) const noexcept {
    switch (op) {
        case Operator::less: return value < number;
        case Operator::at_most: return value <= number;
        case Operator::equal: return value == number;
        case Operator::not_equal: return value != number;
        case Operator::at_least: return value >= number;
        case Operator::more: return value > number;
    }
    return false;
}

tl::expected<Condition, std::string> parse_condition(std::string_view text,
                                                     const PeerNames& names) {
    constexpr std::size_t longest = 1000;
    text = trim(text);
    if (text.empty() || text.size() > longest) {
        return no_condition(text.empty() ? "There is no condition to wait for"
                                         : "The condition is longer than 1000 characters");
    }
    const auto parts = words(text);
    if (parts[0] == "rule") {
        return parse_rule(trim(text.substr(4)));
    }
    if (parts[0].starts_with("event=")) {
        return parse_event(parts);
    }
    if (parts[0].starts_with("state=")) {
        return parse_state_is(parts);
    }
    return parse_count(text, names);
}

bool matches(const EventSeen& event, std::string_view line) {
    // Most events have not even the words.
    for (const auto& [name, value] : event.fields) {
        if (line.find(value) == std::string_view::npos) {
            return false;
        }
    }
    const auto object = nlohmann::json::parse(line, nullptr, false);
    return std::all_of(event.fields.begin(), event.fields.end(), [&](const auto& field) {
        const auto& [name, value] = field;
        const nlohmann::json* at = &object;
        for (std::string_view rest = name; at != nullptr && !rest.empty();) {
            const auto dot = std::min(rest.find('.'), rest.size());
            const auto key = std::string(rest.substr(0, dot));
            rest.remove_prefix(std::min(dot + 1, rest.size()));
            const auto found = at->is_object() ? at->find(key) : at->end();
            at = at->is_object() && found != at->end() ? &*found : nullptr;
        }
        return at != nullptr && plain(*at) == value;
    });
}

bool Look::heavy() const noexcept {
    const auto* count = std::get_if<CountIs>(&condition_);
    return count != nullptr && count->peer && count->of != CountIs::Of::attempts;
}

Standing Look::count(const CountIs& what, const peer::Engine& engine) {
    const bool attempts = what.of == CountIs::Of::attempts;
    const auto name = attempts                              ? "attempts"
                      : what.of == CountIs::Of::connections ? "connections"
                                                            : tcp::name(what.state);
    const auto judge = [&](std::uint64_t value) {
        return Standing{what.comparison.holds(value), false, fmt::format("{} is {}", name, value)};
    };
    if (attempts) {
        return judge(what.peer ? engine.attempts_of(what.peer->index) : engine.attempt_count());
    }
    if (!what.peer) {
        return judge(what.of == CountIs::Of::connections
                         ? engine.live_connections()
                         : engine.states()[static_cast<std::size_t>(what.state)]);
    }
    constexpr std::size_t page_size = 64;
    const auto page = engine.connections(from_, page_size, what.peer->index);
    for (const auto& connection : page.connections) {
        const bool live = connection.state != tcp::State::closed;
        counted_ += what.of == CountIs::Of::connections ? (live ? 1U : 0U)
                    : connection.state == what.state    ? 1U
                                                        : 0U;
    }
    if (page.next) {
        from_ = *page.next;
        return {false, true, {}};
    }
    from_ = 0;
    return judge(std::exchange(counted_, 0));
}

Standing Look::step(const peer::Engine& engine) {
    if (const auto* what = std::get_if<CountIs>(&condition_)) {
        return count(*what, engine);
    }
    if (const auto* what = std::get_if<StateIs>(&condition_)) {
        const auto connection = engine.connection(what->connection);
        if (!connection) {
            // One that is not remembered any longer is closed; one that is to come is nothing yet.
            const bool was = what->connection <= engine.last_connection();
            return {was && what->state == tcp::State::closed, false,
                    fmt::format("connection {} {}", what->connection,
                                was ? "is not remembered any more" : "has not begun")};
        }
        return {
            connection->state == what->state, false,
            fmt::format("connection {} is in {}", what->connection, tcp::name(connection->state))};
    }
    if (const auto* what = std::get_if<RuleFired>(&condition_)) {
        const auto fired = engine.fired(what->file, what->line);
        return {fired && what->comparison.holds(*fired), false,
                fired ? fmt::format("the rule has fired {} times", *fired)
                      : "no profile in use has such a rule"};
    }
    return {false, false, "no such event has come"};
}

}  // namespace ghostpeer::control
