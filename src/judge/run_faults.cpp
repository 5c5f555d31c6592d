#include "judge/run_faults.hpp"

#include "event/text.hpp"
#include "judge/command_end.hpp"
#include "judge/misfire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace ghostpeer::judge {

namespace {

using profile::Form;

/// Its fault is what it answers, and nobody was answered.
bool never_answered(const ProfileStatistics& one, const RunSummary& run) {
    const auto& profile = *one.profile;
    const auto words = static_cast<std::size_t>(tcp::Reason::data);
    return profile.fault_in_answer && profile.rules.empty() && profile.attempts.empty() &&
           was_met(one, run) && one.traffic.reasons.at(words) == 0;
}

bool any_failed(const profile::Profile& profile, const event::Verdict& verdict) {
    const auto rule_failed = [&](const event::RuleOutcome& one) {
        return one.profile == profile.name && !one.failure.empty();
    };
    const auto expectation_failed = [&](const event::ExpectationOutcome& one) {
        return one.profile == profile.name && !one.pass;
    };
    return std::any_of(verdict.rules.begin(), verdict.rules.end(), rule_failed) ||
           std::any_of(verdict.expectations.begin(), verdict.expectations.end(),
                       expectation_failed);
}

/// Expectations that hold only because there was nothing to look at, and faults that are not in
/// rules, so that none of these tells that they never happened.
void find_unmet(const RunSummary& run, const event::Verdict& verdict,
                std::vector<RunFault>& faults) {
    for (const auto& statistics : run.profiles) {
        const auto& profile = *statistics.profile;
        const auto& expect = profile.expect;
        const bool expects = !statistics.expectations.empty();
        if (was_met(statistics, run) || any_failed(profile, verdict) ||
            (expects && std::any_of(expect.begin(), expect.end(), looks_at_no_connection))) {
            continue;
        }
        const bool looks_at_connections =
            expects && std::any_of(expect.begin(), expect.end(), [](const auto& expectation) {
                return expectation.form != Form::command;
            });
        if (looks_at_connections) {
            faults.push_back(
                {"connections meet " + profile.name, "a profile met no connection",
                 fmt::format("{}: no connection met this profile, so that nothing of what it "
                             "expects was looked at. `attempts: 0` expects that there is none.",
                             event::format_place(expect.front().place))});
        } else if (profile.constant_fault && profile.role == profile::Role::server && !run.served) {
            faults.push_back(
                {"connections meet " + profile.name,
                 "no connection met " + event::printable(profile.name),
                 fmt::format("{}: what this peer is to each connection is the fault, and no "
                             "connection met it. If that is right, say so in a profile that "
                             "extends it: `expect: [{{attempts: 0}}]`.",
                             event::printable(profile.name))});
        }
    }
}

/// A server in the background goes with the run that COMMAND's end ends.
void find_deserted(const RunSummary& run, std::vector<RunFault>& faults) {
    const auto left = describe_left_behind(run);
    const bool dials = std::any_of(run.profiles.begin(), run.profiles.end(), [](const auto& one) {
        return one.profile->role == profile::Role::client;
    });
    const bool answered =
        std::any_of(run.attempts.begin(), run.attempts.end(),
                    [](const auto& attempt) { return attempt.dialled && attempt.received > 0; });
    if (left.empty() || !dials || answered || run.ended != Ended::command) {
        return;
    }
    faults.push_back(
        {"COMMAND answers the peer", "the peer, a client, got nothing",
         fmt::format("COMMAND ended after {} and left {} behind, before the peer, which is the "
                     "client here, had got anything: a run ends with COMMAND. Keep it in the "
                     "foreground (`nginx -g 'daemon off;'`, `exec`, `wait`).",
                     event::format_length(run.command_length), left)});
}

/// A script that was not followed has not tested what it says.
void find_surprises(const RunSummary& run, std::vector<RunFault>& faults) {
    for (const std::string& sentence : run.surprises) {
        faults.push_back({"the program says what scripts wait for",
                          "a script met input that it has no word for",
                          event::printable(sentence)});
    }
}

/// Nobody may overlook that a scope failed.
void find_failed_scopes(const RunSummary& run, std::vector<RunFault>& faults) {
    for (const std::string& sentence : run.failed_scopes) {
        faults.push_back(
            {"scopes that nobody asked about pass", "a scope failed", event::printable(sentence)});
    }
}

/// Faults that wait to be asked for.
void find_unasked(const RunSummary& run, std::vector<RunFault>& faults) {
    for (const auto& statistics : run.profiles) {
        const auto& profile = *statistics.profile;
        const auto& expect = profile.expect;
        const bool speaks_of_it =
            !statistics.expectations.empty() &&
            std::any_of(expect.begin(), expect.end(),
                        [](const auto& expectation) { return expectation.form != Form::command; });
        if (run.served || speaks_of_it || profile.role == profile::Role::client ||
            !never_answered(statistics, run)) {
            continue;
        }
        const auto name = event::printable(profile.name);
        faults.push_back({"somebody is answered by " + profile.name, name + " answered nobody",
                          fmt::format("{}: what this peer answers is the fault, and no connection "
                                      "brought what it answers to. If that is right, say so in a "
                                      "profile that extends it: `expect: [{{never: send data}}]`.",
                                      name)});
    }
}

/// `--require-fault`
void find_no_fault(const RunSummary& run, const event::Verdict& verdict,
                   std::vector<RunFault>& faults) {
    if (!run.require_fault || run.ordered_faults > 0) {
        return;
    }
    const auto idle = idle_profiles(verdict);
    if (idle.empty() && any_fault(run, verdict)) {
        return;
    }
    const auto* why = met_any(run) ? "No peer of this run makes a fault"
                                   : "No connection was there that a fault could happen to";
    faults.push_back(
        {"a fault happens", "no fault happened",
         idle.empty() ? fmt::format("{}, and --require-fault asks for one.", why)
                      : fmt::format("No rule of {} acted, and --require-fault asks for a fault.",
                                    event::printable(fmt::format("{}", fmt::join(idle, ", "))))});
}

}  // namespace

