// `ghostpeer run` in the way that works here.
#pragma once

#include "guests/host.hpp"
#include "sandbox/inheritance.hpp"
#include "setup/run_options.hpp"

#include <string>
#include <vector>

namespace ghostpeer::guests {

/// In a private network or, where the options say so, in a guest. Where the system forbids the
/// network and nobody has chosen a link, a guest is the other way, if there is a kernel for it.
/// That is found out by trying, and said in one line. Returns the status to end with.
[[nodiscard]] int run_somehow(const setup::RunOptions& options,
                              const sandbox::Inheritance& inheritance,
                              const std::vector<std::string>& arguments);

}  // namespace ghostpeer::guests
