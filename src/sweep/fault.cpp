#include "sweep/fault.hpp"

#include "sweep/outcome.hpp"
#include "sweep/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace ghostpeer::sweep {
namespace {

constexpr std::array words{
    FaultWord{"lose", "this segment is lost, once"},
    FaultWord{"silence", "from here on nothing gets in or out: the peer has lost its power"},
    FaultWord{"silence-in", "from here on nothing of the program's gets in: the way there is cut"},
    FaultWord{"silence-out", "from here on nothing of the peer's gets out: the way back is cut"},
    FaultWord{"reset", "RST instead of this segment, or behind this byte: the peer is killed"},
    FaultWord{"close", "the peer closes here, in good order (FIN)"},
    FaultWord{"reboot", "the peer forgets the connection and is back: RST to all that comes"},
    FaultWord{"stall", "the peer reads no more, and so answers no more"},
    FaultWord{"late", "this segment comes a second late, behind what was sent again meanwhile"},
    FaultWord{"late-1h", "this segment comes an hour late"},
    FaultWord{"duplicate", "this segment comes twice"},
    FaultWord{"corrupt", "a bit of this payload is wrong, and the checksum is right"},
    FaultWord{"truncate", "the answer ends behind this byte, in good order (FIN)"},
    FaultWord{"refuse-next", "RST here, and the next connection is refused"},
    FaultWord{"icmp", "this segment is lost, and a router says: host unreachable"},
};

/// After a cut answer the peer's own TCP would go on with it.
constexpr std::string_view closed_phase = R"(phases:
  closed:      # as a kernel whose application is gone
    - {on: receive fin, optional: true, do: [drop, {send: {flags: A, seq: seg.ack, ack: seg.end}}]}
    - {on: receive data, optional: true, do: [drop, {send: {flags: R, seq: seg.ack}}]}
    - {on: receive any, optional: true, do: drop}
    - {on: send any, optional: true, do: drop}
)";

[[nodiscard]] std::string when(const Position& position) {
    std::string text = fmt::format("attempt: {}", position.attempt);
    if (position.port != 0) {
        text += fmt::format(", port: {}", position.port);
    }
    // What is sent again is not counted: how often it comes depends on the fault.
    return position.kind == Position::Kind::pause ? text : text + ", retransmitted: false";
}

[[nodiscard]] std::string rule(const Position& position, std::string_view actions,
                               std::string_view more = {}) {
    const std::string event =
        position.kind == Position::Kind::pause
            ? fmt::format("idle {}ms", static_cast<int>(pause_seconds * 1000))
            : fmt::format("{} {}", position.in ? "receive" : "send", position.what);
    // The profile under test may have phases.
    return fmt::format(
        "  - on: {}\n    when: {{{}}}\n    nth: {}\n    always: true\n{}    do: {}\n", event,
        when(position), position.nth, more, actions);
}

/// A list of actions with a line for each stands below its key.
[[nodiscard]] std::string own_actions(const std::string& actions) {
    const auto first = std::min(actions.find_first_not_of(' '), actions.size());
    if (actions.find('\n') == std::string::npos && actions.compare(first, 2, "- ") != 0) {
        return actions;
    }
    std::string text;
    for (const std::string& line : lines_of(actions)) {
        text += "\n      " + line.substr(0, line.find('\n'));
    }
    return text;
}

[[nodiscard]] std::string rules(const std::string& text) { return "rules:\n" + text; }

/// With the segment itself withheld, where there is one.
[[nodiscard]] std::string instead(const Position& position, std::string_view actions) {
    return rules(rule(position, position.kind == Position::Kind::pause
                                    ? fmt::format("[{}]", actions)
                                    : fmt::format("[drop, {}]", actions)));
}

[[nodiscard]] std::string_view reset_action(const Position& position) {
    // The numbers of the segment whose place it takes: a RST with others is asked about first.
    return position.kind == Position::Kind::segment && !position.in && position.what != "syn"
               ? "reset: {seq: seg.seq, ack: rcv.nxt}"
               : "reset";
}

[[nodiscard]] std::string reset_rule(const Position& position) {
    if (position.kind == Position::Kind::pause || position.in) {
        return rule(position, "reset");
    }
    return rule(position, position.what == "syn"
                              ? std::string("[drop, reset]")
                              : fmt::format("[drop, {{{}}}]", reset_action(position)));
}

[[nodiscard]] std::string cut(const Position& position, bool with_fin) {
    if (with_fin) {
        return rules(rule(position, fmt::format("[{{set: {{total_length: {}, flags: FPA}}}}, "
                                                "{{become: closed}}]",
                                                position.whole))) +
               std::string(closed_phase);
    }
    return rules(rule(position, fmt::format("{{set: {{total_length: {}}}}}", position.whole)) +
                 rule(position,
                      fmt::format("{{reset: {{seq: iss+1+{}, ack: rcv.nxt}}}}", position.byte),
                      "    after: 1us\n"));
}

[[nodiscard]] std::optional<std::string> at_byte(const Fault& fault, const Position& position) {
    if (fault.name == "truncate" && !position.peer_dials) {  // a client ends the run in its phases
        return cut(position, true);
    }
    if (fault.name == "reset") {
        return cut(position, false);
    }
    return std::nullopt;
}

