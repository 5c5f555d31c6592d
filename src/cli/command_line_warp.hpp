// `warp`. Only the files command_line*.cpp see CLI11.
#pragma once

#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace ghostpeer::cli {

void define_warp(CLI::App& warp, WarpRequest& request);

}  // namespace ghostpeer::cli