std::vector<RunFault> find_run_faults(const RunSummary& run, const event::Verdict& verdict) {
    std::vector<RunFault> faults;
    if (run.expected_status && !run.served && run.command) {
        const bool by_itself = run.ended == Ended::command;
        if (!by_itself || status_of(*run.command) != *run.expected_status) {
            const auto end = by_itself ? "COMMAND " + describe(*run.command)
                                       : std::string("COMMAND was ended with the run");
            faults.push_back(
                {fmt::format("COMMAND ends with status {}", *run.expected_status),
                 fmt::format("COMMAND did not end with {}", *run.expected_status),
                 fmt::format("{}; --expect-status asked for {}.", end, *run.expected_status)});
        }
    }
    find_no_fault(run, verdict, faults);
    find_unmet(run, verdict, faults);
    find_unasked(run, faults);
    find_deserted(run, faults);
    find_surprises(run, faults);
    find_failed_scopes(run, faults);
    return faults;
}

bool looks_at_no_connection(const profile::Expectation& expectation) {
    switch (expectation.form) {
        case Form::attempts: return true;  // it counts them itself
        case Form::never:
            return std::any_of(expectation.events.begin(), expectation.events.end(),
                               comes_with_syn);
        case Form::see:
        case Form::outcome:
        case Form::command: break;
    }
    return false;
}

std::vector<std::string> idle_profiles(const event::Verdict& verdict) {
    std::vector<std::string> idle;
    for (const auto& rule : verdict.rules) {
        const bool acted =
            std::any_of(verdict.rules.begin(), verdict.rules.end(), [&](const auto& other) {
                return other.fault && other.profile == rule.profile && other.fired > 0;
            });
        if (rule.fault && !acted &&
            std::find(idle.begin(), idle.end(), rule.profile) == idle.end()) {
            idle.push_back(rule.profile);
        }
    }
    return idle;
}

bool any_fault(const RunSummary& run, const event::Verdict& verdict) {
    return run.ordered_faults > 0 ||
           std::any_of(verdict.rules.begin(), verdict.rules.end(),
                       [](const auto& rule) { return rule.fault && rule.fired > 0; }) ||
           std::any_of(run.profiles.begin(), run.profiles.end(), [&](const auto& one) {
               return one.profile->constant_fault && was_met(one, run) && !never_answered(one, run);
           });
}

bool met_any(const RunSummary& run) {
    return !run.attempts.empty() ||
           std::any_of(run.profiles.begin(), run.profiles.end(),
                       [](const auto& one) { return one.connections > 0; });
}

bool makes_faults(const event::Verdict& verdict) {
    return std::any_of(verdict.rules.begin(), verdict.rules.end(),
                       [](const auto& rule) { return rule.fault; });
}

std::string describe_left_behind(const RunSummary& run) {
    if (run.left_behind.empty()) {
        return {};
    }
    constexpr std::size_t most_named = 3;
    std::vector<std::string> names;
    for (const auto& name : run.left_behind) {
        if (std::find(names.begin(), names.end(), event::printable(name)) == names.end() &&
            names.size() < most_named) {
            names.push_back(event::printable(name));
        }
    }
    return run.left_behind.size() == 1
               ? names.front()
               : fmt::format("{} processes ({})", run.left_behind.size(), fmt::join(names, ", "));
}

}  // namespace ghostpeer::judge
