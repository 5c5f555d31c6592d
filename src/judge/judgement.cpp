#include "judge/judgement.hpp"

#include "event/exit_status.hpp"
#include "event/text.hpp"
#include "judge/command_end.hpp"
#include "judge/run_faults.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::judge {

namespace {

/// What is the matter with the run; where several things are, the first of these.
enum class Trouble : std::uint8_t {
    broken,   ///< ghostpeer could not do its work
    timeout,  ///< `--timeout` or `--wall-timeout` passed
    ended,    ///< a signal to ghostpeer ended it
    verdict,  ///< what the user asked of the run did not come about
    command,  ///< COMMAND failed
    lost,     ///< a file that programs read is not whole
    nothing,
};

bool not_started(const RunSummary& run) {
    return !run.served && run.ended == Ended::command && !run.command;
}

bool command_failed(const RunSummary& run) {
    return !run.served && run.ended == Ended::command && !expects_status(run) && run.command &&
           judge::status_of(*run.command) != exit_success;
}

Trouble trouble_of(const RunSummary& run, const event::Verdict& verdict) {
    if (run.failure || not_started(run)) {
        return Trouble::broken;
    }
    // A peer that is served ends so in order, and then its verdict comes first.
    if ((run.ended == Ended::timeout && !run.served) || run.ended == Ended::wall_timeout) {
        return Trouble::timeout;
    }
    if (run.ended == Ended::signal && !run.served) {
        return Trouble::ended;
    }
    if (!verdict.failures.empty()) {
        return Trouble::verdict;
    }
    if (run.ended == Ended::timeout) {
        return Trouble::timeout;
    }
    if (command_failed(run)) {
        return Trouble::command;
    }
    const bool lost = std::any_of(run.lost.begin(), run.lost.end(),
                                  [](const event::Loss& loss) { return loss.vital; });
    return lost ? Trouble::lost : Trouble::nothing;
}

int status_of(Trouble trouble, const RunSummary& run) {
    switch (trouble) {
        case Trouble::broken:
        case Trouble::lost: return exit_cannot;
        case Trouble::timeout: return exit_timeout;
        case Trouble::ended: {
            // COMMAND may have taken the signal for a reason to end well; the run was cut short.
            const int own = run.command ? judge::status_of(*run.command) : exit_success;
            return own != exit_success ? own : exit_status_of_signal(run.signal.value_or(0));
        }
        case Trouble::verdict: return exit_verdict_failed;
        case Trouble::command: return judge::status_of(*run.command);
        case Trouble::nothing: break;
    }
    return exit_success;
}

// Words -------------------------------------------------------------------------------------------

std::string signal_of(const RunSummary& run) {
    return run.signal ? event::signal_name(*run.signal) : "a signal";
}

/// `COMMAND exited with status 0 after 1.019 s`
/// `expected`: nothing is wrong with how COMMAND ended.
std::string describe_end(const RunSummary& run, bool expected = false) {
    const auto after = " after " + event::format_length(run.length);
    const auto left = describe_left_behind(run);
    switch (run.ended) {
        case Ended::command:
            if (run.served) {
                return "the peer could not go on" + after;
            }
            if (!run.command) {
                return "COMMAND was not started";
            }
            return "COMMAND " + describe(*run.command) +
                   (expects_status(run) && judge::status_of(*run.command) != exit_success &&
                            expected
                        ? ", as expected,"
                        : "") +
                   after + (left.empty() ? "" : " and left " + left + " behind");
        case Ended::timeout: return "--timeout ended the run" + after;
        case Ended::wall_timeout: return "--wall-timeout ended the run" + after;
        case Ended::finish: return "a `finish` action ended the run" + after;
        case Ended::run_for: return "--for ended the run" + after;
        case Ended::signal: return signal_of(run) + " ended the run" + after;
        case Ended::scope: return "judged at " + event::format_length(run.length);
    }
    return {};
}

/// `FAIL: a rule never acted, 2 expectations failed`, without the first word.
std::string describe_failures(const RunSummary& run, const event::Verdict& verdict) {
    const auto rules = static_cast<std::uint64_t>(
        std::count_if(verdict.rules.begin(), verdict.rules.end(),
                      [](const event::RuleOutcome& rule) { return !rule.failure.empty(); }));
    const auto expectations = static_cast<std::uint64_t>(
        std::count_if(verdict.expectations.begin(), verdict.expectations.end(),
                      [](const event::ExpectationOutcome& one) { return !one.pass; }));
    std::vector<std::string> parts;
    const auto add = [&](std::uint64_t n, std::string_view one, std::string_view many) {
        if (n > 0) {
            parts.push_back(n == 1 ? std::string(one) : fmt::format("{} {}", n, many));
        }
    };
    add(rules, "a rule never acted", "rules never acted");
    add(expectations, "an expectation failed", "expectations failed");
    add(run.undialled.size(), "a connection was not opened", "connections were not opened");
    for (const auto& fault : find_run_faults(run, verdict)) {
        parts.push_back(fault.clause);
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// What came of the faults in a run without failures: a clause that begins with `; `.
std::string describe_faults(const RunSummary& run, const event::Verdict& verdict) {
    if (any_fault(run, verdict)) {
        return "; the faults happened as told";
    }
    return makes_faults(verdict) ? "; no fault happened" : "";
}

/// Has a profile said what it thinks of a run without a connection?
bool no_connection_expected(const RunSummary& run) {
    return std::any_of(run.profiles.begin(), run.profiles.end(), [](const auto& one) {
        const auto& expect = one.profile->expect;
        return !one.expectations.empty() &&
               std::any_of(expect.begin(), expect.end(), looks_at_no_connection);
    });
}

/// A pass in which something stayed away that need not have come.
std::string describe_pass(const RunSummary& run, const event::Verdict& verdict) {
    const auto end = describe_end(run, true);
    const auto idle = idle_profiles(verdict);
    if (idle.empty()) {
        return run.served || met_any(run) || no_connection_expected(run)
                   ? "pass, " + end
                   : "pass, but no connection came to a peer; " + end;
    }
    if (!any_fault(run, verdict)) {
        return "pass, but no fault happened: no rule acted, and none had to; " + end;
    }
    return fmt::format("pass, but no rule of {} acted, and none had to; {}",
                       event::printable(fmt::format("{}", fmt::join(idle, ", "))), end);
}

std::string headline(Trouble trouble, const RunSummary& run, const event::Verdict& verdict) {
    const auto failures = describe_failures(run, verdict);
    const auto rest = failures.empty() ? "" : "; " + failures;
    const auto where = run.standstill.clause.empty() ? "" : ": " + run.standstill.clause;
    switch (trouble) {
        case Trouble::broken:
            return "ERROR: " +
                   (run.failure ? event::printable(*run.failure) : describe_end(run) + ".");
        case Trouble::timeout:
            return run.ended == Ended::wall_timeout
                       ? fmt::format("TIMEOUT after {} of real time{}{}",
                                     event::format_length(run.wall_timeout), where, rest)
                       : "TIMEOUT after " +
                             event::format_length(
                                 std::min(run.timeout.value_or(run.length), run.length)) +
                             where + rest;
        case Trouble::ended:
            return fmt::format("ENDED by {} after {}{}{}{}", signal_of(run),
                               event::format_length(run.length), where,
                               run.command ? "; COMMAND " + describe(*run.command) : "", rest);
        case Trouble::verdict: return "FAIL: " + failures + "; " + describe_end(run);
        case Trouble::command:
            return fmt::format("COMMAND {}{}; it ended after {}",
                               run.command->signal
                                   ? describe(*run.command)
                                   : fmt::format("failed ({})", run.command->status),
                               describe_faults(run, verdict), event::format_length(run.length));
        case Trouble::lost:
            return "INCOMPLETE: what programs were to read was not written; " + describe_end(run);
        case Trouble::nothing: break;
    }
    return describe_pass(run, verdict);
}

// Checks ------------------------------------------------------------------------------------------

event::RunCheck check_command(Trouble trouble, const RunSummary& run) {
    // An expected status has a case of its own.
    event::RunCheck check{
        expects_status(run) ? "COMMAND ends" : "COMMAND ends with status 0", {}, {}};
    if (run.ended == Ended::timeout || run.ended == Ended::wall_timeout ||
        run.ended == Ended::finish || run.ended == Ended::run_for) {
        check.skipped = "It was ended: " + describe_end(run) + ".";
    } else if (trouble == Trouble::broken) {
        check.skipped = "The run broke down.";
    } else if (trouble == Trouble::ended) {
        check.failure = describe_end(run) + ".";
    } else if (command_failed(run)) {
        check.failure = "COMMAND " + describe(*run.command) + ".";
    }
    return check;
}

event::RunCheck check_whole(Trouble trouble, const RunSummary& run) {
    event::RunCheck check{"the run is whole", {}, {}};
    if (trouble == Trouble::broken) {
        check.failure = run.failure.value_or(describe_end(run) + ".");
    }
    for (const event::Loss& loss : run.lost) {
        if (loss.vital) {
            check.failure += (check.failure.empty() ? "" : " ") + loss.sentence;
        }
    }
    return check;
}

}  // namespace

void judge(const RunSummary& run, event::Verdict& verdict) {
    const Trouble trouble = trouble_of(run, verdict);
    verdict.status = status_of(trouble, run);
    verdict.pass = verdict.status == exit_success;
    verdict.only_command = trouble == Trouble::command;
    verdict.headline = headline(trouble, run, verdict);
    if (!run.served && run.ended != Ended::scope) {
        verdict.checks.push_back(check_command(trouble, run));
    }
    if (run.timeout) {
        verdict.checks.push_back(
            {fmt::format("ends before --timeout {}", event::format_length(*run.timeout)),
             run.ended == Ended::timeout ? verdict.headline : std::string(),
             {}});
    }
    if (run.ended == Ended::wall_timeout) {
        verdict.checks.push_back(
            {fmt::format("ends before --wall-timeout {}", event::format_length(run.wall_timeout)),
             verdict.headline,
             {}});
    }
    verdict.checks.push_back(check_whole(trouble, run));
    if (run.require_fault) {
        verdict.checks.push_back({"a fault happens", {}, {}});
    }
    if (run.expected_status) {
        verdict.checks.push_back(
            {fmt::format("COMMAND ends with status {}", *run.expected_status),
             {},
             run.ended == Ended::command ? std::string() : describe_end(run) + "."});
    }
    for (const auto& fault : find_run_faults(run, verdict)) {
        const auto known = std::find_if(verdict.checks.begin(), verdict.checks.end(),
                                        [&](const auto& one) { return one.name == fault.check; });
        if (known != verdict.checks.end()) {
            known->failure = fault.sentence;
            known->skipped.clear();
        } else {
            verdict.checks.push_back({fault.check, fault.sentence, {}});
        }
    }
    for (const auto& sentence : run.undialled) {
        verdict.checks.push_back({"the peer opens its connection", sentence, {}});
    }
}

}  // namespace ghostpeer::judge
