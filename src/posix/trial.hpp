// Running a program only to see whether it works.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ghostpeer {

struct Trial {
    bool worked = false;  ///< it ended by itself, with status 0
    std::string said;     ///< what it wrote to standard error, its beginning; or why it never ran
};

/// Runs `path` with `line` as its arguments, the name first, and waits for its end; after `limit`
/// it is killed. It reads nothing, and what it writes to standard output is gone. `kept`: a
/// descriptor that it has as well; -1: none.
[[nodiscard]] Trial try_program(const std::string& path, std::vector<std::string> line,
                                std::chrono::milliseconds limit, int kept = -1);

}  // namespace ghostpeer
