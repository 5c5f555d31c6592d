// `ghostpeer run`.
#pragma once

#include "app/run_options.hpp"
#include "sandbox/inheritance.hpp"

namespace ghostpeer::app {

/// Does the run and returns the status to end with.
[[nodiscard]] int run_command(const RunOptions& options, const sandbox::Inheritance& inheritance);

}  // namespace ghostpeer::app
