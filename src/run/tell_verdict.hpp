// The verdict of a run, and who is told of it.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "judge/judge.hpp"
#include "loop/sinks.hpp"
#include "setup/run_options.hpp"

namespace ghostpeer::run {

/// How COMMAND itself failed COMMAND has told, unless its status looks like one of ghostpeer's own.
[[nodiscard]] bool goes_without_saying(const event::Verdict& verdict);

/// Ends the record, judges, tells the sinks and, where the trace does not, the user. `told_end` has
/// what else was lost. What comes back has the status that ghostpeer ends with.
[[nodiscard]] event::Verdict tell_verdict(const setup::CommonOptions& options,
                                          const judge::Judge& judge, loop::Sinks& sinks,
                                          event::End&& told_end, Instant end);

}  // namespace ghostpeer::run
