// COMMAND's start under strace, with nothing of strace's own in it.
#pragma once

#include <string>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// What start_command() is told instead of an errno: the tracer does not trace.
inline constexpr int tracer_failed = -1;

/// Executes the tracer, which executes this program again, which closes what it got for that and
/// executes COMMAND: strace would pass on the descriptors, and report a COMMAND that is not there
/// in its own way. `report`: where traced_start() reports. Returns only on failure: the errno.
[[nodiscard]] int execute_traced(const Spec& spec, int report);

/// Was this process started by that?
[[nodiscard]] bool is_traced_start(int argc, const char* const* argv);

/// The second step. Writes a 0 to `report` when it has come so far, and an errno where COMMAND
/// cannot be executed.
[[noreturn]] void traced_start(int argc, char** argv);

/// The arguments with which it does nothing, and ends with 0 if it is traced.
[[nodiscard]] std::vector<std::string> traced_nothing();

}  // namespace ghostpeer::sandbox
