// `ghostpeer serve`.
#pragma once

#include "sandbox/inheritance.hpp"
#include "setup/serve_options.hpp"

namespace ghostpeer::run {

/// Is the peer until a signal comes, and returns the status to end with.
[[nodiscard]] int serve_command(const setup::ServeOptions& options,
                                const sandbox::Inheritance& inheritance);

}  // namespace ghostpeer::run
