#include "cli/guest_helper.hpp"

#include "cli/command_line.hpp"
#include "event/exit_status.hpp"
#include "guests/host.hpp"
#include "guests/run_in_warp.hpp"
#include "loop/last_resort.hpp"
#include "posix/file_descriptor.hpp"
#include "posix/message.hpp"
#include "sweep/helpers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <exception>
#include <string>
#include <variant>
#include <vector>

namespace ghostpeer::cli {
namespace {

/// False: there will be none.
[[nodiscard]] bool await_step(int channel, guests::Host& host) {
    std::array<pollfd, 2> events{{{channel, POLLIN, 0}, {host.signals->fd(), POLLIN, 0}}};
    while (events[0].revents == 0) {
        poll(events.data(), events.size(), -1);
        while (const auto number = host.next_signal()) {
            if (*number == SIGTERM || *number == SIGHUP) {
                return false;
            }
        }
    }
    return true;
}

[[nodiscard]] int do_run(const std::vector<std::string>& words,
                         const sandbox::Inheritance& inheritance, guests::Host& host) {
    std::vector<const char*> arguments;
    arguments.reserve(words.size());
    for (const std::string& word : words) {
        arguments.push_back(word.c_str());
    }
    const auto request = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
    if (const auto* run = std::get_if<RunRequest>(&request)) {
        return guests::run_in_warp(run->options, inheritance, words, host);
    }
    if (const auto* refusal = std::get_if<PrintRequest>(&request)) {
        print_message(refusal->text);
        return refusal->status;
    }
    return exit_cannot;
}

[[nodiscard]] int do_step(const sweep::Step& step, const sandbox::Inheritance& inheritance,
                          guests::Host& host) {
    if (!sweep::take_place(step)) {
        return exit_cannot;
    }
    try {
        return do_run(step.command, inheritance, host);
    } catch (const std::exception& error) {
        complain("it could not go on: " + std::string(error.what()) + ".");
    }
    return exit_cannot;
}

}  // namespace

void do_guest_runs(int channel, const sandbox::Inheritance& inheritance) {
    last_resort::forget_in_child();
    guests::Host host;
    host.kept = true;
    host.read_signals();
    const FileDescriptor here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (await_step(channel, host)) {
        const auto step = sweep::receive_step(channel);
        if (!step) {
            return;
        }
        const int status = do_step(*step, inheritance, host);
        // The run's files and its folder are the sweep's again.
        last_resort::disarm();
        if (!sweep::take_place({}) || fchdir(here.get()) != 0 || !sweep::answer(channel, status)) {
            return;
        }
    }
}

}  // namespace ghostpeer::cli
