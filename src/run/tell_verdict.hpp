// What is known of a run at its end, and the verdict that follows from it.
#pragma once

#include "ghostpeer/event/verdict.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "judge/conversation.hpp"
#include "judge/report.hpp"
#include "loop/sinks.hpp"
#include "run/ending.hpp"
#include "setup/run_options.hpp"

#include <cstdint>

namespace ghostpeer::run {

/// How COMMAND itself failed COMMAND has told, unless its status looks like one of ghostpeer's own.
[[nodiscard]] bool goes_without_saying(const event::Verdict& verdict);

/// Adds what expectations are shown with; owned by `sinks`.
[[nodiscard]] judge::Conversation* keep_conversation(loop::Sinks& sinks);

/// What the engine and the sinks know at the end; what only the caller knows is left open.
[[nodiscard]] judge::RunSummary summarize(const setup::CommonOptions& options,
                                          const Outcome& outcome, const peer::Engine& engine,
                                          const loop::Sinks& sinks, Instant end,
                                          std::uint64_t seed);

/// Judges, tells the sinks and, where the trace does not, the user. `conversation` may be null.
/// What comes back has the status that ghostpeer ends with.
[[nodiscard]] event::Verdict tell_verdict(const setup::CommonOptions& options,
                                          judge::RunSummary run, loop::Sinks& sinks,
                                          const judge::Conversation* conversation, Instant end);

}  // namespace ghostpeer::run
