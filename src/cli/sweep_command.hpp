#pragma once

#include "cli/sweep_options.hpp"
#include "sandbox/inheritance.hpp"

#include <string>
#include <vector>

namespace ghostpeer::cli {

/// `arguments`: of this process, to say how it is gone on with.
[[nodiscard]] int sweep_command(const SweepOptions& options,
                                const sandbox::Inheritance& inheritance,
                                const std::vector<std::string>& arguments);

}  // namespace ghostpeer::cli
