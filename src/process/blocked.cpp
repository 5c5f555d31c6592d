#include "process/blocked.hpp"

#include "posix/file_descriptor.hpp"
#include "posix/whole_file.hpp"
#include "process/named_calls.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace ghostpeer::process {
namespace {

struct Call {
    std::uint64_t number = 0;
    std::uint64_t first = 0;  ///< arguments
    std::uint64_t second = 0;
};

constexpr std::size_t most_descriptors = 8;
constexpr std::size_t most_threads = 64;

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

/// What stands in a thread's `stat` behind the name: the state, and what follows.
[[nodiscard]] std::string stat_of(pid_t process, pid_t thread) {
    // All of it: the name may have line ends.
    const std::string stat =
        whole_file(fmt::format("/proc/{}/task/{}/stat", process, thread)).value_or("");
    const auto name_end = stat.rfind(") ");
    return name_end == std::string::npos ? std::string() : stat.substr(name_end + 2);
}

/// The state letter of a thread: S sleeps, R runs.
[[nodiscard]] char state_of(pid_t process, pid_t thread) {
    const std::string stat = stat_of(process, thread);
    return stat.empty() ? '?' : stat.front();
}

/// `230 0x3 0x0 …`, as /proc/PID/syscall has it (proc_pid_syscall()). Nothing where it is not there
/// (User Mode Linux has none) or not for us.
[[nodiscard]] std::optional<Call> call_in_proc(pid_t process, pid_t thread) {
    std::istringstream fields(first_line(fmt::format("/proc/{}/task/{}/syscall", process, thread)));
    long long number = -1;
    Call call;
    std::string first;
    std::string second;
    if (!(fields >> number >> first >> second) || number < 0) {
        return std::nullopt;
    }
    call.number = static_cast<std::uint64_t>(number);
    call.first = std::strtoull(first.c_str(), nullptr, 16);
    call.second = std::strtoull(second.c_str(), nullptr, 16);
    return call;
}

/// The same from a thread's registers, for which it is stopped. A kernel without that file is User
/// Mode Linux, which is of one architecture.
[[nodiscard]] std::optional<Call> call_in_registers([[maybe_unused]] pid_t thread) {
#ifdef __x86_64__
    if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
        return std::nullopt;
    }
    std::optional<Call> call;
    int status = 0;
    user_regs_struct registers{};
    if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0 &&
        waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status) &&
        ptrace(PTRACE_GETREGS, thread, nullptr, &registers) == 0) {
        call = Call{registers.orig_rax, registers.rdi, registers.rsi};
    }
    ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
    return call;
#else
    return std::nullopt;
#endif
}

[[nodiscard]] std::optional<Call> call_of(pid_t process, pid_t thread) {
    const bool told =
        access(fmt::format("/proc/{}/task/{}/syscall", process, thread).c_str(), F_OK) == 0;
    return told ? call_in_proc(process, thread) : call_in_registers(thread);
}

/// When the thread was last on a processor, by the scheduler's clock (`se.exec_start`, which
/// update_curr() sets as it is taken off).
[[nodiscard]] std::optional<double> last_run(const std::string& folder) {
    std::ifstream file(folder + "/sched");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("se.exec_start")) {
            const auto colon = line.find(':');
            return colon == std::string::npos
                       ? std::nullopt
                       : std::optional(std::strtod(line.c_str() + colon + 1, nullptr));
        }
    }
    return std::nullopt;
}

/// By this thread's own figure, brought up to date on that processor: the scheduler's clock leaves
/// out what a processor did for others than this machine, and two of them may be seconds apart.
[[nodiscard]] std::optional<double> now_of_scheduler(int processor) {
    cpu_set_t own;
    cpu_set_t one;
    if (processor < 0 || processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof own, &own) != 0) {
        return std::nullopt;
    }
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(processor), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) {
        return std::nullopt;
    }
    sched_yield();
    const auto now = last_run("/proc/thread-self");
    sched_setaffinity(0, sizeof own, &own);
    return now;
}

