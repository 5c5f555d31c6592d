#include "warp/blocked.hpp"

#include "warp/guest_process.hpp"
#include "warp/socket_table.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::warp {
namespace {

struct Call {
    std::uint64_t number = 0;
    std::uint64_t first = 0;  ///< arguments
    std::uint64_t second = 0;
};

struct NamedCall {
    std::uint64_t number;
    const char* name;
    bool takes_descriptor;  ///< as its first argument
};

constexpr std::array named_calls{
    NamedCall{SYS_read, "read", true},
    NamedCall{SYS_readv, "readv", true},
    NamedCall{SYS_write, "write", true},
    NamedCall{SYS_writev, "writev", true},
    NamedCall{SYS_recvfrom, "recv", true},
    NamedCall{SYS_recvmsg, "recvmsg", true},
    NamedCall{SYS_sendto, "send", true},
    NamedCall{SYS_sendmsg, "sendmsg", true},
    NamedCall{SYS_sendfile, "sendfile", true},
    NamedCall{SYS_connect, "connect", true},
    NamedCall{SYS_accept, "accept", true},
    NamedCall{SYS_accept4, "accept", true},
    NamedCall{SYS_close, "close", true},
    NamedCall{SYS_flock, "flock", true},
    NamedCall{SYS_fcntl, "fcntl", true},
    NamedCall{SYS_epoll_wait, "epoll_wait", true},
    NamedCall{SYS_epoll_pwait, "epoll_wait", true},
    NamedCall{SYS_poll, "poll", false},
    NamedCall{SYS_ppoll, "poll", false},
    NamedCall{SYS_select, "select", false},
    NamedCall{SYS_pselect6, "select", false},
    NamedCall{SYS_futex, "futex (a lock or another thread)", false},
    NamedCall{SYS_wait4, "wait (for a child process)", false},
    NamedCall{SYS_waitid, "wait (for a child process)", false},
    NamedCall{SYS_nanosleep, "nanosleep", false},
    NamedCall{SYS_clock_nanosleep, "nanosleep", false},
    NamedCall{SYS_restart_syscall, "nanosleep or poll", false},
    NamedCall{SYS_pause, "pause (for a signal)", false},
    NamedCall{SYS_rt_sigsuspend, "sigsuspend (for a signal)", false},
    NamedCall{SYS_rt_sigtimedwait, "sigwait (for a signal)", false},
};

constexpr std::size_t most_descriptors = 8;
constexpr std::size_t most_threads = 64;

[[nodiscard]] const NamedCall* find_call(std::uint64_t number) {
    const auto found = std::find_if(named_calls.begin(), named_calls.end(),
                                    [&](const NamedCall& call) { return call.number == number; });
    return found == named_calls.end() ? nullptr : &*found;
}

[[nodiscard]] std::vector<pid_t> numbers_in(const std::string& folder) {
    std::vector<pid_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> open_folder(opendir(folder.c_str()), closedir);
    while (const dirent* entry = open_folder ? readdir(open_folder.get()) : nullptr) {
        if (*entry->d_name >= '0' && *entry->d_name <= '9') {
            numbers.push_back(std::atoi(entry->d_name));
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

[[nodiscard]] std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

/// The state letter of a thread: S sleeps, R runs.
[[nodiscard]] char state_of(pid_t process, pid_t thread) {
    const std::string stat = first_line(fmt::format("/proc/{}/task/{}/stat", process, thread));
    const auto name_end = stat.rfind(") ");
    return name_end == std::string::npos ? '?' : stat[name_end + 2];
}

/// The call that a sleeping thread is in. It is left stopped.
[[nodiscard]] std::optional<Call> call_of(pid_t thread) {
    if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0 ||
        ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) {
        return std::nullopt;
    }
    int status = 0;
    if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) {
        return std::nullopt;
    }
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) {
        return std::nullopt;
    }
    return Call{registers.orig_rax, registers.rdi, registers.rsi};
}

void let_go(pid_t thread) { ptrace(PTRACE_DETACH, thread, nullptr, nullptr); }

[[nodiscard]] std::string describe_descriptor(pid_t process, int fd, const SocketTable& sockets) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size =
        readlink(fmt::format("/proc/{}/fd/{}", process, fd).c_str(), target.data(), target.size());
    const std::string name(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    constexpr std::string_view socket_mark = "socket:[";
    if (!name.starts_with(socket_mark)) {
        return fmt::format("descriptor {} ({})", fd, name.empty() ? "not open" : name);
    }
    const auto inode = std::strtoull(name.c_str() + socket_mark.size(), nullptr, 10);
    const auto known = sockets.describe(inode);
    return fmt::format("descriptor {}, {}", fd, known.value_or("a socket without an address"));
}

/// What epoll watches: `tfd: 5 events: …` lines of its fdinfo.
[[nodiscard]] std::vector<int> watched_by_epoll(pid_t process, std::uint64_t fd) {
    std::vector<int> watched;
    std::ifstream file(fmt::format("/proc/{}/fdinfo/{}", process, fd));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("tfd:")) {
            watched.push_back(std::atoi(line.c_str() + 4));
        }
    }
    return watched;
}

