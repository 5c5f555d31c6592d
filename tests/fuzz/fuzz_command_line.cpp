// Any arguments at all: something to do, or a text to print with its exit status; never a crash.
#include "cli/command_line.hpp"
#include "setup/peer_option.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace ghostpeer;

namespace {

constexpr std::size_t most_arguments = 64;

/// Zeros part them, as in /proc/PID/cmdline.
std::vector<std::string> split(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> arguments(1);
    for (std::size_t i = 0; i < size; ++i) {
        if (data[i] != 0) {
            arguments.back() += static_cast<char>(data[i]);
        } else if (arguments.size() < most_arguments) {
            arguments.emplace_back();
        }
    }
    return arguments;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto arguments = split(data, size);
    std::vector<const char*> argv{"ghostpeer"};
    for (const auto& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    const cli::Request request =
        cli::parse_command_line(static_cast<int>(argv.size()), argv.data());
    if (const auto* print = std::get_if<cli::PrintRequest>(&request)) {
        if (print->text.empty() || print->is_error != (print->status != 0)) {
            std::abort();
        }
    } else if (const auto* run = std::get_if<cli::RunRequest>(&request)) {
        if (run->options.command.empty()) {
            std::abort();
        }
    }
    for (const auto& argument : arguments) {
        const auto peer = setup::parse_peers(argument);
        if (!peer && peer.error().empty()) {
            std::abort();
        }
    }
    return 0;
}
