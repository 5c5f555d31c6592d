// `ghostpeer serve`.
#pragma once

#include "app/serve_options.hpp"
#include "sandbox/inheritance.hpp"

namespace ghostpeer::app {

/// Is the peer until a signal comes, and returns the status to end with.
[[nodiscard]] int serve_command(const ServeOptions& options,
                                const sandbox::Inheritance& inheritance);

}  // namespace ghostpeer::app
