// The options of `ctl`.
#pragma once

#include "cli/command_line_common.hpp"
#include "ctl/command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::cli {

struct RawCtl {
    std::vector<std::string> parameters;
    std::string control;
    std::string token_file;
    std::string peer;
    std::string scope;
    std::string timeout;
    std::uint64_t connection = 0;
    std::string since;
};

void define_ctl(CLI::App& ctl, RawCtl& raw, ctl::Request& request);
/// CLI11 takes `[a, b]` apart, which is a list of actions here; a space before it prevents that.
void keep_brackets(std::vector<std::string>& arguments);
/// What is wrong, a sentence; nothing where all is right.
[[nodiscard]] std::optional<std::string> understand_ctl(const RawCtl& raw, ctl::Request& request);

}  // namespace ghostpeer::cli
