#include "sweep/outcome.hpp"

#include "event/exit_status.hpp"
#include "event/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ghostpeer::sweep {
namespace {

constexpr std::array<std::string_view, outcome_count> names{
    "wrong", "hang", "crash", "duplicate", "slow", "leak", "error", "fine", "unreached", "undone"};

constexpr double at_once = 0.5;
constexpr double minute = 60;
constexpr double hour = 3600;
constexpr std::size_t longest_error = 160;
constexpr std::string_view next_client = "the next client";

[[nodiscard]] bool was_reached(const RunRecord& record, const std::string& profile) {
    bool any = false;
    for (const RuleSeen& rule : record.rules) {
        const bool ours =
            profile.empty() || rule.file == profile || rule.file.ends_with("/" + profile);
        any = any || ours;
        if (ours && rule.fired > 0) {
            return true;
        }
    }
    return !any && record.attempts > 0;  // the peer is the fault by what it is
}

[[nodiscard]] std::string describe_difference(const Baseline& baseline,
                                              const std::vector<std::string>& seen,
                                              std::size_t line) {
    if (line >= seen.size()) {
        return fmt::format("the output ends after {} {} of {}", line, line == 1 ? "line" : "lines",
                           baseline.output.size());
    }
    if (line >= baseline.output.size()) {
        return fmt::format("the output goes on: \"{}\"", excerpt(seen[line]));
    }
    return fmt::format("line {} of the output is \"{}\", not \"{}\"", line + 1, excerpt(seen[line]),
                       excerpt(baseline.output[line]));
}

[[nodiscard]] std::uint64_t more(std::uint64_t seen, std::uint64_t expected) {
    return seen > expected ? seen - expected : 0;
}

/// What standard error says, and what is left.
void compare_rest(Result& result, const Baseline& baseline, const Evidence& evidence) {
    result.left_behind = more(evidence.record.left_behind.size(), baseline.left_behind);
    result.left_open = more(count_left_open(evidence.record), baseline.left_open);
    if (baseline.errors_differ ||
        baseline.peer_dials) {  // a server's are what it says of the fault
        return;
    }
    const auto line = first_other_words(baseline.errors, evidence.errors, baseline.unsteady_errors);
    result.errors = line ? Result::Errors::other : Result::Errors::same;
    if (line && *line < evidence.errors.size()) {
        std::string_view other = evidence.errors[*line];
        result.error_line = excerpt(other.substr(0, other.find('\n')), longest_error);
    }
}

[[nodiscard]] Outcome outcome_of_end(const Result& result, const RunRecord& record, double slow,
                                     bool by_peer) {
    if (!by_peer && record.duration > slow) {
        return Outcome::slow;
    }
    if (result.left_behind > 0 || result.left_open > 0) {
        return Outcome::leak;
    }
    return by_peer || record.status.value_or(0) == 0 ? Outcome::fine : Outcome::error;
}

/// Does the server go on, and does the next client get its answer?
void judge_server(Result& result, const Baseline& baseline, const RunRecord& record) {
    if (record.ended == "command" && baseline.goes_on) {
        result.outcome = Outcome::crash;
        result.remark = "the server ended, and with nothing the matter it does not";
        return;
    }
    const auto answer = last_answer(record);
    if (!baseline.last_answer || answer == baseline.last_answer) {
        return;
    }
    const bool is_silent = answer.value_or(0) == 0;
    result.outcome = is_silent ? Outcome::hang : Outcome::wrong;
    result.remark = is_silent ? fmt::format("{} got no answer", next_client)
                              : fmt::format("{} was answered {} bytes, not {}", next_client,
                                            *answer, *baseline.last_answer);
}

}  // namespace

std::optional<std::uint64_t> last_answer(const RunRecord& record) {
    const auto last = std::max_element(
        record.connections.begin(), record.connections.end(),
        [](const auto& one, const auto& other) { return one.attempt < other.attempt; });
    return last == record.connections.end() || !last->peer_dialled || last->attempt < 2
               ? std::nullopt
               : std::optional(last->received);
}

