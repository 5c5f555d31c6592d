#include "posix/trial.hpp"

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ghostpeer {
namespace {

/// Reads until the other end is closed. False: it was not, for as long as `limit`.
[[nodiscard]] bool read_all(int fd, std::string& text, std::chrono::milliseconds limit) {
    constexpr std::size_t enough = 4096;
    constexpr std::chrono::milliseconds slice{100};
    pollfd ready{fd, POLLIN, 0};
    for (auto left = limit; left.count() > 0;) {
        if (poll(&ready, 1, static_cast<int>(slice.count())) <= 0) {
            left -= slice;
            continue;
        }
        std::array<char, 1024> buffer{};
        const ssize_t got = read(fd, buffer.data(), buffer.size());
        if (got <= 0) {
            return got == 0;
        }
        text.append(buffer.data(), std::min(static_cast<std::size_t>(got),
                                            enough - std::min(enough, text.size())));
    }
    return false;
}

}  // namespace

Trial try_program(const std::string& path, std::vector<std::string> line,
                  std::chrono::milliseconds limit, int kept) {
    const auto name = line.empty() ? path : line.front();
    const auto problem = [&](int error) {
        return Trial{false, name + ": " + std::strerror(error)};
    };
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return problem(errno);
    }
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    std::vector<char*> arguments;
    arguments.reserve(line.size() + 1);
    for (std::string& argument : line) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
    if (kept >= 0) {
        posix_spawn_file_actions_adddup2(&actions, kept, kept);
    }
    pid_t pid = -1;
    const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return problem(error);
    }
    writer.reset();
    Trial trial;
    if (!read_all(reader.get(), trial.said, limit)) {
        kill(pid, SIGKILL);
        trial.said += name + ": it does not come to an end";
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    trial.worked = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return trial;
}

}  // namespace ghostpeer
