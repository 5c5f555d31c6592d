#include "judge/command_end.hpp"

#include "event/exit_status.hpp"
#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::judge {

namespace {

constexpr std::size_t longest_quote = 200;

/// The end of what COMMAND wrote last, in one line; empty: nothing.
std::string last_line(const std::string& output) {
    const auto end = output.find_last_not_of("\r\n");
    if (end == std::string::npos) {
        return {};
    }
    const auto begin = output.find_last_of("\r\n", end);
    auto line = output.substr(begin == std::string::npos ? 0 : begin + 1);
    line.resize(std::min(line.find_first_of("\r\n"), line.size()));
    return event::printable(line.substr(0, longest_quote));
}

std::string describe_output(const profile::Pattern& pattern, const RunSummary& run) {
    if (run.output.empty()) {
        return "COMMAND's output was not read: only profiles of the command line have it read.";
    }
    const auto text = fmt::format("expected COMMAND to write `{}`, but it did not",
                                  event::printable(pattern.text()));
    std::string ends;
    for (const std::string& output : run.output) {
        if (const auto line = last_line(output); !line.empty()) {
            ends += fmt::format("{}\"{}\"", ends.empty() ? "" : " and ", line);
        }
    }
    return text + (ends.empty() ? "; it wrote nothing." : "; its last line: " + ends + ".");
}

std::string within_limits(const profile::Range& range) {
    const auto length = [](std::uint64_t nanoseconds) {
        return event::format_length(Duration(static_cast<Duration::rep>(
            std::min<std::uint64_t>(nanoseconds, static_cast<std::uint64_t>(INT64_MAX)))));
    };
    if (range.most == UINT64_MAX) {
        return "after " + length(range.least) + " or later";
    }
    return range.least == 0
               ? "within " + length(range.most)
               : fmt::format("after {} to {}", length(range.least), length(range.most));
}

}  // namespace

int status_of(const event::Exit& exit) {
    return exit.signal ? exit_status_of_signal(*exit.signal) : exit.status;
}

bool expects_status(const RunSummary& run) {
    return run.expected_status ||
           std::any_of(run.profiles.begin(), run.profiles.end(), [](const auto& one) {
               // What a profile expects that `attempts` only names is not looked at.
               if (one.expectations.empty()) {
                   return false;
               }
               const auto& expect = one.profile->expect;
               return std::any_of(expect.begin(), expect.end(), [](const auto& expectation) {
                   return !expectation.command.statuses.empty();
               });
           });
}

std::string describe_command_end(const profile::Expectation& expectation, const RunSummary& run) {
    const auto& wanted = expectation.command;
    const auto sentence = [&](const std::string& text) {
        return event::format_place(expectation.place) + ": " + text;
    };
    if (run.served) {
        return sentence("there is no COMMAND here: `serve` cannot look at its end.");
    }
    if (!run.command || run.ended != Ended::command) {
        return sentence("expected COMMAND to end, but it was ended with the run.");
    }
    std::vector<std::string> unmet;
    const int status = status_of(*run.command);
    if (!wanted.statuses.empty() && std::find(wanted.statuses.begin(), wanted.statuses.end(),
                                              status) == wanted.statuses.end()) {
        unmet.push_back(fmt::format("expected COMMAND to end with status {}, but it {}.",
                                    fmt::join(wanted.statuses, " or "), describe(*run.command)));
    }
    const auto length =
        static_cast<std::uint64_t>(std::max(run.command_length, Duration::zero()).count());
    if (wanted.within && !wanted.within->contains(length)) {
        unmet.push_back(fmt::format("expected COMMAND to end {}, but it ended after {}.",
                                    within_limits(*wanted.within),
                                    event::format_length(run.command_length)));
    }
    for (const profile::Pattern& pattern : wanted.output) {
        if (std::none_of(run.output.begin(), run.output.end(),
                         [&](const std::string& output) { return pattern.found_in(output); })) {
            unmet.push_back(describe_output(pattern, run));
        }
    }
    if (!unmet.empty()) {
        return sentence(fmt::format("{}", fmt::join(unmet, " And: ")));
    }
    return {};
}

}  // namespace ghostpeer::judge