/// The processor on which the thread was last; -1 where that cannot be read.
[[nodiscard]] int processor_of(pid_t process, pid_t thread) {
    constexpr int behind_state = 36;  // proc(5): field 39, and the state is the third
    std::istringstream fields(stat_of(process, thread));
    std::string field;
    for (int i = 0; i <= behind_state; ++i) {
        if (!(fields >> field)) {
            return -1;
        }
    }
    return std::atoi(field.c_str());
}

[[nodiscard]] std::optional<std::chrono::nanoseconds> asleep_for(pid_t process, pid_t thread) {
    const auto then = last_run(fmt::format("/proc/{}/task/{}", process, thread));
    const auto now = then ? now_of_scheduler(processor_of(process, thread)) : std::nullopt;
    if (!now) {
        return std::nullopt;
    }
    const std::chrono::duration<double, std::milli> length(std::max(*now - *then, 0.0));
    return std::chrono::duration_cast<std::chrono::nanoseconds>(length);
}

[[nodiscard]] Awaited look_at_descriptor(pid_t process, int fd, const SocketTable& sockets) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size =
        readlink(fmt::format("/proc/{}/fd/{}", process, fd).c_str(), target.data(), target.size());
    const std::string name(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    constexpr std::string_view socket_mark = "socket:[";
    Awaited awaited{fd, name.empty() ? "not open" : name, std::nullopt};
    if (name.starts_with(socket_mark)) {
        const auto inode = std::strtoull(name.c_str() + socket_mark.size(), nullptr, 10);
        const Socket* known = sockets.find(inode);
        awaited.what = known != nullptr ? known->what : "a socket without an address";
        awaited.socket = known != nullptr ? std::optional(*known) : std::nullopt;
    }
    return awaited;
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

/// What a thread has at an address of its own; how many bytes of it could be had. Not by
/// process_vm_readv(2), which a confined process may not call.
[[nodiscard]] std::size_t read_memory(pid_t process, std::uint64_t address, void* to,
                                      std::size_t size) {
    const FileDescriptor memory(
        open(fmt::format("/proc/{}/mem", process).c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got =
        memory ? pread(memory.get(), to, size, static_cast<off_t>(address)) : ssize_t{0};
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

[[nodiscard]] std::vector<int> watched_by_poll(pid_t process, const Call& call) {
    std::array<pollfd, most_descriptors> entries{};
    const std::size_t count = std::min<std::size_t>(call.second, entries.size());
    const std::size_t got =
        read_memory(process, call.first, entries.data(), count * sizeof(pollfd)) / sizeof(pollfd);
    std::vector<int> watched;
    for (std::size_t i = 0; i < got; ++i) {
        watched.push_back(entries.at(i).fd);
    }
    return watched;
}

/// Of the descriptors that select(2) is to tell of, those below 64 that may be read.
[[nodiscard]] std::vector<int> watched_by_select(pid_t process, const Call& call) {
    std::vector<int> watched;
    constexpr std::uint64_t bits = 64;
    const std::uint64_t end = std::min<std::uint64_t>(call.first, bits);
    std::uint64_t set = 0;
    if (call.second != 0 && read_memory(process, call.second, &set, sizeof set) == sizeof set) {
        for (std::uint64_t fd = 0; fd < end; ++fd) {
            if ((set >> fd & 1U) != 0) {
                watched.push_back(static_cast<int>(fd));
            }
        }
    }
    return watched;
}

[[nodiscard]] std::vector<int> watched_by(pid_t process, const Call& call) {
    switch (call.number) {
#ifdef SYS_epoll_wait
        case SYS_epoll_wait:
#endif
        case SYS_epoll_pwait: return watched_by_epoll(process, call.first);
#ifdef SYS_poll
        case SYS_poll:
#endif
        case SYS_ppoll: return watched_by_poll(process, call);
#ifdef SYS_select
        case SYS_select:
#endif
        case SYS_pselect6: return watched_by_select(process, call);
        default: break;
    }
    const NamedCall* named = find_call(call.number);
    return named != nullptr && named->takes_descriptor
               ? std::vector<int>{static_cast<int>(call.first)}
               : std::vector<int>{};
}

void look_at_call(pid_t process, pid_t thread, const SocketTable& sockets, Wait& wait) {
    const auto call = call_of(process, thread);
    if (!call) {
        wait.how = Wait::How::sleeps;
        wait.call = first_line(fmt::format("/proc/{}/task/{}/wchan", process, thread));
        if (wait.call == "0") {
            wait.call.clear();
        }
        return;
    }
    wait.how = Wait::How::waits;
    wait.call = call_name(call->number);
    auto watched = watched_by(process, *call);
    wait.more = watched.size() > most_descriptors;
    watched.resize(std::min(watched.size(), most_descriptors));
    for (const int fd : watched) {
        wait.awaited.push_back(look_at_descriptor(process, fd, sockets));
    }
}

[[nodiscard]] Wait look_at_thread(pid_t process, pid_t thread, std::string who,
                                  const SocketTable& sockets) {
    Wait wait;
    wait.who = std::move(who);
    switch (state_of(process, thread)) {
        case 'R': wait.how = Wait::How::runs; return wait;
        case 'Z':
        case 'X': wait.how = Wait::How::ended; return wait;
        case 'T': wait.how = Wait::How::stopped; return wait;
        case 't': wait.how = Wait::How::traced; return wait;
        default: break;
    }
    wait.asleep = asleep_for(process, thread);
    look_at_call(process, thread, sockets, wait);
    return wait;
}

/// Control characters as `\x1b`: a program may call itself what it likes.
[[nodiscard]] std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return out;
}

}  // namespace

std::string call_name(std::uint64_t number) {
    const NamedCall* named = find_call(number);
    return named != nullptr ? named->name : fmt::format("system call {}", number);
}

std::vector<Wait> look_at(const std::vector<pid_t>& processes) {
    std::vector<Wait> waits;
    std::map<std::string, SocketTable> tables;  // by network namespace
    for (const pid_t process : processes) {
        std::error_code ignored;
        const auto network =
            std::filesystem::read_symlink(fmt::format("/proc/{}/ns/net", process), ignored);
        auto table = tables.find(network);
        if (table == tables.end()) {
            table = tables.emplace(network, SocketTable(process)).first;
        }
        const std::string name = printable(first_line(fmt::format("/proc/{}/comm", process)));
        const auto threads = numbers_in(fmt::format("/proc/{}/task", process));
        for (const pid_t thread : threads) {
            if (waits.size() == most_threads) {
                return waits;
            }
            auto who = name;
            if (threads.size() > 1) {
                who += fmt::format(
                    ", thread \"{}\"",
                    printable(first_line(fmt::format("/proc/{}/task/{}/comm", process, thread))));
            }
            waits.push_back(look_at_thread(process, thread, std::move(who), table->second));
        }
    }
    return waits;
}

bool at_work(const std::vector<pid_t>& processes) {
    std::size_t looked = 0;
    for (const pid_t process : processes) {
        for (const pid_t thread : numbers_in(fmt::format("/proc/{}/task", process))) {
            if (looked++ == most_threads) {
                return false;
            }
            const char state = state_of(process, thread);
            // : in the hands of a tracer, on its way into a call or out of it.
            if (state == 'R' || state == 'D' || state == 't') {
                return true;
            }
        }
    }
    return false;
}

std::string to_text(const Wait& wait) {
    switch (wait.how) {
        case Wait::How::runs: return wait.who + " is running: it waits for nothing";
        case Wait::How::ended: return wait.who + " has ended, and its parent has not asked for it";
        case Wait::How::stopped: return wait.who + " was stopped by a signal";
        case Wait::How::traced: return wait.who + " is in the hands of who traces it";
        case Wait::How::sleeps:
            return wait.who + " sleeps" +
                   (wait.call.empty() ? "" : " in the kernel's " + wait.call);
        case Wait::How::waits: break;
    }
    auto text = fmt::format("{} is in {}", wait.who, wait.call);
    const char* separator = ": ";
    for (const Awaited& awaited : wait.awaited) {
        text += fmt::format("{}descriptor {}", separator, awaited.descriptor);
        text += awaited.socket ? ", " + awaited.what : " (" + awaited.what + ")";
        separator = "; ";
    }
    return text + (wait.more ? " and more" : "");
}

}  // namespace ghostpeer::process