[[nodiscard]] std::vector<int> watched_by_poll(pid_t thread, const Call& call) {
    std::array<pollfd, most_descriptors> entries{};
    const std::size_t count = std::min<std::size_t>(call.second, entries.size());
    const iovec local{entries.data(), count * sizeof(pollfd)};
    const iovec remote{reinterpret_cast<void*>(call.first), local.iov_len};
    std::vector<int> watched;
    if (process_vm_readv(thread, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(local.iov_len)) {
        for (std::size_t i = 0; i < count; ++i) {
            watched.push_back(entries.at(i).fd);
        }
    }
    return watched;
}

[[nodiscard]] std::string describe_call(pid_t process, pid_t thread, const Call& call,
                                        const SocketTable& sockets) {
    const NamedCall* named = find_call(call.number);
    std::vector<int> watched;
    if (call.number == SYS_epoll_wait || call.number == SYS_epoll_pwait) {
        watched = watched_by_epoll(process, call.first);
    } else if (call.number == SYS_poll || call.number == SYS_ppoll) {
        watched = watched_by_poll(thread, call);
    } else if (named != nullptr && named->takes_descriptor) {
        watched.push_back(static_cast<int>(call.first));
    }
    std::string text = "in " + call_name(call.number);
    std::size_t told = 0;
    for (const int fd : watched) {
        if (told++ == most_descriptors) {
            text += " and more";
            break;
        }
        text += (told == 1 ? ": " : "; ") + describe_descriptor(process, fd, sockets);
    }
    return text;
}

}  // namespace

std::string call_name(std::uint64_t number) {
    const NamedCall* named = find_call(number);
    return named != nullptr ? named->name : fmt::format("system call {}", number);
}

std::string describe_blocked(pid_t runner) {
    std::string text;
    std::size_t told = 0;
    for (const pid_t process : programs_of(runner)) {
        const SocketTable sockets(process);
        const std::string name = first_line(fmt::format("/proc/{}/comm", process));
        const auto threads = numbers_in(fmt::format("/proc/{}/task", process));
        for (const pid_t thread : threads) {
            if (++told > most_threads) {
                return text;
            }
            const std::string who =
                threads.size() == 1
                    ? name
                    : fmt::format(
                          "{}, thread \"{}\"", name,
                          first_line(fmt::format("/proc/{}/task/{}/comm", process, thread)));
            const char state = state_of(process, thread);
            if (state == 'R') {
                text += fmt::format("{} is running: it waits for nothing.\n", who);
            } else if (state == 'Z' || state == 'X') {
                text += fmt::format("{} has ended, and its parent has not asked for it.\n", who);
            } else if (state == 'T' || state == 't') {
                text += fmt::format("{} was stopped by a signal.\n", who);
            } else if (const auto call = call_of(thread)) {
                text +=
                    fmt::format("{} is {}.\n", who, describe_call(process, thread, *call, sockets));
                let_go(thread);
            } else {
                text += fmt::format("{} sleeps.\n", who);
            }
        }
    }
    return text;
}

}  // namespace ghostpeer::warp
