#include "syscalls/strace.hpp"

#include "posix/file_descriptor.hpp"
#include "posix/find_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace ghostpeer::syscalls {
namespace {

struct Trial {
    bool worked = false;
    std::string said;  ///< what it wrote to its standard error
};

/// -DDD: the tracer is no parent, child or group member of COMMAND's, which stays whose child it
/// was. Signals are lines that nobody reads.
[[nodiscard]] std::vector<std::string> command_line(const std::string& strace,
                                                    const Selection& selection, bool filter) {
    std::vector<std::string> line{strace,
                                  "-DDD",
                                  "-f",
                                  "-q",
                                  "-yy",
                                  "--absolute-timestamps=format:unix,precision:ns",
                                  "--syscall-times=ns",
                                  "-e",
                                  "signal=none",
                                  "-e",
                                  "trace=" + selection.trace()};
    if (filter) {
        line.emplace_back("--seccomp-bpf");
    }
    return line;
}

/// Reads until the other end is closed, but for ten seconds at most. False: it was not.
[[nodiscard]] bool read_all(int fd, std::string& text) {
    constexpr int slices = 100;
    constexpr int slice_ms = 100;
    constexpr std::size_t enough = 4096;
    pollfd ready{fd, POLLIN, 0};
    for (int slice = 0; slice < slices;) {
        if (poll(&ready, 1, slice_ms) <= 0) {
            ++slice;
            continue;
        }
        std::array<char, 1024> buffer{};
        const ssize_t got = read(fd, buffer.data(), buffer.size());
        if (got == 0) {
            return true;
        }
        if (got > 0 && text.size() < enough) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
    return false;
}

[[nodiscard]] Trial attempt(std::vector<std::string> line,
                            const std::vector<std::string>& nothing) {
    std::array<int, 2> ends{};
    const FileDescriptor self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (!self || pipe2(ends.data(), O_CLOEXEC) != 0) {
        return {false, std::string("strace: ") + std::strerror(errno)};
    }
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    line.insert(line.end(), {"-o", "/dev/null", "--", fmt::format("/proc/self/fd/{}", self.get())});
    line.insert(line.end(), nothing.begin(), nothing.end());
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
    posix_spawn_file_actions_adddup2(&actions, self.get(), self.get());  // stays open
    pid_t pid = -1;
    const int error =
        posix_spawn(&pid, line.front().c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return {false, std::string("strace: ") + std::strerror(error)};
    }
    writer.reset();
    Trial trial;
    if (!read_all(reader.get(), trial.said)) {
        kill(pid, SIGKILL);
        trial.said += "strace: it does not come to an end";
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    trial.worked = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return trial;
}

/// Without `strace: ` and line end.
[[nodiscard]] std::string last_line(std::string_view text) {
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    text.remove_prefix(text.rfind('\n') + 1);  // npos + 1 is 0
    constexpr std::string_view name = "strace: ";
    if (const auto at = text.find(name); at != std::string_view::npos) {
        text.remove_prefix(at + name.size());
    }
    return text.empty() ? "it says nothing" : std::string(text);
}

[[nodiscard]] int yama_scope() {
    std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
    int scope = 0;
    return file >> scope ? scope : 0;
}

[[nodiscard]] std::string explain_refusal(const std::string& said) {
    std::string text = "--syscalls needs strace, and strace may not trace here: " + said + ". ";
    constexpr int admin_only = 2;
    if (const int scope = yama_scope(); scope >= admin_only) {
        return text + fmt::format("The setting kernel.yama.ptrace_scope of this machine is {}: {}",
                                  scope,
                                  scope == admin_only
                                      ? "run ghostpeer as root, or set it to 1 "
                                        "('sysctl kernel.yama.ptrace_scope=1')."
                                      : "nobody may trace until the machine is started with "
                                        "another one.");
    }
    return text +
           "In a container, start it with '--cap-add SYS_PTRACE', or with a seccomp profile that "
           "allows ptrace(2); a process that is traced itself (by a debugger, by another strace) "
           "cannot trace.";
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> find_strace(
    const Selection& selection, const std::vector<std::string>& nothing) {
    const std::string strace = find_program("strace");
    if (strace.empty()) {
        return tl::make_unexpected(std::string(
            "--syscalls needs strace, which is not in PATH. Install it (Debian, Ubuntu: 'apt-get "
            "install strace'), or leave --syscalls out."));
    }
    Trial trial;
    // Calls that are not shown need not stop in the tracer: where all are, there is nothing to
    // filter, and some kernels have no filters.
    for (const bool filter : {true, false}) {
        if (filter && selection.trace() == "all") {
            continue;
        }
        auto line = command_line(strace, selection, filter);
        trial = attempt(line, nothing);
        const bool complains = trial.said.find("eccomp") != std::string::npos;
        if (trial.worked && !complains) {
            return line;
        }
        if (!complains) {
            break;
        }
    }
    const std::string said = last_line(trial.said);
    if (said.starts_with("invalid") || said.find("system call") != std::string::npos) {
        return tl::make_unexpected(fmt::format(
            "--syscalls takes `network`, `all` or what strace takes behind `-e trace=`, "
            "and strace says: {}. See strace(1).",
            said));
    }
    if (said.find("unrecognized") != std::string::npos ||
        said.find("--help") != std::string::npos) {
        return tl::make_unexpected(fmt::format(
            "--syscalls needs strace 5.10 or newer, and {} is older: {}.", strace, said));
    }
    return tl::make_unexpected(explain_refusal(said));
}

}  // namespace ghostpeer::syscalls
