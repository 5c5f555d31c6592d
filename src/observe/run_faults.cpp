#include "observe/run_faults.hpp"

#include "observe/command_end.hpp"
#include "observe/misfire.hpp"
#include "observe/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace ghostpeer::observe {

namespace {

using profile::Form;

/// Does it say something of a program that never connects?
bool looks_at_no_connection(const profile::Expectation& expectation) {
    const auto syn = [](const profile::Event& event) {
        const auto* receive = std::get_if<profile::OnReceive>(&event);
        return receive != nullptr && (!receive->kind || *receive->kind == tcp::Kind::syn);
    };
    switch (expectation.form) {
        case Form::attempts: return true;  // it counts them itself
        case Form::never:
            return std::any_of(expectation.events.begin(), expectation.events.end(), syn);
        case Form::command: return true;
        case Form::see:
        case Form::outcome: break;
    }
    return false;
}

bool was_met(const peer::ProfileStatistics& profile, const RunSummary& run) {
    // Attempts that have behaviour of their own are counted there.
    return profile.connections > 0 || (!run.attempts.empty() && !profile.profile->attempts.empty());
}

/// Expectations that hold only because there was nothing to look at.
void find_unmet(const RunSummary& run, const event::Verdict& verdict,
                std::vector<RunFault>& faults) {
    for (const auto& statistics : run.profiles) {
        const auto& profile = *statistics.profile;
        const auto& expect = profile.expect;
        const bool failed =
            std::any_of(verdict.expectations.begin(), verdict.expectations.end(),
                        [&](const auto& one) { return one.profile == profile.name && !one.pass; });
        if (failed || statistics.expectations.empty() || was_met(statistics, run) ||
            std::any_of(expect.begin(), expect.end(), looks_at_no_connection)) {
            continue;
        }
        faults.push_back(
            {"connections meet " + profile.name, "a profile met no connection",
             fmt::format("{}: no connection met this profile, so that nothing of what it expects "
                         "was looked at. `attempts: 0` expects that there is none.",
                         format_place(expect.front().place))});
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
                     format_length(run.command_length), left)});
}

}  // namespace

std::vector<RunFault> find_run_faults(const RunSummary& run, const event::Verdict& verdict) {
    std::vector<RunFault> faults;
    if (run.expected_status && run.command && !run.served && run.ended == Ended::command &&
        status_of(*run.command) != *run.expected_status) {
        faults.push_back({fmt::format("COMMAND ends with status {}", *run.expected_status),
                          fmt::format("COMMAND did not end with {}", *run.expected_status),
                          fmt::format("COMMAND {}; --expect-status asked for {}.",
                                      describe(*run.command), *run.expected_status)});
    }
    if (run.require_fault) {
        const auto idle = idle_profiles(verdict);
        if (!idle.empty()) {
            faults.push_back({"a fault happens", "no fault happened",
                              fmt::format("No rule of {} acted, and --require-fault asks for a "
                                          "fault.",
                                          printable(fmt::format("{}", fmt::join(idle, ", "))))});
        } else if (!makes_faults(verdict) && verdict.attempts == 0) {
            faults.push_back({"a fault happens", "no fault happened",
                              "No connection was there that a fault could happen to, and "
                              "--require-fault asks for one."});
        }
    }
    find_unmet(run, verdict, faults);
    find_deserted(run, faults);
    return faults;
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

bool any_fault(const event::Verdict& verdict) {
    return std::any_of(verdict.rules.begin(), verdict.rules.end(),
                       [](const auto& rule) { return rule.fault && rule.fired > 0; });
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
        if (std::find(names.begin(), names.end(), printable(name)) == names.end() &&
            names.size() < most_named) {
            names.push_back(printable(name));
        }
    }
    return run.left_behind.size() == 1
               ? names.front()
               : fmt::format("{} processes ({})", run.left_behind.size(), fmt::join(names, ", "));
}

}  // namespace ghostpeer::observe
