#include "sweep/baseline.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace ghostpeer::sweep {
namespace {

constexpr std::string_view untried = "Nothing was tried: ";
constexpr std::string_view advice =
    " COMMAND has to succeed before a fault can tell anything: PROFILE says what the peer answers, "
    "and `ghostpeer list --tag protocol` names some that speak more than HTTP.";

/// Why a run cannot be what others are compared with; empty: it can.
[[nodiscard]] std::string distrust(const Evidence& run) {
    const RunRecord& record = run.record;
    if (out_of_time(run)) {
        return fmt::format(
            "{}COMMAND does not end by itself, with nothing the matter ({}).", untried,
            event::printable(record.headline.empty() ? run.complaint : record.headline));
    }
    if (!record.complete) {
        return fmt::format(
            "{}COMMAND could not be run: {}", untried,
            run.complaint.empty() ? "there is no record of it." : event::printable(run.complaint));
    }
    if (run.failed_around) {
        return fmt::format("{}{}", untried, event::printable(run.complaint));
    }
    if (record.ended == "signal") {
        return fmt::format("{}the run was ended by a signal. {}", untried,
                           event::printable(run.complaint));
    }
    const bool by_peer = record.ended_by_peer();
    if (!by_peer && (!record.signal.empty() || record.status.value_or(1) != 0)) {
        return fmt::format(
            "{}COMMAND fails by itself, with nothing the matter: {}.{}{}", untried,
            !record.signal.empty() ? "it was ended by " + record.signal
                                   : fmt::format("status {}", record.status.value_or(1)),
            run.complaint.empty() ? "" : " It said: " + event::printable(run.complaint), advice);
    }
    return {};
}

[[nodiscard]] std::string show_difference(const std::vector<std::string>& one,
                                          const std::vector<std::string>& other) {
    const std::size_t line = first_difference(one, other, {}).value_or(0);
    std::string text;
    for (const auto& [mark, lines] : {std::pair{'-', &one}, std::pair{'+', &other}}) {
        if (line < lines->size()) {
            const std::string& shown = (*lines)[line];
            text += fmt::format("\n  {}{}", mark, excerpt(shown.substr(0, shown.find('\n'))));
        }
    }
    return text;
}

[[nodiscard]] std::vector<std::size_t> differing_lines(const std::vector<std::string>& one,
                                                       const std::vector<std::string>& other) {
    std::vector<std::size_t> lines;
    for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
        if (one[i] != other[i]) {
            lines.push_back(i);
        }
    }
    return lines;
}

/// Standard error of both, which may differ: it is no answer.
void add_errors(BaselineFound& found, const Evidence& first, const Evidence& second) {
    found.baseline.errors = first.errors;
    found.baseline.errors_differ = first.errors.size() != second.errors.size();
    if (found.baseline.errors_differ) {
        found.remarks.push_back(fmt::format(
            "Standard error has {} lines, then {}, and is not looked at. The first that differs:{}",
            first.errors.size(), second.errors.size(),
            show_difference(first.errors, second.errors)));
        return;
    }
    found.baseline.unsteady_errors = differing_lines(first.errors, second.errors);
}

}  // namespace

tl::expected<BaselineFound, std::string> compare_ends(const std::array<Evidence, 2>& runs) {
    for (const Evidence& run : runs) {
        if (auto why = distrust(run); !why.empty()) {
            return tl::make_unexpected(std::move(why));
        }
    }
    BaselineFound found;
    const auto& [first, second] = runs;
    if (first.output.size() != second.output.size()) {
        return tl::make_unexpected(
            fmt::format("{}COMMAND does not repeat itself: it printed {} lines, then {}. The first "
                        "that differs:{}",
                        untried, first.output.size(), second.output.size(),
                        show_difference(first.output, second.output)));
    }
    found.baseline.unsteady = differing_lines(first.output, second.output);
    if (!found.baseline.unsteady.empty()) {
        found.remarks.push_back(fmt::format(
            "{} of {} lines of the output differ from run to run, and are not looked at:{}",
            found.baseline.unsteady.size(), first.output.size(),
            show_difference(first.output, second.output)));
    }
    add_errors(found, first, second);
    found.baseline.left_behind =
        std::max(first.record.left_behind.size(), second.record.left_behind.size());
    found.baseline.left_open =
        std::max(count_left_open(first.record), count_left_open(second.record));
    found.baseline.output = first.output;
    found.baseline.duration = first.record.duration;
    found.baseline.attempts = std::max(first.record.attempts, second.record.attempts);
    found.baseline.repeated = std::max(first.repeated, second.repeated);
    found.baseline.peer_dials =
        std::any_of(first.record.connections.begin(), first.record.connections.end(),
                    [](const ConnectionSeen& one) { return one.peer_dialled; });
    found.baseline.goes_on = first.record.ended_by_peer();
    if (const auto answer = last_answer(first.record); answer == last_answer(second.record)) {
        found.baseline.last_answer = answer;
    }
    return found;
}

tl::expected<BaselineFound, std::string> compare_baseline(const std::array<Evidence, 2>& runs,
                                                          const PositionLimits& limits) {
    auto found = compare_ends(runs);
    if (!found) {
        return found;
    }
    const Positions first = find_positions(runs[0].record, limits);
    const Positions second = find_positions(runs[1].record, limits);
    std::set<std::string> both;
    for (const Position& position : second.all) {
        both.insert(name(position));
    }
    for (const Position& position : first.all) {
        if (both.contains(name(position))) {
            found->positions.push_back(position);
        }
    }
    const std::size_t lost = first.all.size() + second.all.size() - 2 * found->positions.size();
    if (found->positions.empty()) {
        return tl::make_unexpected(
            !limits.at.empty() && runs[0].record.attempts > 0
                ? fmt::format("{}the conversation has no position that is called so. `ghostpeer "
                              "sweep` without --at shows all of them.",
                              untried)
            : limits.attempt && runs[0].record.attempts > 0
                ? fmt::format("{}COMMAND has no attempt {}; it made {}.", untried, *limits.attempt,
                              runs[0].record.attempts)
            : lost > 0
                ? fmt::format("{}COMMAND's two conversations have no segment in common.", untried)
                : fmt::format("{}there is no conversation: COMMAND made no connection to the "
                              "peer. 198.18.0.2 is a good address to dial, and --peer NAME "
                              "makes a name for one.",
                              untried));
    }
    if (lost > 0) {
        found->remarks.push_back(fmt::format(
            "{} segments were in one of two conversations alone; no fault is tried there.", lost));
    }
    if (first.ambiguous > 0) {
        found->remarks.push_back(fmt::format(
            "{} connections go to the same port of another address; no fault is tried on them.",
            first.ambiguous));
    }
    return found;
}

}  // namespace ghostpeer::sweep
