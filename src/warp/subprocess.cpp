#include "warp/subprocess.hpp"

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace ghostpeer::warp {

int run_logged(const std::vector<std::string>& command, const std::filesystem::path& folder,
               const std::filesystem::path& log,
               const std::function<void(std::string_view)>& line) {
    std::array<int, 2> ends{};
    constexpr int cannot = 127;
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return cannot;
    }
    const FileDescriptor from(ends[0]);
    FileDescriptor to(ends[1]);
    const FileDescriptor file(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    const pid_t pid = fork();
    if (pid < 0) {
        return cannot;
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        signal(SIGPIPE, SIG_DFL);
        const int nothing = open("/dev/null", O_RDONLY);
        if (chdir(folder.c_str()) != 0 || dup2(nothing, 0) < 0 || dup2(to.get(), 1) < 0 ||
            dup2(to.get(), 2) < 0) {
            _exit(cannot);
        }
        setenv("LC_ALL", "C", 1);
        for (const char* variable : {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARCH", "CFLAGS"}) {
            unsetenv(variable);
        }
        execvp(arguments[0], arguments.data());
        _exit(cannot);
    }
    to.reset();
    std::array<char, 16384> buffer{};
    std::string text;
    for (ssize_t got = 0; (got = read(from.get(), buffer.data(), buffer.size())) != 0;) {
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            break;
        }
        const auto size = static_cast<std::size_t>(got);
        [[maybe_unused]] const auto written = write(file.get(), buffer.data(), size);
        text.append(buffer.data(), size);
        std::size_t begin = 0;
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
            line(std::string_view(text).substr(begin, end - begin));
            begin = end + 1;
        }
        text.erase(0, begin);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    constexpr int signal_base = 128;
    return WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace ghostpeer::warp
