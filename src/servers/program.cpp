#include "servers/program.hpp"

#include "sandbox/command.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

namespace ghostpeer::servers {
namespace {

/// Returns only on failure: the errno.
[[nodiscard]] int become(const Program& program) {
    setsid();
    if (dup2(program.input, STDIN_FILENO) < 0 || dup2(program.output, STDOUT_FILENO) < 0 ||
        dup2(program.errors, STDERR_FILENO) < 0) {
        return errno;
    }
    close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    // What another ghostpeer, around this one, said to this one.
    unsetenv("GHOSTPEER_CONTROL");
    unsetenv("GHOSTPEER_CONTROL_TOKEN");
    for (const std::string& variable : program.environment) {
        putenv(const_cast<char*>(variable.c_str()));
    }
    if (!program.folder.empty()) {
        if (chdir(program.folder.c_str()) != 0) {
            return errno;
        }
        setenv("PWD", program.folder.c_str(), 1);
    }
    std::vector<char*> arguments;
    for (const std::string& argument : program.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    return sandbox::execute_program(arguments.data());
}

}  // namespace

tl::expected<pid_t, int> start_program(const Program& program) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::unexpected(errno);
    }
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    const pid_t pid = fork();
    if (pid < 0) {
        return tl::unexpected(errno);
    }
    if (pid == 0) {
        const int error = become(program);
        [[maybe_unused]] const auto sent = write(writer.get(), &error, sizeof error);
        _exit(127);
    }
    writer.reset();
    if (const auto error = sandbox::read_report(reader)) {
        waitpid(pid, nullptr, 0);
        return tl::unexpected(*error);
    }
    return pid;
}

}  // namespace ghostpeer::servers
