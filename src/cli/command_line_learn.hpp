// `learn` and `compare`. Only the files command_line*.cpp see CLI11.
#pragma once

#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <optional>
#include <string>

namespace ghostpeer::cli {

/// The texts that options are read into before they are understood.
struct RawLearn {
    std::string from;
    std::string peer;
    std::string output;
    std::string role;
};

void define_learn(CLI::App& learn, RawLearn& raw, LearnRequest& learned);
/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_learn(const RawLearn& raw,
                                                          LearnRequest& learned);
void define_compare(CLI::App& compare, CompareRequest& compared);

}  // namespace ghostpeer::cli
