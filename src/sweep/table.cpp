#include "sweep/table.hpp"

#include "event/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ghostpeer::sweep {
namespace {

[[nodiscard]] const Result* find(const Results& results, std::size_t number) {
    const auto found = results.find(number);
    return found == results.end() ? nullptr : &found->second;
}

/// A busy machine makes a little of every time.
[[nodiscard]] bool near(double one, double other) {
    constexpr double share = 0.05;
    constexpr double seconds = 0.5;
    return std::abs(one - other) <= std::max(seconds, share * std::max(one, other));
}

[[nodiscard]] bool belongs(const Group& group, const Result* result) {
    if (group.result == nullptr || result == nullptr) {
        return group.result == result;
    }
    return group.result->outcome == result->outcome && group.result->status == result->status &&
           group.result->signal == result->signal &&
           describe_rest(*group.result) == describe_rest(*result) &&
           near(group.shortest, result->seconds) && near(group.longest, result->seconds);
}

[[nodiscard]] std::string describe_end(const Group& group) {
    Result first = *group.result;
    first.seconds = group.shortest;
    const std::string text = describe(first);
    const std::string longest = time_text(group.longest);
    const bool is_whole = first.outcome == Outcome::unreached || first.outcome == Outcome::undone ||
                          text.ends_with(longest);
    return text + (is_whole ? "" : " to " + longest) + describe_rest(first);
}

/// `3..7`
[[nodiscard]] std::string places(const Group& group) {
    const std::size_t first = group.cases.front()->place;
    const std::size_t last = group.cases.back()->place;
    return first == last ? fmt::format("{}", first) : fmt::format("{}..{}", first, last);
}

[[nodiscard]] std::string describe_columns(const Plan& plan) {
    constexpr std::string_view byte = "behind byte ";
    std::string text;
    for (std::size_t at = 0; at < plan.columns.size();) {
        std::size_t end = at + 1;
        const std::string& name = plan.columns[at];
        const auto rest = name.find(' ', std::min(byte.size(), name.size()));
        if (!name.starts_with(byte) || rest == std::string::npos) {
            text += fmt::format("  {:>4}  {}\n", at + 1, name);
            at = end;
            continue;
        }
        const auto belongs = [&](const std::string& other) {
            return other.starts_with(byte) &&
                   other.substr(std::min(other.size(), other.find(' ', byte.size()))) ==
                       name.substr(rest);
        };
        while (end < plan.columns.size() && belongs(plan.columns[end])) {
            ++end;
        }
        const std::string& last = plan.columns[end - 1];
        text +=
            end - at == 1
                ? fmt::format("  {:>4}  {}\n", at + 1, name)
                : fmt::format("  {:>4}  behind {} of its bytes, {} to {}\n",
                              fmt::format("{}..{}", at + 1, end), end - at,
                              name.substr(byte.size(), rest - byte.size()),
                              last.substr(byte.size(), last.find(' ', byte.size()) - byte.size()));
        at = end;
    }
    return text;
}

[[nodiscard]] std::string describe_table(const Plan& plan, const std::vector<Group>& groups) {
    std::size_t widest = 5;
    std::size_t widest_places = 2;
    for (const std::string& row : plan.rows) {
        widest = std::max(widest, row.size());
    }
    for (const Group& group : groups) {
        widest_places = std::max(widest_places, places(group).size());
    }
    const bool has_places = plan.columns.size() > 1;
    std::string text;
    std::string shown;
    for (const Group& group : groups) {
        const std::string& row = group.cases.front()->row;
        text += fmt::format("  {:<{}}  ", row == shown ? std::string() : row, widest);
        shown = row;
        if (has_places) {
            text += fmt::format("{:<{}}  ", places(group), widest_places);
        }
        text += group.result == nullptr
                    ? std::string("not run\n")
                    : fmt::format("{:<9}  {}\n", name(group.result->outcome), describe_end(group));
    }
    return text;
}

/// `lossy: 2 of 30 seeds failed: 4, 17`
[[nodiscard]] std::string describe_seeds(const Plan& plan, const Results& results) {
    constexpr std::string_view word = "seed ";
    constexpr std::size_t most_named = 12;
    struct Series {
        std::size_t all = 0;
        std::vector<std::string> failed;
    };
    std::vector<std::pair<std::string, Series>> many;
    for (const Case& one : plan.cases) {
        const auto at = one.column.rfind(word);
        const Result* result = find(results, one.number);
        if (plan.kind != "survey" || at == std::string::npos || result == nullptr) {
            continue;
        }
        const std::string name =
            at == 0 ? one.row : fmt::format("{}, {}", one.row, one.column.substr(0, at - 2));
        auto known = std::find_if(many.begin(), many.end(),
                                  [&](const auto& series) { return series.first == name; });
        if (known == many.end()) {
            known = many.insert(many.end(), {name, {}});
        }
        ++known->second.all;
        if (result->outcome != Outcome::fine && result->outcome != Outcome::unreached) {
            known->second.failed.push_back(one.column.substr(at + word.size()));
        }
    }
    std::string text;
    for (auto& [name, series] : many) {
        const std::size_t failed = series.failed.size();
        series.failed.resize(std::min(failed, most_named));
        text += fmt::format("  {}: {} of {} seeds failed{}{}{}\n", name, failed, series.all,
                            failed > 0 ? ": " : "", fmt::join(series.failed, ", "),
                            failed > most_named ? ", …" : "");
    }
    return text.empty() ? text : "Of the seeds of each:\n" + text + "\n";
}

[[nodiscard]] std::string describe_finding(const Group& group,
                                           const std::function<std::string(const Case&)>& repeat) {
    const Case& first = *group.cases.front();
    std::string where = first.column.empty() ? std::string() : ": " + first.column;
    if (group.cases.size() > 1) {
        where += fmt::format(" to {} ({} runs)", group.cases.back()->column, group.cases.size());
    }
    std::string text = fmt::format("  {}: {}{}: {}\n", name(group.result->outcome), first.row,
                                   where, describe_end(group));
    if (!group.result->remark.empty()) {
        text += fmt::format("      {}\n", group.result->remark);
    }
    if (!group.result->error_line.empty()) {
        text += fmt::format("      it says: {}\n", group.result->error_line);
    }
    return text + fmt::format("    {}\n", repeat(first));
}

[[nodiscard]] std::string describe_sum(const Plan& plan, const Results& results) {
    const auto counts = count_outcomes(results);
    std::string text =
        fmt::format("{} {}:", plan.cases.size(), plan.cases.size() == 1 ? "run" : "runs");
    const char* separator = " ";
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] > 0) {
            text += fmt::format("{}{} {}", separator, counts[i], name(static_cast<Outcome>(i)));
            separator = ", ";
        }
    }
    if (results.size() < plan.cases.size()) {
        text += fmt::format("{}{} not run", separator, plan.cases.size() - results.size());
    }
    text += "\n";
    if (plan.impossible > 0) {
        text += fmt::format(
            "{} pairs of fault and position were left out: the one cannot be at the "
            "other.\n",
            plan.impossible);
    }
    return text;
}

