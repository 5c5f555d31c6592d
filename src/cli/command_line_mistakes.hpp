// What is said of a command line that CLI11 has not taken.
#pragma once

#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <string>
#include <vector>

namespace ghostpeer::cli {

/// `help`: the command line that tells more.
[[nodiscard]] PrintRequest usage_error(const std::string& message, const std::string& help);

/// In words that say what may have been meant. `problem`: CLI11's; `words`: the command line before
/// `--`; `has_command`: something follows it.
[[nodiscard]] PrintRequest describe_mistake(const CLI::App& app, const std::string& problem,
                                            const std::vector<std::string>& words,
                                            bool has_command);

}  // namespace ghostpeer::cli
