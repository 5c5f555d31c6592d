// What a program that never ends is waiting for, from the kernel's own tables.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace ghostpeer::warp {

/// The name of a system call that can wait, or `system call N`.
[[nodiscard]] std::string call_name(std::uint64_t number);

/// Sentences, one a line, about each thread of COMMAND; `runner` is the process that runs
/// ghostpeer in the guest. Stops threads for a moment: meant for the end of a run.
[[nodiscard]] std::string describe_blocked(pid_t runner);

}  // namespace ghostpeer::warp
