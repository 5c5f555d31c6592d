// `ghostpeer run`.
#pragma once

#include "sandbox/inheritance.hpp"
#include "setup/run_options.hpp"

namespace ghostpeer::run {

/// Does the run and returns the status to end with.
[[nodiscard]] int run_command(const setup::RunOptions& options,
                              const sandbox::Inheritance& inheritance);

}  // namespace ghostpeer::run
