#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/error.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// Executes COMMAND with the environment, signals and descriptors that it would have had without
/// ghostpeer. Returns only on failure: the errno. `report` is for execute_traced().
[[nodiscard]] int execute(const Spec& spec, int report);

/// What a child writes that could not become another program; nothing, at the end of the pipe: it
/// has become that.
[[nodiscard]] std::optional<int> read_report(const FileDescriptor& reader);

/// execvp(), with an errno that says which of two things is wrong.
[[nodiscard]] int execute_program(char* const* arguments);

/// The sentence for an errno of execute(). `present`: the program is there though the kernel says
/// ENOENT, so that its interpreter is what is missing.
[[nodiscard]] Error explain_execution(const std::string& program, int error, bool present);

}  // namespace ghostpeer::sandbox