std::string_view name(Outcome outcome) noexcept { return names[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> find_outcome(std::string_view name) noexcept {
    const auto* const found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt
                                : std::optional(static_cast<Outcome>(found - names.begin()));
}

bool is_finding(Outcome outcome) noexcept { return outcome <= Outcome::leak; }

bool out_of_time(const Evidence& evidence) noexcept {
    return evidence.record.complete ? evidence.record.ended.ends_with("timeout")
                                    : evidence.run_status == exit_timeout;
}

Result judge(const Case& one, const Baseline& baseline, const Evidence& evidence, double slow) {
    const RunRecord& record = evidence.record;
    Result result;
    result.number = one.number;
    result.status = record.status;
    result.seconds = record.duration;
    result.attempts = record.attempts;
    const bool is_hanging = out_of_time(evidence);
    const bool is_ended = record.ended == "signal";  // that ghostpeer got
    if ((!record.complete && !is_hanging) || is_ended) {
        result.remark = is_ended && evidence.complaint.empty() ? "the run was ended by a signal"
                                                               : evidence.complaint;
        return result;
    }
    // A profile that is written for a run has the fault's rules alone; of others each is one.
    const std::string written =
        one.rules.empty() ? std::string() : number_text(one.number) + ".yaml";
    // Without a verdict there is nothing that could say so.
    if (record.complete && !was_reached(record, written)) {
        result.outcome = Outcome::unreached;
        return result;
    }
    // A server is told to end when its clients are gone; they may take longer than there is time.
    const bool serves_on = is_hanging && baseline.goes_on && baseline.last_answer;
    if (is_hanging && !serves_on) {
        result.outcome = Outcome::hang;
        result.status.reset();
        result.remark = record.complete ? record.standstill : evidence.complaint;
        return result;
    }
    const bool by_peer = record.ended_by_peer() || serves_on;
    if (!record.signal.empty() && !by_peer) {
        result.outcome = Outcome::crash;
        result.signal = record.signal;
        return result;
    }
    compare_rest(result, baseline, evidence);
    result.outcome = outcome_of_end(result, record, slow, by_peer);
    if (result.left_behind > 0) {
        result.remark = fmt::format("left behind: {}", fmt::join(record.left_behind, ", "));
    }
    if (by_peer) {  // which takes its own time, and does not ask for a status
        result.status.reset();
    }
    if (baseline.peer_dials) {
        judge_server(result, baseline, record);
    } else if (evidence.repeated > baseline.repeated) {
        result.outcome = std::min(result.outcome, Outcome::duplicate);
        result.remark = "the same request arrived on two connections";
    }
    const bool succeeded = record.status.value_or(by_peer ? 0 : 1) == 0;
    // What a server writes is what it says of the fault.
    if (one.same_answer && succeeded && !baseline.peer_dials) {
        const auto line = first_difference(baseline.output, evidence.output, baseline.unsteady);
        if (line) {
            result.outcome = Outcome::wrong;
            result.remark = describe_difference(baseline, evidence.output, *line);
        }
    }
    return result;
}

std::uint64_t count_left_open(const RunRecord& record) noexcept {
    if (record.ended == "command") {
        return record.open;
    }
    // A server goes on; what its client has closed is not needed any more.
    return record.ended_by_peer() ? record.half_closed : 0;
}

std::string excerpt(std::string_view line, std::size_t most) {
    std::string text;
    for (const char c : line) {
        if (text.size() >= most) {
            return text + "…";
        }
        const auto byte = static_cast<unsigned char>(c);
        text += c == '\n'                  ? std::string("\\n")
                : byte < ' ' || byte > '~' ? fmt::format("\\x{:02x}", byte)
                                           : std::string(1, c);
    }
    return text;
}

std::vector<std::string> lines_of(std::string_view text, std::size_t most) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = lines.size() < most ? text.find('\n') : std::string_view::npos;
        lines.emplace_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
        if (end == std::string_view::npos) {
            break;
        }
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::optional<std::size_t> first_difference(const std::vector<std::string>& expected,
                                            const std::vector<std::string>& seen,
                                            const std::vector<std::size_t>& unsteady) {
    const std::size_t common = std::min(expected.size(), seen.size());
    for (std::size_t line = 0; line < common; ++line) {
        if (expected[line] != seen[line] &&
            !std::binary_search(unsteady.begin(), unsteady.end(), line)) {
            return line;
        }
    }
    return expected.size() == seen.size() ? std::nullopt : std::optional(common);
}

std::optional<std::size_t> first_other_words(const std::vector<std::string>& expected,
                                             const std::vector<std::string>& seen,
                                             const std::vector<std::size_t>& unsteady) {
    const auto words = [](const std::vector<std::string>& lines) {
        std::vector<std::string> plain;
        plain.reserve(lines.size());
        for (const std::string& line : lines) {
            std::string& text = plain.emplace_back();
            for (const char c : line) {
                const bool is_digit = c >= '0' && c <= '9';
                if (!is_digit || text.empty() || text.back() != '0') {
                    text += is_digit ? '0' : c;
                }
            }
        }
        return plain;
    };
    return first_difference(words(expected), words(seen), unsteady);
}

std::string_view name(Result::Errors errors) noexcept {
    return errors == Result::Errors::same    ? "same"
           : errors == Result::Errors::other ? "other"
                                             : "unknown";
}

std::string time_text(double seconds) {
    if (seconds < at_once) {
        return "at once";
    }
    // Rounded once, so that 59.96 s is a minute and not 60.0 s.
    const auto tenths = std::lround(seconds * 10);
    if (tenths < 100) {
        return fmt::format("{}.{} s", tenths / 10, tenths % 10);
    }
    const auto whole = std::lround(seconds);
    if (whole < 60) {
        return fmt::format("{} s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    }
    const long minutes = (whole + 30) / 60;
    return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string_view time_class(double seconds) noexcept {
    return seconds < at_once  ? "at once"
           : seconds < minute ? "seconds"
           : seconds < hour   ? "minutes"
                              : "hours";
}

std::string describe(const Result& result) {
    switch (result.outcome) {
        case Outcome::hang:
            return result.remark.starts_with(next_client)
                       ? "ended by the peer after " + time_text(result.seconds)
                       : fmt::format("not ended after {}", time_text(result.seconds));
        case Outcome::unreached: return "the fault was not met";
        case Outcome::undone: return "the run could not be done";
        default: break;
    }
    const std::string time = time_text(result.seconds);
    const std::string when = time == "at once" ? time : "after " + time;
    if (!result.signal.empty()) {
        return fmt::format("{} {}", result.signal, when);
    }
    return result.status ? fmt::format("status {} {}", *result.status, when)
                         : fmt::format("ended by the peer {}", when);
}

std::string describe_rest(const Result& result) {
    using Errors = Result::Errors;
    std::string text;
    if (result.status && *result.status == 0 && result.errors == Errors::other) {
        text += ", other standard error";
    } else if (result.status && *result.status != 0 && result.errors == Errors::same) {
        text += ", nothing new on standard error";
    }
    if (result.left_behind > 0) {
        text += fmt::format(", {} left behind", event::count(result.left_behind, "program"));
    }
    if (result.left_open > 0) {
        text += fmt::format(", {} left open", event::count(result.left_open, "connection"));
    }
    return text;
}

}  // namespace ghostpeer::sweep
