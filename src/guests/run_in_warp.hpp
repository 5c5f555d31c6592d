// `ghostpeer run --warp`.
#pragma once

#include "guests/host.hpp"
#include "sandbox/inheritance.hpp"
#include "setup/run_options.hpp"
#include "warp/guest_spec.hpp"
#include "warp/kernel_store.hpp"

#include <string>
#include <vector>

namespace ghostpeer::guests {

/// The same run in a guest. `arguments` is the whole command line, the program's name first.
[[nodiscard]] int run_in_warp(const setup::RunOptions& options,
                              const sandbox::Inheritance& inheritance,
                              const std::vector<std::string>& arguments, Host& host);

/// One run on one kernel, and the status to end with.
[[nodiscard]] int run_in_guest(const setup::RunOptions& options, const warp::Kernel& kernel,
                               warp::GuestSpec spec, Host& host);

/// Puts `suffix` into the names of the run's files, so that runs on several kernels do not write
/// over each other's.
void place_files(setup::RunOptions& options, const std::string& suffix);

}  // namespace ghostpeer::guests
