// Who sees what happens in a run: trace, event stream, capture and reports.
#pragma once

#include "loop/clock.hpp"
#include "loop/sinks.hpp"
#include "setup/run_options.hpp"

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::run {

/// The seed that was asked for, or a new one.
[[nodiscard]] std::uint64_t choose_seed(const setup::CommonOptions& options);
/// Is the trace to be coloured?
[[nodiscard]] bool wants_colour(const setup::CommonOptions& options);

/// Says in the JUnit and TAP files that were asked for that the run has not ended, before anything
/// can fail: the last run's files are not this one's. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> begin_reports(const setup::CommonOptions& options);

/// Adds a sink for each file that was asked for, and the trace. `comment` tells in the capture what
/// was run; `events_output` is the descriptor of `--events -`. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> open_observers(const setup::CommonOptions& options,
                                                             const loop::Clock& clock,
                                                             const std::string& comment,
                                                             loop::Sinks& sinks,
                                                             int events_output = -1);

/// What JUnit and TAP files say of a run without a verdict: why it has none.
void fail_reports(const setup::CommonOptions& options, const std::string& sentence, int status);

}  // namespace ghostpeer::run
