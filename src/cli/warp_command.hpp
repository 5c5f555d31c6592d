// `ghostpeer warp`, and what runs in a guest.
#pragma once

#include "cli/command_line.hpp"

namespace ghostpeer::cli {

[[nodiscard]] int warp_command(const WarpRequest& request);

/// ghostpeer as the first process of a guest.
[[noreturn]] void guest_main(const char* run_directory);

}  // namespace ghostpeer::cli
