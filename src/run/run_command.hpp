// `ghostpeer run`.
#pragma once

#include "sandbox/inheritance.hpp"
#include "setup/run_options.hpp"

#include <string>

namespace ghostpeer::run {

/// Does the run and returns the status to end with. Where the system forbids the network that
/// COMMAND would run in, and there is a `forbidden`, nothing is said: it gets the reason.
[[nodiscard]] int run_command(const setup::RunOptions& options,
                              const sandbox::Inheritance& inheritance,
                              std::string* forbidden = nullptr);

}  // namespace ghostpeer::run
