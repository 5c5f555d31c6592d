// How COMMAND had to end: `--expect-status`, and what profiles expect of it.
#pragma once

#include "judge/report.hpp"

#include <string>

namespace ghostpeer::judge {

/// As a shell says it: 128 + N where signal N ended it.
[[nodiscard]] int status_of(const event::Exit& exit);

/// Was a status asked for? Then another one fails the run, whichever it is, and that one does not.
[[nodiscard]] bool expects_status(const RunSummary& run);

/// What a `command` expectation misses, a sentence that begins with its place; empty: it holds.
[[nodiscard]] std::string describe_command_end(const profile::Expectation& expectation,
                                               const RunSummary& run);

}  // namespace ghostpeer::judge