[[nodiscard]] std::string refuse_next(const Position& position) {
    const std::string port =
        position.port == 0 ? std::string() : fmt::format(", port: {}", position.port);
    return rules(reset_rule(position) +
                 fmt::format("  - on: receive syn\n    when: {{attempt: {}{}}}\n"
                             "    always: true\n    optional: true\n    do: reset\n",
                             position.attempt + 1, port));
}

/// What needs an open connection, at a position where there is one.
[[nodiscard]] std::optional<std::string> of_open(const Fault& fault, const Position& position) {
    if (!position.open && !(position.in && position.what == "ack")) {
        return std::nullopt;
    }
    const bool closes_here = !position.in && position.what == "fin" && fault.name == "close";
    if (position.finished || closes_here) {
        return std::nullopt;
    }
    return rules(rule(position, fault.name == "close" ? "close" : "stop-reading"));
}

/// What concerns one segment, and not what comes behind it.
[[nodiscard]] std::optional<std::string> of_segment(const Fault& fault, const Position& position) {
    if (position.kind != Position::Kind::segment) {
        return std::nullopt;
    }
    const std::string_view name = fault.name;
    if (name == "lose") {
        return rules(rule(position, "drop"));
    }
    if (name == "late" || name == "late-1h") {
        return rules(rule(position, name == "late" ? "{delay: 1s}" : "{delay: 1h}"));
    }
    if (name == "duplicate") {
        return rules(rule(position, "duplicate"));
    }
    if (name == "corrupt" && position.payload) {
        return rules(rule(position, "{corrupt: payload}"));
    }
    if (name == "icmp" && position.in && position.what != "rst") {
        return rules(rule(position, "[drop, {icmp: host-unreachable}]"));
    }
    return std::nullopt;
}

}  // namespace

std::span<const FaultWord> fault_words() noexcept { return words; }

tl::expected<std::vector<Fault>, std::string> parse_faults(std::string_view text) {
    std::vector<Fault> chosen;
    while (true) {
        const auto comma = text.find(',');
        const std::string_view word = text.substr(0, comma);
        if (std::none_of(words.begin(), words.end(),
                         [&](const FaultWord& known) { return known.name == word; })) {
            return tl::make_unexpected(fmt::format(
                "there is no fault `{}`; `ghostpeer sweep --faults help` lists them.", word));
        }
        if (std::none_of(chosen.begin(), chosen.end(),
                         [&](const Fault& one) { return one.name == word; })) {
            chosen.push_back({std::string(word), {}});
        }
        if (comma == std::string_view::npos) {
            return chosen;
        }
        text.remove_prefix(comma + 1);
    }
}

tl::expected<Fault, std::string> read_fault(const std::string& file) {
    constexpr std::size_t longest = 65536;
    std::string actions = read_text(file, longest);
    while (!actions.empty() && (actions.back() == '\n' || actions.back() == ' ')) {
        actions.pop_back();
    }
    while (actions.starts_with('#')) {
        actions.erase(0, std::min(actions.find('\n'), actions.size() - 1) + 1);
    }
    // Of a rule that was copied.
    constexpr std::string_view key = "do:";
    if (actions.starts_with(key)) {
        actions.erase(0, std::min(actions.find_first_not_of(' ', key.size()), actions.size()));
    }
    if (actions.starts_with('\n')) {
        actions.erase(0, 1);
    }
    if (actions.empty()) {
        return tl::make_unexpected(fmt::format(
            "--fault {}: the file cannot be read, or nothing is in it. It holds actions "
            "as `do:` of a rule takes them, such as `reset` or `[drop, forget]`.",
            file));
    }
    return Fault{std::filesystem::path(file).stem().string(), actions};
}

std::string explain_faults() {
    std::string text;
    for (const FaultWord& word : words) {
        text += fmt::format("{:<12} {}\n", word.name, word.explanation);
    }
    return text;
}

std::optional<std::string> write_rules(const Fault& fault, const Position& position) {
    if (!fault.actions.empty()) {
        // They may need a segment.
        return position.kind == Position::Kind::segment
                   ? std::optional(rules(rule(position, own_actions(fault.actions))))
                   : std::nullopt;
    }
    if (position.kind == Position::Kind::byte) {
        return at_byte(fault, position);
    }
    if (fault.name == "silence") {
        return instead(position, "blackhole");
    }
    // The segment itself still passes where it goes the other way.
    const bool is_segment = position.kind == Position::Kind::segment;
    if (fault.name == "silence-in" || fault.name == "silence-out") {
        const bool cuts_in = fault.name == "silence-in";
        const std::string action = cuts_in ? "{blackhole: in}" : "{blackhole: out}";
        return is_segment && position.in == cuts_in ? instead(position, action)
                                                    : rules(rule(position, action));
    }
    if (fault.name == "reset" || fault.name == "refuse-next") {
        // Who dials is not refused by itself.
        if (position.what == "rst" || (fault.name == "refuse-next" && position.peer_dials)) {
            return std::nullopt;
        }
        return fault.name == "reset" ? rules(reset_rule(position)) : refuse_next(position);
    }
    if (fault.name == "reboot") {
        return position.finished ? std::nullopt : std::optional(instead(position, "forget"));
    }
    if (fault.name == "close" || fault.name == "stall") {
        return of_open(fault, position);
    }
    return of_segment(fault, position);
}

}  // namespace ghostpeer::sweep
