// The verdict for continuous integration: JUnit's XML and TAP. One case for COMMAND, for the
// timeout, for each rule that has to fire, each expectation, each connection that the peer did not
// open. All cases pass exactly where the run's exit status is 0.
#pragma once

#include "event/sink.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "show/output_file.hpp"

#include <memory>
#include <string>

namespace ghostpeer::show {

/// One `testsuite` for each profile, and one for the run. Valid XML whatever the texts hold.
[[nodiscard]] std::string to_junit(const event::Verdict& verdict);
/// TAP version 14 with a YAML block for each failure.
[[nodiscard]] std::string to_tap(const event::Verdict& verdict);

/// Of a run that came to no verdict.
[[nodiscard]] event::Verdict verdict_of_none(const std::string& sentence, int status);

/// What stands in a regular file until the run has ended: a failed case. The end replaces it, and
/// each further verdict the one before. `behind_output`: COMMAND has written there, too, and its
/// last line may have no end.
[[nodiscard]] std::unique_ptr<event::Sink> make_junit(OutputFile file);
[[nodiscard]] std::unique_ptr<event::Sink> make_tap(OutputFile file, bool behind_output = false);

}  // namespace ghostpeer::show
