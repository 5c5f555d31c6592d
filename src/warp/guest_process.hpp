// Processes in the guest.
#pragma once

#include "warp/guest_spec.hpp"

#include <sys/types.h>

#include <vector>

namespace ghostpeer::warp {

/// Gives the calling process (root, single-threaded) what the caller on the host had: user,
/// groups, limits, environment, umask, ignored signals. False and a line on standard error where
/// that fails.
[[nodiscard]] bool become_caller(const GuestSpec& spec);

/// COMMAND's own processes, given the process that runs ghostpeer in the guest: those below its
/// helper, COMMAND first.
[[nodiscard]] std::vector<pid_t> programs_of(pid_t runner);
/// COMMAND alone, if it still runs.
[[nodiscard]] std::vector<pid_t> commands_of(pid_t runner);

}  // namespace ghostpeer::warp
