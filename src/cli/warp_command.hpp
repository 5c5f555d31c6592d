// `ghostpeer run --warp` and `ghostpeer warp`.
#pragma once

#include "cli/command_line.hpp"
#include "sandbox/inheritance.hpp"
#include "setup/run_options.hpp"

#include <string>
#include <vector>

namespace ghostpeer::cli {

/// The same run in a guest. `arguments` is the whole command line, the program's name first.
[[nodiscard]] int run_in_warp(const setup::RunOptions& options,
                              const sandbox::Inheritance& inheritance,
                              const std::vector<std::string>& arguments);

[[nodiscard]] int warp_command(const WarpRequest& request);

/// ghostpeer as the first process of a guest.
[[noreturn]] void guest_main(const char* run_directory);

}  // namespace ghostpeer::cli
