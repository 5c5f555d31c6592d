// A program that a stage starts.
#pragma once

#include "posix/file_descriptor.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::servers {

struct Program {
    const std::vector<std::string>& command;
    std::vector<std::string> environment;  ///< `NAME=VALUE`, beside what this process has
    std::string folder{};                  ///< its working directory; empty: this process's
    int input = -1;
    int output = -1;
    int errors = -1;
};

/// In a session and process group of its own, with every signal at its default, and with no other
/// descriptor than these three. The errno where it cannot be executed.
[[nodiscard]] tl::expected<pid_t, int> start_program(const Program& program);

}  // namespace ghostpeer::servers
