#include "judge/report.hpp"

#include "event/text.hpp"
#include "judge/attempt_table.hpp"
#include "judge/conversation.hpp"
#include "judge/expectations.hpp"
#include "judge/judgement.hpp"
#include "judge/misfire.hpp"
#include "judge/run_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::judge {

namespace {

constexpr std::size_t max_rule_rows = 20;

std::string_view word(Ended ended) {
    switch (ended) {
        case Ended::command: return "command";
        case Ended::timeout:
        case Ended::wall_timeout: return "timeout";
        case Ended::finish: return "finish";
        case Ended::run_for: return "for";
        case Ended::signal: return "signal";
        case Ended::scope: return "scope";
    }
    return "command";
}

void append_attempts(std::vector<std::string>& lines, const RunSummary& run) {
    if (run.attempts.empty()) {
        lines.emplace_back(no_connection(run));
        for (const auto& sentence : run.instead) {
            lines.push_back(event::printable(sentence));
        }
    }
    for (auto& line : attempt_table(run)) {
        lines.push_back(std::move(line));
    }
}

/// Where a connect waited, for minutes perhaps, for nobody.
void append_silent_addresses(std::vector<std::string>& lines, const RunSummary& run) {
    constexpr std::size_t most = 3;
    const auto shown = std::min(run.silent_addresses.size(), most);
    if (shown == 0) {
        return;
    }
    const std::vector<std::string> first(
        run.silent_addresses.begin(),
        run.silent_addresses.begin() + static_cast<std::ptrdiff_t>(shown));
    lines.push_back(event::printable(fmt::format(
        "The program tried to connect to {}{}, where no peer is: nothing answers there.",
        fmt::join(first, ", "),
        run.silent_addresses.size() > shown
            ? fmt::format(" and {} more", run.silent_addresses.size() - shown)
            : "")));
}

// Rules -------------------------------------------------------------------------------------------

std::string describe_rule(const event::RuleOutcome& rule) {
    auto text = fmt::format("{}  {}: ", event::format_place(rule.rule), rule.event);
    if (rule.fired == 0) {
        return text + "did not fire, and need not";
    }
    text +=
        "fired " + (rule.fired == 1 ? std::string("once") : fmt::format("{} times", rule.fired));
    if (rule.withheld > 0) {
        text += ", withheld " + event::count(rule.withheld, "segment");
    }
    return text;
}

void append_rules(std::vector<std::string>& lines, const RunSummary& run,
                  const event::Verdict& verdict) {
    std::size_t shown = 0;
    std::size_t left_out = 0;
    std::size_t index = 0;
    for (const auto& statistics : run.profiles) {
        for (std::size_t i = 0; i < statistics.profile->rules.size(); ++i) {
            const auto& outcome = verdict.rules.at(index++);
            if (!outcome.failure.empty()) {
                continue;  // it has a line among the failures
            }
            if (shown < max_rule_rows) {
                ++shown;
                lines.push_back(describe_rule(outcome));
            } else {
                ++left_out;
            }
        }
    }
    if (left_out > 0) {
        lines.push_back(fmt::format("… and {}", event::count(left_out, "more rule")));
    }
}

void append_expectations(std::vector<std::string>& lines, const event::Verdict& verdict) {
    std::size_t shown = 0;
    std::size_t left_out = 0;
    for (const auto& expectation : verdict.expectations) {
        if (!expectation.pass) {
            continue;  // it has its own lines among the failures
        }
        if (shown < max_rule_rows) {
            ++shown;
            lines.push_back(describe_held(expectation));
        } else {
            ++left_out;
        }
    }
    if (left_out > 0) {
        lines.push_back(
            fmt::format("… and {} that held", event::count(left_out, "more expectation")));
    }
}

// The rest ----------------------------------------------------------------------------------------

void append_oddities(std::vector<std::string>& lines, const event::Counters& counters) {
    std::string list;
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < counters.oddities.size(); ++i) {
        const auto oddity = static_cast<wire::Oddity>(i);
        // Neighbour discovery and name look-ups are everyday traffic, and have their own notice.
        if (counters.oddities.at(i) == 0 || oddity == wire::Oddity::not_tcp) {
            continue;
        }
        all += counters.oddities.at(i);
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", counters.oddities.at(i),
                            wire::describe(oddity));
    }
    if (all > 0) {
        lines.push_back(
            fmt::format("{} did not reach the peer: {}.", event::count(all, "odd packet"), list));
    }
}

void append_limits(std::vector<std::string>& lines, const event::Counters& counters) {
    if (counters.syns_dropped_at_limit > 0) {
        lines.push_back(
            fmt::format("The limit on connections was reached: {} dropped. Raise it if "
                        "the program needs more.",
                        event::count(counters.syns_dropped_at_limit, "SYN")));
    }
    if (counters.bytes_dropped_at_limit > 0) {
        lines.push_back(
            fmt::format("The limit on bytes held for a connection was reached: {} "
                        "dropped.",
                        event::count(counters.bytes_dropped_at_limit, "byte")));
    }
    if (counters.bytes_dropped_for_memory > 0 || counters.waits_for_memory > 0) {
        lines.push_back(fmt::format(
            "The limit on memory for all connections together was reached: {} dropped, {} for "
            "room to say something. Raise it with --max-memory.",
            event::count(counters.bytes_dropped_for_memory, "byte"),
            event::count(counters.waits_for_memory, "wait")));
    }
    if (counters.lost_on_the_way > 0 || counters.queue_full > 0) {
        lines.push_back(fmt::format("The link lost {}, and its queue had no room for {}.",
                                    event::count(counters.lost_on_the_way, "packet"),
                                    event::count(counters.queue_full, "packet")));
    }
    if (counters.undelivered > 0) {
        lines.push_back(
            fmt::format("The link refused {}.", event::count(counters.undelivered, "packet")));
    }
}

