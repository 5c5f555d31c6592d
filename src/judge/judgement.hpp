// The one place that decides a run's exit status, and the words that stand for it.
#pragma once

#include "judge/report.hpp"

namespace ghostpeer::judge {

/// Sets status, headline and checks of a verdict whose rules, expectations and failures stand.
/// Headline, event stream, JUnit, TAP and the process's own status all come from here.
void judge(const RunSummary& run, event::Verdict& verdict);

}  // namespace ghostpeer::judge
