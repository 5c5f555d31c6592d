// A program whose output goes to a log.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::warp {

/// Runs a program in `folder`, with an empty standard input and LC_ALL=C; its output is appended
/// to `log` and shown to `line`, line by line. Returns its exit status, 128+N for signal N, 127
/// where it cannot be run.
[[nodiscard]] int run_logged(const std::vector<std::string>& command,
                             const std::filesystem::path& folder, const std::filesystem::path& log,
                             const std::function<void(std::string_view)>& line);

}  // namespace ghostpeer::warp
