// strace, which does the tracing and the decoding.
#pragma once

#include "syscalls/selection.hpp"

#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::syscalls {

/// Finds strace, and tries on a program that does nothing whether it may trace here and knows what
/// is asked of it: some milliseconds, ten seconds at most. `nothing` is that program and its
/// arguments. Returns the command line up to its `-o`; the error is a complete text for the user.
[[nodiscard]] tl::expected<std::vector<std::string>, std::string> find_strace(
    const Selection& selection, const std::vector<std::string>& nothing);

}  // namespace ghostpeer::syscalls