/// What programs, profiles and files of others say must not steer the terminal.
[[nodiscard]] std::string printable_lines(const std::string& text) {
    std::string printable;
    for (const std::string& line : lines_of(text)) {
        printable += event::printable(std::string_view(line).substr(0, line.find('\n'))) + "\n";
    }
    return printable;
}

}  // namespace

std::vector<Group> fold(const Plan& plan, const Results& results) {
    std::vector<Group> groups;
    for (const Case& one : plan.cases) {
        const Result* result = find(results, one.number);
        const bool joins = !groups.empty() && groups.back().cases.front()->row == one.row &&
                           belongs(groups.back(), result);
        const double seconds = result == nullptr ? 0 : result->seconds;
        if (!joins) {
            groups.push_back({{}, result, seconds, seconds});
        }
        Group& group = groups.back();
        group.cases.push_back(&one);
        group.shortest = std::min(group.shortest, seconds);
        group.longest = std::max(group.longest, seconds);
    }
    return groups;
}

std::vector<Group> findings(const Plan& plan, const Results& results) {
    std::vector<Group> groups = fold(plan, results);
    std::erase_if(groups, [](const Group& group) {
        return group.result == nullptr ||
               (!is_finding(group.result->outcome) && group.result->outcome != Outcome::undone);
    });
    std::stable_sort(groups.begin(), groups.end(), [](const Group& one, const Group& other) {
        return one.result->outcome < other.result->outcome;
    });
    return groups;
}

std::string describe(const Plan& plan, const Results& results,
                     const std::function<std::string(const Case&)>& repeat) {
    std::string text;
    if (plan.columns.size() > 1) {
        text += (plan.kind == "sweep"
                     ? fmt::format("Positions in the conversation with {}:\n", plan.subject)
                     : std::string("The runs of each profile:\n")) +
                describe_columns(plan) + "\n";
    }
    text += "What the program does:\n" + describe_table(plan, fold(plan, results)) + "\n";
    text += describe_seeds(plan, results);
    const std::vector<Group> found = findings(plan, results);
    if (!found.empty()) {
        text += "Findings, worst first, and what repeats them:\n";
        for (const Group& group : found) {
            text += describe_finding(group, repeat);
        }
        text += "\n";
    }
    return printable_lines(text + describe_sum(plan, results));
}

}  // namespace ghostpeer::sweep
