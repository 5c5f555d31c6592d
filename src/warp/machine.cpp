#include "warp/machine.hpp"

#include "warp/guest_init.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

namespace ghostpeer::warp {
namespace {

/// As much as makes tcp_rmem and tcp_wmem, and so the window scale, what they are on a usual host.
/// The host gives only what is touched.
constexpr const char* memory = "mem=1G";
constexpr int orders_fd = 3;
constexpr int cannot_execute = 127;

struct Start {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    FileDescriptor nothing;
    FileDescriptor log;
    FileDescriptor orders;
    int cpu = -1;
    pid_t parent = -1;
};

[[nodiscard]] std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        list.push_back(const_cast<char*>(text.c_str()));
    }
    list.push_back(nullptr);
    return list;
}

/// In the child; returns only where the kernel cannot be executed.
void become_kernel(const Start& start, char* const* arguments, char* const* environment) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != start.parent) {
        return;
    }
    // Else the kernel does it itself and starts a second time. EPERM is no harm.
    personality(ADDR_NO_RANDOMIZE);
    // The kernel and its guest's processes take turns: on one processor that is four times faster.
    if (start.cpu >= 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(start.cpu), &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    // The guest's processes have umasks of their own, and what the guest makes goes through both.
    umask(0);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // Copies above first: dup2() onto itself would keep the descriptor close-on-exec.
    const int orders = fcntl(start.orders.get(), F_DUPFD, 10);
    if (orders < 0 || dup2(start.nothing.get(), 0) < 0 || dup2(start.log.get(), 1) < 0 ||
        dup2(start.log.get(), 2) < 0 || dup2(orders, orders_fd) < 0) {
        return;
    }
    close_range(orders_fd + 1, UINT_MAX, 0);
    execve(arguments[0], arguments, environment);
}

}  // namespace

tl::expected<Machine, std::string> Machine::boot(const Kernel& kernel, const RunDirectory& folder,
                                                 Duration free_work) {
    const auto failed = [](const std::string& what) {
        return tl::make_unexpected(
            fmt::format("The guest cannot be started: {}: {}.", what, std::strerror(errno)));
    };
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return failed("no pipe");
    }
    Start start;
    start.orders = FileDescriptor(ends[0]);
    FileDescriptor to_guest(ends[1]);
    // The guest reads one byte and then another; what it leaves must never stop this side.
    fcntl(to_guest.get(), F_SETFL, O_NONBLOCK);
    start.nothing = FileDescriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
    start.log = FileDescriptor(open(folder.file(guest_file::log).c_str(),
                                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    // The child has to have room for what the kernel is given, see become_kernel().
    rlimit files{};
    constexpr rlim_t least_files = 32;
    if (!start.nothing || !start.log ||
        (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < least_files)) {
        return tl::make_unexpected(fmt::format(
            "The guest cannot be started: it and ghostpeer may not open as many files as they "
            "need. Raise the limit ('ulimit -n'), which is {}, to {} at least.",
            files.rlim_cur, least_files));
    }
    const std::string& run = folder.path().string();
    start.arguments = {kernel.path.string(),
                       memory,
                       "root=/dev/root",
                       "rootfstype=hostfs",
                       "rootflags=/",
                       "rw",
                       "init=" + run + "/" + guest_file::init,
                       "time-travel",
                       fmt::format("time-travel-grace={}", free_work.count()),
                       "norandmaps",
                       "con=null",
                       "con0=null,fd:1",
                       fmt::format("con1=fd:{},null", orders_fd),
                       "quiet",
                       "uml_dir=" + run + "/",
                       "umid=u",
                       "--",
                       guest_word,
                       run};
    start.environment = {"HOME=" + run, "PATH=/usr/bin:/bin", "TMPDIR=" + run};
    start.cpu = sched_getcpu();
    start.parent = getpid();
    const auto arguments = pointers(start.arguments);
    const auto environment = pointers(start.environment);

    const pid_t pid = fork();
    if (pid < 0) {
        return failed("no process");
    }
    if (pid == 0) {
        become_kernel(start, arguments.data(), environment.data());
        _exit(cannot_execute);
    }
    Machine machine;
    machine.pid_ = pid;
    machine.pidfd_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    machine.orders_ = std::move(to_guest);
    if (!machine.pidfd_) {
        return failed("its process cannot be watched (pidfd_open)");
    }
    return machine;
}

Machine::Machine(Machine&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      orders_(std::move(other.orders_)),
      end_(other.end_),
      paused_(other.paused_) {}

Machine::~Machine() {
    if (pid_ > 0 && !end_) {
        kill();
        // Whoever traces it has the last word on its end (ptrace(2)).
        constexpr int longest_ms = 300;
        for (int waited_ms = 0; waited_ms < longest_ms && !poll_end(); ++waited_ms) {
            usleep(1000);
        }
    }
}

std::optional<int> Machine::poll_end() {
    int status = 0;
    const pid_t ended = end_ ? 0 : waitpid(pid_, &status, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
        end_ = status;  // of ECHILD none is known: somebody else has taken it
    }
    return end_;
}

void Machine::order(char what, int number) const {
    const std::string line = fmt::format("{}{}\n", what, number);
    [[maybe_unused]] const auto sent = write(orders_.get(), line.data(), line.size());
}

std::uint64_t Machine::memory_taken() const {
    // The guest's memory is a file that its kernel has mapped, and every page of a program has been
    // in that kernel's hands.
    std::ifstream file(fmt::format("/proc/{}/statm", pid_));
    std::uint64_t whole = 0;
    std::uint64_t resident = 0;
    file >> whole >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void Machine::kill() {
    if (!end_) {
        ::kill(pid_, SIGKILL);
    }
}

void Machine::pause() {
    if (!end_ && !std::exchange(paused_, true)) {
        ::kill(pid_, SIGSTOP);
    }
}

void Machine::resume() {
    if (!end_ && std::exchange(paused_, false)) {
        ::kill(pid_, SIGCONT);
    }
}

}  // namespace ghostpeer::warp
