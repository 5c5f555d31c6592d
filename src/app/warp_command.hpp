// `ghostpeer run --warp` and `ghostpeer warp`.
#pragma once

#include "app/command_line.hpp"
#include "app/run_options.hpp"
#include "sandbox/inheritance.hpp"

#include <string>
#include <vector>

namespace ghostpeer::app {

/// The same run in a guest. `arguments` is the whole command line, the program's name first.
[[nodiscard]] int run_in_warp(const RunOptions& options, const sandbox::Inheritance& inheritance,
                              const std::vector<std::string>& arguments);

[[nodiscard]] int warp_command(const WarpRequest& request);

/// ghostpeer as the first process of a guest.
[[noreturn]] void guest_main(const char* run_directory);

}  // namespace ghostpeer::app