bool random_matters(const RunSummary& run) {
    if (run.counters.lost_on_the_way > 0) {
        return true;
    }
    for (const auto& statistics : run.profiles) {
        if (statistics.profile->link && statistics.profile->link->by_chance()) {
            return true;
        }
        for (const auto& rule : statistics.profile->rules) {
            if (rule.filters.probability) {
                return true;
            }
        }
    }
    return false;
}

/// A rule that is there for the run's end alone is no fault.
bool makes_a_fault(const profile::Rule& rule) {
    const auto ends = [](const profile::Action& action) {
        return std::holds_alternative<profile::Finish>(action);
    };
    return std::none_of(rule.actions.begin(), rule.actions.end(), ends) ||
           !std::all_of(rule.actions.begin(), rule.actions.end(), [&](const auto& action) {
               return ends(action) || std::holds_alternative<profile::Log>(action);
           });
}

/// Adds what became of each rule, and a failure for one that had to act and did not.
void judge_rules(const ProfileStatistics& statistics, const RunSummary& run,
                 event::Verdict& verdict) {
    for (std::size_t i = 0; i < statistics.profile->rules.size(); ++i) {
        const auto& rule = statistics.profile->rules[i];
        const auto seen =
            i < statistics.rules.size() ? statistics.rules[i] : event::RuleStatistics{};
        event::RuleOutcome outcome{rule.place,
                                   events_text(rule.on),
                                   seen.fired,
                                   seen.withheld,
                                   statistics.profile->name,
                                   !rule.optional && !run.served,
                                   {},
                                   makes_a_fault(rule),
                                   rule.source};
        if (seen.fired == 0 && outcome.must_fire) {
            outcome.failure = describe_misfire(rule, seen, statistics, run);
            verdict.failures.push_back({outcome.failure});
        }
        verdict.rules.push_back(std::move(outcome));
    }
}

}  // namespace

event::Verdict make_verdict(const RunSummary& run, const Conversation* conversation) {
    event::Verdict verdict;
    verdict.ended = word(run.ended);
    verdict.length = run.length;
    verdict.seed = run.seed;
    verdict.attempts = run.attempts.size() + run.unrecorded_attempts;
    verdict.lost = run.lost;
    verdict.kernel = run.kernel;
    for (const auto& sentence : run.undialled) {
        verdict.failures.push_back({event::printable(sentence)});
    }
    for (const auto& statistics : run.profiles) {
        // The run may have profiles of its own, such as its name server's.
        const bool matters = statistics.connections > 0 || !statistics.profile->rules.empty() ||
                             !statistics.profile->expect.empty();
        if (matters && std::find(verdict.profiles.begin(), verdict.profiles.end(),
                                 statistics.profile->name) == verdict.profiles.end()) {
            verdict.profiles.push_back(statistics.profile->name);
        }
        judge_rules(statistics, run, verdict);
    }
    verdict.expectations = describe_expectations(run, conversation);
    for (const auto& expectation : verdict.expectations) {
        if (!expectation.pass) {
            verdict.failures.push_back({expectation.failure, expectation.excerpt});
        }
    }
    for (auto& fault : find_run_faults(run, verdict)) {
        verdict.failures.push_back({std::move(fault.sentence)});
    }
    verdict.command = run.command;
    judge(run, verdict);
    if (!verdict.pass) {
        verdict.report = run.standstill.lines;
    }
    append_attempts(verdict.report, run);
    if (run.to_be_dialled > 0) {
        verdict.report.push_back(fmt::format("The run ended before the peer had opened {}.",
                                             event::count(run.to_be_dialled, "more connection")));
    }
    append_silent_addresses(verdict.report, run);
    for (const auto& sentence : run.casualties) {
        verdict.report.push_back(event::printable(sentence));
    }
    for (const auto& [name, profile] : run.unmet_peers) {
        verdict.report.push_back(fmt::format("No connection came to {}, whose profile is {}.",
                                             event::printable(name), event::printable(profile)));
    }
    for (const auto& name : run.unmet_uses) {
        verdict.report.push_back(fmt::format(
            "No connection met the profile {}, which `use` gave a peer.", event::printable(name)));
    }
    append_rules(verdict.report, run, verdict);
    append_expectations(verdict.report, verdict);
    append_oddities(verdict.report, run.counters);
    append_limits(verdict.report, run.counters);
    if (!run.kernel.empty()) {
        verdict.report.push_back(fmt::format("Time was virtual, the kernel {}.", run.kernel));
    }
    if (random_matters(run)) {
        verdict.report.push_back(
            fmt::format("Chance was asked for: `--seed {}` repeats it.", run.seed));
    }
    for (const auto& loss : run.lost) {
        verdict.report.push_back(event::printable(loss.sentence));
    }
    return verdict;
}

}  // namespace ghostpeer::judge
