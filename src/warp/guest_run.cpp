#include "warp/guest_run.hpp"

#include "process/blocked.hpp"
#include "warp/guest_init.hpp"
#include "warp/guest_process.hpp"
#include "warp/populate.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

namespace ghostpeer::warp {
namespace {

constexpr int cannot = 125;

/// For what may fail: the run does without it.
template <typename Result>
void optional_step(Result /*result*/) noexcept {}

class Run {
  public:
    Run(const GuestSpec& spec, const GuestFiles& files) : spec_(spec), files_(files) {}

    /// Not set: the failure is written down. Everything of the host that mounts will cover is
    /// opened before them.
    [[nodiscard]] bool prepare() {
        set_clock();
        return open_outputs() && mount_all() && open_input();
    }
    /// Until `runner` has ended; its status.
    [[nodiscard]] int live(pid_t runner);
    [[nodiscard]] bool say(const char* name, std::string_view text) const {
        return write_guest_file(files_.folder, name, text);
    }
    /// Where not even that can be written, the run has no status either, which says enough.
    void fail(const std::string& sentence) const {
        optional_step(say(guest_file::failure, sentence));
    }

  private:
    void set_clock() const;
    [[nodiscard]] bool open_outputs() const;
    [[nodiscard]] bool mount_all() const;
    [[nodiscard]] bool open_input() const;
    void listen(int descriptor, pid_t runner);
    void obey(std::string_view line, pid_t runner) const;

