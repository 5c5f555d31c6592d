#include "warp/guest_init.hpp"

#include "posix/file_descriptor.hpp"
#include "process/blocked.hpp"
#include "warp/guest_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace ghostpeer::warp {
namespace {

constexpr const char* orders_device = "/dev/tty1";

/// For what may fail: the run does without it.
template <typename Result>
void optional(Result /*result*/) noexcept {}

class Guest {
  public:
    explicit Guest(const char* run_directory)
        : folder_(open(run_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

    /// Not set: the failure is written down.
    [[nodiscard]] std::optional<GuestSpec> read_spec();
    [[nodiscard]] bool open_outputs(const GuestSpec& spec);
    [[nodiscard]] bool mount_all();
    [[nodiscard]] bool open_input(const GuestSpec& spec);
    /// COMMAND's supervisor in the guest; ends with its status.
    void live(pid_t runner);
    void fail(const std::string& sentence) { write_file(guest_file::failure, sentence); }

    [[noreturn]] static void power_off() {
        sync();
        reboot(RB_POWER_OFF);
        _exit(1);  // the kernel panics, and that is told
    }

  private:
    void write_file(const char* name, std::string_view text);
    [[nodiscard]] bool reap(pid_t runner);
    void obey(std::string_view line, pid_t runner);

    FileDescriptor folder_;
    FileDescriptor input_;
    FileDescriptor orders_;
    std::string heard_;
};

void Guest::write_file(const char* name, std::string_view text) {
    // Written under another name first, so that the host never reads half of it.
    const std::string scratch = std::string(name) + ".new";
    {
        const FileDescriptor file(openat(folder_.get(), scratch.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_DSYNC, 0600));
        while (!text.empty()) {
            const ssize_t written = write(file.get(), text.data(), text.size());
            if (written <= 0) {
                return;
            }
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    renameat(folder_.get(), scratch.c_str(), folder_.get(), name);
}

std::optional<GuestSpec> Guest::read_spec() {
    const FileDescriptor file(openat(folder_.get(), guest_file::spec, O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while ((got = read(file.get(), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    auto spec = decode(text);
    if (!spec) {
        fail("The guest cannot read what it is to run. This is a bug.");
    }
    return spec;
}

bool Guest::open_outputs(const GuestSpec& spec) {
    // O_DSYNC: a write is on the host when it returns. O_APPEND: two writers do not overwrite.
    constexpr int flags = O_WRONLY | O_APPEND | O_DSYNC | O_CLOEXEC;
    const FileDescriptor out(openat(folder_.get(), guest_file::out, flags));
    const FileDescriptor err(
        openat(folder_.get(), spec.one_output ? guest_file::out : guest_file::err, flags));
    if (!out || !err || dup2(out.get(), STDOUT_FILENO) < 0 || dup2(err.get(), STDERR_FILENO) < 0) {
        fail("The guest cannot open its output files. This is a bug.");
        return false;
    }
    if (chdir(spec.directory.c_str()) != 0) {
        fail(
            fmt::format("The guest cannot enter the working directory {}: {}. Start from another "
                        "one.",
                        spec.directory, std::strerror(errno)));
        return false;
    }
    optional(sethostname(spec.host_name.data(), spec.host_name.size()));
    return true;
}

bool Guest::mount_all() {
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
    mkdir("/dev/pts", 0755);
    mkdir("/dev/shm", 01777);
    optional(
        mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"));
    optional(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
    for (const char* node : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                             "/dev/tty", "/dev/ptmx", "/dev/net/tun"}) {
        chmod(node, 0666);
    }
    optional(symlink("/proc/self/fd", "/dev/fd"));
    optional(symlink("fd/0", "/dev/stdin"));
    optional(symlink("fd/1", "/dev/stdout"));
    optional(symlink("fd/2", "/dev/stderr"));
    return true;
}

bool Guest::open_input(const GuestSpec& spec) {
    input_ = spec.has_stdin
                 ? FileDescriptor(openat(folder_.get(), guest_file::in, O_RDONLY | O_CLOEXEC))
                 : FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!input_ || dup2(input_.get(), STDIN_FILENO) < 0) {
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

void Guest::obey(std::string_view line, pid_t runner) {
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
            write_file(guest_file::blocked, describe_programs(runner));
            sigqueue(runner, SIGTERM, sigval{out_of_time_value});
            break;
        default: break;
    }
}

/// True once the runner has ended; its status is written down then.
bool Guest::reap(pid_t runner) {
    bool ended = false;
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == runner) {
            ended = true;
            constexpr int signal_base = 128;
            const off_t consumed = lseek(input_.get(), 0, SEEK_CUR);
            write_file(guest_file::status,
                       fmt::format("{} {}\n",
                                   WIFSIGNALED(status) ? signal_base + WTERMSIG(status)
                                                       : WEXITSTATUS(status),
                                   consumed < 0 ? 0 : consumed));
        }
    }
    return ended;
}

void Guest::live(pid_t runner) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const FileDescriptor children(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    orders_ = FileDescriptor(open(orders_device, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    write_file(guest_file::ready, "");
    std::array<pollfd, 2> ready{{{children.get(), POLLIN, 0}, {orders_.get(), POLLIN, 0}}};
    while (!reap(runner)) {
        if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        signalfd_siginfo info{};
        optional(read(children.get(), &info, sizeof info));
        std::array<char, 256> text{};
        const ssize_t got =
            ready[1].revents != 0 ? read(orders_.get(), text.data(), text.size()) : 0;
        if (got > 0) {
            heard_.append(text.data(), static_cast<std::size_t>(got));
        } else if (ready[1].revents != 0) {
            ready[1].fd = -1;
        }
        for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
            obey(std::string_view(heard_).substr(0, end), runner);
            heard_.erase(0, end + 1);
        }
    }
}

}  // namespace

bool is_guest_init(int argc, const char* const* argv) {
    // User-Mode Linux adds an argument of its own behind ours.
    return argc >= 3 && getpid() == 1 && std::strcmp(argv[1], guest_word) == 0;
}

void run_guest_init(const char* run_directory,
                    const std::function<int(const GuestSpec&)>& program) {
    Guest guest(run_directory);
    // Everything of the host that mounts will cover is opened before them.
    const auto spec = guest.read_spec();
    if (!spec || !guest.open_outputs(*spec) || !guest.mount_all() || !guest.open_input(*spec)) {
        Guest::power_off();
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    const pid_t runner = fork();
    if (runner < 0) {
        guest.fail("The guest is out of memory before it has begun.");
        Guest::power_off();
    }
    if (runner == 0) {
        sigprocmask(SIG_UNBLOCK, &child, nullptr);
        _exit(become_caller(*spec) ? program(*spec) : 125);
    }
    guest.live(runner);
    Guest::power_off();
}

}  // namespace ghostpeer::warp
