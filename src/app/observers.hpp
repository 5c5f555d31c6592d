// Who sees what happens in a run: trace, event stream, capture, reports, and the verdict at its
// end.
#pragma once

#include "app/clock.hpp"
#include "app/run_loop.hpp"
#include "app/run_options.hpp"
#include "app/sinks.hpp"
#include "judge/conversation.hpp"
#include "judge/report.hpp"

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::app {

/// The seed that was asked for, or a new one.
[[nodiscard]] std::uint64_t choose_seed(const CommonOptions& options);
/// Is the trace to be coloured?
[[nodiscard]] bool wants_colour(const CommonOptions& options);

/// Says in the JUnit and TAP files that were asked for that the run has not ended, before anything
/// can fail: the last run's files are not this one's. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> begin_reports(const CommonOptions& options);

/// Adds a sink for each file that was asked for, and the trace. `comment` tells in the capture what
/// was run. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> open_observers(const CommonOptions& options,
                                                             const Clock& clock,
                                                             const std::string& comment,
                                                             Sinks& sinks);

/// Adds what expectations are shown with; owned by `sinks`.
[[nodiscard]] judge::Conversation* keep_conversation(Sinks& sinks);

/// What the engine and the sinks know at the end; what only the caller knows is left open.
/// The same files say of a run without a verdict why it has none.
void fail_reports(const CommonOptions& options, const std::string& sentence, int status);

[[nodiscard]] judge::RunSummary summarize(const CommonOptions& options, const Outcome& outcome,
                                          const peer::Engine& engine, const Sinks& sinks,
                                          Instant end, std::uint64_t seed);

/// Judges, tells the sinks and, where the trace does not, the user. `conversation` may be null.
/// What comes back has the status that ghostpeer ends with.
[[nodiscard]] event::Verdict tell_verdict(const CommonOptions& options, judge::RunSummary run,
                                          Sinks& sinks, const judge::Conversation* conversation,
                                          Instant end);

}  // namespace ghostpeer::app
