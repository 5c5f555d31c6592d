// COMMAND's start under strace, with nothing of strace's own in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "posix/file_descriptor.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// What start_command() is told instead of an errno: the tracer does not trace.
inline constexpr int tracer_failed = -1;

/// Executes the tracer, which executes this program again, which closes what it got for that and
/// executes COMMAND: strace would pass on the descriptors, and report a COMMAND that is not there
/// in its own way. `report`: the end of a channel for traced_start(). Returns only on failure: the
/// errno.
[[nodiscard]] int execute_traced(const Spec& spec, int report);

/// Was this process started by that?
[[nodiscard]] bool is_traced_start(int argc, const char* const* argv);

/// The second step. The tracer has all descriptors that this process was given, so that none of
/// these tells by its end that COMMAND runs: a pipe of its own does, whose reader it sends back.
[[noreturn]] void traced_start(int argc, char** argv);

/// The other end of `report`: the errno where COMMAND cannot be executed, or `tracer_failed`;
/// nothing: it runs.
[[nodiscard]] std::optional<int> await_traced_start(const FileDescriptor& report);

/// The arguments with which it does nothing, and ends with 0 if it is traced.
[[nodiscard]] std::vector<std::string> traced_nothing();

}  // namespace ghostpeer::sandbox
