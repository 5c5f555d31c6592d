// What can be wrong with a run as a whole although each rule and each expectation is met.
#pragma once

#include "judge/report.hpp"

#include <string>
#include <vector>

namespace ghostpeer::judge {

struct RunFault {
    std::string check;     ///< what should have been, the name of a test case
    std::string clause;    ///< for the headline: `no fault happened`
    std::string sentence;  ///< what was, why it matters, what to do
};

/// Of a run whose rules and expectations stand in `verdict`.
[[nodiscard]] std::vector<RunFault> find_run_faults(const RunSummary& run,
                                                    const event::Verdict& verdict);

// Of the rules that do more than to end the run.
/// Names of the profiles that have rules of which none acted, each once.
[[nodiscard]] std::vector<std::string> idle_profiles(const event::Verdict& verdict);
/// Did any fault happen: by a rule, by what a peer is, or because the control interface said so?
[[nodiscard]] bool any_fault(const RunSummary& run, const event::Verdict& verdict);
/// Was there a connection to any peer?
[[nodiscard]] bool met_any(const RunSummary& run);
/// Is there any rule to act?
[[nodiscard]] bool makes_faults(const event::Verdict& verdict);

/// Does it say something of a program that never connects?
[[nodiscard]] bool looks_at_no_connection(const profile::Expectation& expectation);

/// `nginx`, `3 processes (nginx, sh)`; empty: COMMAND left nothing behind.
[[nodiscard]] std::string describe_left_behind(const RunSummary& run);

}  // namespace ghostpeer::judge
