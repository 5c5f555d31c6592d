#pragma once

#include <csignal>

#include <vector>

namespace ghostpeer::sandbox {

/// What ghostpeer got from its own parent and hands on to COMMAND as it was: take it first thing
/// in main(), before signals are blocked or ignored and before any file is opened.
struct Inheritance {
    sigset_t blocked;              ///< The signal mask.
    sigset_t ignored;              ///< Signals that were ignored, as nohup does with SIGHUP.
    std::vector<int> descriptors;  ///< Open and not close-on-exec, above 2, ascending.

    [[nodiscard]] static Inheritance capture();
};

/// Fills closed standard descriptors with a close-on-exec /dev/null, so that no file of ours
/// becomes somebody's standard error. COMMAND still finds them closed.
void reserve_standard_descriptors();

}  // namespace ghostpeer::sandbox
