// A program to be run, as a part of a run of a sweep.
#pragma once

#include <sched.h>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::sweep {

struct Step {
    std::vector<std::string> command;
    std::string program;  ///< the file; empty: the command's first word, looked up in PATH
    std::string folder;   ///< to run it in; empty: this one
    std::string output;   ///< file for standard output; empty: /dev/null
    std::string errors;   ///< file for standard error; appended to; empty: /dev/null
    bool is_run = false;  ///< its status is the job's
};

/// Makes the standard streams of the calling process the step's, and its folder the working
/// directory. False, and errno.
[[nodiscard]] bool take_place(const Step& step);

/// The calling process, and what it starts, stays on this processor.
void stay_on(std::size_t processor);

}  // namespace ghostpeer::sweep
