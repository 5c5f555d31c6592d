// The headings below which `--help` shows options.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace ghostpeer::cli {

/// Of a command with many options; those that no group has stay below `Options:`.
void group_options(CLI::App& command);

}  // namespace ghostpeer::cli