    const GuestSpec& spec_;
    const GuestFiles& files_;
    std::string heard_;
};

/// The time of day is the host's again, whatever earlier runs have slept.
void Run::set_clock() const {
    constexpr std::int64_t second = 1'000'000'000;
    const timespec time{static_cast<time_t>(spec_.epoch / second),
                        static_cast<long>(spec_.epoch % second)};
    optional_step(clock_settime(CLOCK_REALTIME, &time));
}

bool Run::open_outputs() const {
    // O_DSYNC: a write is on the host when it returns. O_APPEND: two writers do not overwrite.
    constexpr int flags = O_WRONLY | O_APPEND | O_DSYNC | O_CLOEXEC;
    const int folder = files_.folder.get();
    const FileDescriptor out(openat(folder, guest_file::out, flags));
    const FileDescriptor err(
        openat(folder, spec_.one_output ? guest_file::out : guest_file::err, flags));
    if (!out || !err || dup2(out.get(), STDOUT_FILENO) < 0 || dup2(err.get(), STDERR_FILENO) < 0) {
        fail("The guest cannot open its output files. This is a bug.");
        return false;
    }
    if (chdir(spec_.directory.c_str()) != 0) {
        fail(
            fmt::format("The guest cannot enter the working directory {}: {}. Start from another "
                        "one.",
                        spec_.directory, std::strerror(errno)));
        return false;
    }
    optional_step(sethostname(spec_.host_name.data(), spec_.host_name.size()));
    return true;
}

/// Of these devtmpfs is the guest's own, and all its runs' (warp/guest_init.cpp); the others are
/// the run's.
bool Run::mount_all() const {
    struct Mount {
        const char* type;
        const char* at;
        unsigned long flags;
        const char* options;
    };
    constexpr unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    for (const Mount& wanted :
         {Mount{"proc", "/proc", quiet, ""}, Mount{"sysfs", "/sys", quiet, ""},
          Mount{"devtmpfs", "/dev", MS_NOSUID, "mode=0755"}}) {
        if (mount(wanted.type, wanted.at, wanted.type, wanted.flags, wanted.options) != 0 &&
            errno != EBUSY) {
            fail(fmt::format("The guest cannot mount {} on {}: {}.", wanted.type, wanted.at,
                             std::strerror(errno)));
            return false;
        }
    }
    optional_step(
        mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"));
    optional_step(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
    return true;
}

bool Run::open_input() const {
    const FileDescriptor nothing(spec_.has_stdin ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int input = spec_.has_stdin ? files_.input.get() : nothing.get();
    if (input < 0 || dup2(input, STDIN_FILENO) < 0) {
        fail("The guest cannot open its standard input. This is a bug.");
        return false;
    }
    return true;
}

/// A sentence, one a line, about each thread of COMMAND.
[[nodiscard]] std::string describe_programs(pid_t runner) {
    std::string text;
    for (const process::Wait& wait : process::look_at(programs_of(runner))) {
        text += process::to_text(wait) + ".\n";
    }
    return text;
}

void Run::obey(std::string_view line, pid_t runner) const {
    if (line.empty()) {
        return;
    }
    int number = 0;
    std::from_chars(line.data() + 1, line.data() + line.size(), number);
    switch (line.front()) {
        case order::signal: kill(runner, number); break;
        case order::broken_pipe:
            for (const pid_t command : commands_of(runner)) {
                kill(command, SIGPIPE);
            }
            break;
        case order::blocked:
            optional_step(say(guest_file::blocked, describe_programs(runner)));
            sigqueue(runner, SIGTERM, sigval{out_of_time_value});
            break;
        default: break;
    }
}

/// The runner's status, as an exit status, once it has ended.
[[nodiscard]] std::optional<int> reap(pid_t runner) {
    std::optional<int> ended;
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == runner) {
            constexpr int signal_base = 128;
            ended = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
    return ended;
}

void Run::listen(int descriptor, pid_t runner) {
    std::array<char, 256> text{};
    const ssize_t got = read(descriptor, text.data(), text.size());
    if (got > 0) {
        heard_.append(text.data(), static_cast<std::size_t>(got));
    }
    for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
        obey(std::string_view(heard_).substr(0, end), runner);
        heard_.erase(0, end + 1);
    }
}

int Run::live(pid_t runner) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const FileDescriptor children(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!children) {
        fail(fmt::format("The guest cannot wait for the run's end: {}.", std::strerror(errno)));
        return cannot;
    }
    std::array<pollfd, 2> ready{{{children.get(), POLLIN, 0}, {files_.orders.get(), POLLIN, 0}}};
    while (true) {
        if (const auto status = reap(runner)) {
            return *status;
        }
        if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
            return cannot;
        }
        signalfd_siginfo info{};
        optional_step(read(children.get(), &info, sizeof info));
        if (ready[1].revents != 0) {
            listen(ready[1].fd, runner);
        }
        if ((ready[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
            ready[1].fd = -1;
        }
    }
}

}  // namespace

bool write_guest_file(const FileDescriptor& folder, const char* name, std::string_view text) {
    const std::string scratch = std::string(name) + ".new";
    {
        const FileDescriptor file(openat(folder.get(), scratch.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_DSYNC, 0600));
        while (!text.empty()) {
            const ssize_t written = write(file.get(), text.data(), text.size());
            if (written <= 0) {
                unlinkat(folder.get(), scratch.c_str(), 0);
                return false;
            }
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    return renameat(folder.get(), scratch.c_str(), folder.get(), name) == 0;
}

pid_t clone_into_namespaces() {
    constexpr unsigned long flags =
        CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
    // The order of the arguments after the stack differs between architectures; all are null.
    return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
}

int do_guest_run(const GuestSpec& spec, const GuestFiles& files,
                 const std::function<int(const GuestSpec&)>& program) {
    Run run(spec, files);
    if (!run.prepare()) {
        return cannot;
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    if (!run.say(guest_file::ready, "")) {
        run.fail("The guest cannot say that it has begun: its folder on the host takes no file.");
        return cannot;
    }
    const pid_t runner = fork();
    if (runner < 0) {
        run.fail("The guest is out of memory before it has begun.");
        return cannot;
    }
    if (runner == 0) {
        sigprocmask(SIG_UNBLOCK, &child, nullptr);
        populate_memory();
        _exit(become_caller(spec) ? program(spec) : cannot);
    }
    return run.live(runner);
}

}  // namespace ghostpeer::warp
