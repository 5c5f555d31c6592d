#include "warp/supervisor.hpp"

#include "warp/guest_init.hpp"
#include "warp/machine.hpp"
#include "warp/output_relay.hpp"
#include "warp/run_directory.hpp"
#include "warp/standard_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

namespace ghostpeer::warp {
namespace {

using namespace std::chrono_literals;

/// For the guest to write down what its program waits for, and to end.
constexpr Duration last_words = 2s;
/// For the guest to end after a signal: the run loop grants COMMAND a second of its time.
constexpr Duration signal_grace = 1500ms;
/// For the guest to be gone after SIGKILL, unless somebody traces it.
constexpr Duration last_breath = 300ms;
/// For a reader of the output, once time is up.
constexpr int reader_grace_ms = 1000;
constexpr int insistent = 3;  ///< interrupts after which the user means it
constexpr std::uint64_t most_backlog = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t little_backlog = most_backlog / 8;

[[nodiscard]] bool same_file(int a, int b) {
    struct stat first {};
    struct stat second {};
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

class Supervisor {
  public:
    Supervisor(const GuestRun& run, const RunDirectory& folder, Machine machine)
        : run_(run),
          folder_(folder),
          machine_(std::move(machine)),
          changes_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        inotify_add_watch(changes_.get(), folder.path().c_str(), IN_MODIFY | IN_MOVED_TO);
        follow(guest_file::out, STDOUT_FILENO);
        if (!run.spec.one_output) {
            follow(guest_file::err, STDERR_FILENO);
        }
        wall_end_ = run.wall_timeout;
    }

    [[nodiscard]] GuestEnd supervise(StandardInput& input) {
        while (!machine_.poll_end() && !given_up_) {
            wait();
            pump();
            pass_signals();
            check_time();
            give_orders();
        }
        machine_.resume();
        finish_output();
        return tell_end(input);
    }

  private:
    void follow(const char* name, int target) {
        outputs_.emplace_back(FileDescriptor(open(folder_.file(name).c_str(), O_RDWR | O_CLOEXEC)),
                              target);
    }

    void wait() {
        std::vector<pollfd> events{{machine_.end_fd(), POLLIN, 0},
                                   {run_.signal_fd, POLLIN, 0},
                                   {changes_.get(), POLLIN, 0}};
        for (const OutputRelay& output : outputs_) {
            if (output.backlog() > 0 && !output.broken()) {
                events.push_back({output.target(), POLLOUT, 0});
            }
        }
        const Duration left =
            std::min(wall_end_, kill_at_.value_or(Duration::max())) - run_.clock();
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        constexpr std::int64_t longest = 60'000;
        poll(events.data(), events.size(),
             static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, longest)));
        std::array<char, 4096> ignored{};
        [[maybe_unused]] const auto size = read(changes_.get(), ignored.data(), ignored.size());
    }

    void pump() {
        std::uint64_t most = 0;
        for (OutputRelay& output : outputs_) {
            const bool was_broken = output.broken();
            output.pump();
            if (output.broken() && !was_broken && output.target() == STDOUT_FILENO) {
                orders_.emplace_back(order::broken_pipe, 0);
            }
            most = std::max(most, output.backlog());
        }
        if (most > most_backlog) {
            machine_.pause();
        } else if (most < little_backlog) {
            machine_.resume();
        }
    }

    /// Before the guest listens, an order could be lost.
    void give_orders() {
        if (!orders_.empty() && access(folder_.file(guest_file::ready).c_str(), F_OK) == 0) {
            for (const auto& [what, number] : orders_) {
                machine_.order(what, number);
            }
            orders_.clear();
        }
    }

    void pass_signals() {
        while (const auto number = run_.next_signal()) {
            orders_.emplace_back(order::signal, *number);
            const bool interrupt = *number == SIGINT || *number == SIGQUIT;
            if (*number != SIGTERM && *number != SIGHUP &&
                !(interrupt && ++interrupts_ >= insistent)) {
                continue;
            }
            if (!ended_by_) {
                ended_by_ = *number;
                kill_at_ = run_.clock() + signal_grace;
            }
        }
    }

    void check_time() {
        const Duration now = run_.clock();
        if (now >= wall_end_) {
            wall_end_ = Duration::max();
            out_of_time_ = true;
            machine_.resume();
            orders_.emplace_back(order::blocked, 0);
            kill_at_ = std::min(kill_at_.value_or(Duration::max()), now + last_words);
        }
        if (kill_at_ && now >= *kill_at_) {
            given_up_ = killed_;
            killed_ = true;
            kill_at_ = now + last_breath;
            machine_.kill();
        }
    }

    /// What the guest left is written out however long its reader takes, unless a signal says that
    /// the user has had enough.
    void finish_output() {
        for (OutputRelay& output : outputs_) {
            output.pump();
            while (output.backlog() > 0 && !output.broken()) {
                std::array<pollfd, 2> events{
                    {{output.target(), POLLOUT, 0}, {run_.signal_fd, POLLIN, 0}}};
                const int ready =
                    poll(events.data(), events.size(), out_of_time_ ? reader_grace_ms : -1);
                if (ready == 0 || run_.next_signal() || ended_by_) {
                    return;
                }
                output.pump();
            }
        }
    }

    [[nodiscard]] GuestEnd tell_end(StandardInput& input) {
        bool told = false;
        if (const auto status = folder_.read(guest_file::status)) {
            int code = 0;
            long long consumed = 0;
            if (std::sscanf(status->c_str(), "%d %lld", &code, &consumed) == 2) {
                input.consumed(consumed);
                told = true;
                if (!out_of_time_) {
                    return {GuestEnd::Kind::ended, code, true, out_of_memory_note()};
                }
            }
        }
        if (out_of_time_) {
            return {GuestEnd::Kind::wall_timeout, 0, told, describe_timeout()};
        }
        if (ended_by_) {
            return {GuestEnd::Kind::signal, *ended_by_, told, {}};
        }
        if (auto failure = folder_.read(guest_file::failure)) {
            return {GuestEnd::Kind::failed, 0, told, std::move(*failure)};
        }
        return {GuestEnd::Kind::failed, 0, told,
                explain_kernel_log(folder_.read(guest_file::log).value_or(""),
                                   machine_.poll_end().value_or(0))};
    }

    [[nodiscard]] std::string out_of_memory_note() const {
        const auto log = folder_.read(guest_file::log);
        if (!log || log->find("Out of memory: Killed process") == std::string::npos) {
            return {};
        }
        return "The guest has 1 GiB of memory, which was not enough: its kernel killed a process. "
               "Run without --warp, or let the program use less.";
    }

    [[nodiscard]] std::string describe_timeout() const {
        std::string text = fmt::format(
            "The run was ended after {:.0f} s of real time "
            "(--wall-timeout), and COMMAND had not ended.",
            to_seconds(run_.wall_timeout));
        const auto blocked = folder_.read(guest_file::blocked);
        if (blocked && !blocked->empty()) {
            text += " This is what the guest's kernel says of it:\n  ";
            for (std::size_t i = 0; i < blocked->size(); ++i) {
                text += blocked->at(i);
                if (blocked->at(i) == '\n' && i + 1 < blocked->size()) {
                    text += "  ";
                }
            }
            text +=
                "If it waits for ever by design, end it with --timeout, which counts virtual "
                "time.";
        } else {
            text += " The guest did not answer any more; it may be very busy.";
        }
        return text;
    }

    const GuestRun& run_;
    const RunDirectory& folder_;
    Machine machine_;
    FileDescriptor changes_;
    std::vector<OutputRelay> outputs_;
    std::vector<std::pair<char, int>> orders_;  ///< until the guest listens
    bool killed_ = false;
    bool given_up_ = false;  ///< it was killed, and is not gone
    Duration wall_end_{};
    std::optional<Duration> kill_at_;
    std::optional<int> ended_by_;
    int interrupts_ = 0;
    bool out_of_time_ = false;
};

[[nodiscard]] GuestEnd failed(std::string message) {
    return {GuestEnd::Kind::failed, 0, false, std::move(message)};
}

[[nodiscard]] std::string last_lines(std::string_view text, std::size_t count) {
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    std::size_t begin = text.size();
    for (; count > 0 && begin != std::string_view::npos; --count) {
        begin = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
    }
    return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

}  // namespace

std::string explain_kernel_log(std::string_view log, int wait_status) {
    const auto says = [&](std::string_view part) {
        return log.find(part) != std::string_view::npos;
    };
    if (says("ptrace") && (says("Operation not permitted") || says("not permitted"))) {
        return "--warp needs ptrace(2), with which its kernel runs the guest's processes, and it "
               "is "
               "forbidden here: by a container's seccomp profile (docker: --security-opt "
               "seccomp=unconfined, or --cap-add SYS_PTRACE) or by kernel.yama.ptrace_scope=3. Run "
               "without --warp, or allow it.";
    }
    if (says("Out of memory") || says("deadlocked on memory")) {
        return "The guest ran out of memory: it has 1 GiB. Run without --warp, or let the program "
               "use less.\n" +
               last_lines(log, 5);
    }
    constexpr int cannot_execute = 127;
    if (log.empty() && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == cannot_execute) {
        return "The guest's kernel cannot be executed: its file may be damaged, or lie on a file "
               "system that is mounted noexec. Build it again: ghostpeer warp remove, then "
               "ghostpeer warp build";
    }
    constexpr std::size_t shown = 15;
    std::string how = "ended before its program did";
    if (WIFSIGNALED(wait_status)) {
        how = fmt::format("was ended by signal {} ({})", WTERMSIG(wait_status),
                          strsignal(WTERMSIG(wait_status)));
    } else if (WIFEXITED(wait_status)) {
        how += fmt::format(", with status {}", WEXITSTATUS(wait_status));
    }
    std::string text = fmt::format("The guest's kernel {}.", how);
    if (!log.empty()) {
        text += " Its last words:\n" + last_lines(log, shown);
    }
    return text;
}

GuestEnd run_guest(const GuestRun& run) {
    const auto folder = RunDirectory::create();
    if (!folder) {
        return failed(folder.error());
    }
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        std::filesystem::create_symlink(self, folder->file(guest_file::init), error);
    }
    if (error) {
        return failed("ghostpeer cannot find its own program file: " + error.message() + ".");
    }
    StandardInput input(
        {run.clock, run.wall_timeout, run.most_input, run.signal_fd, run.next_signal, run.tell});
    if (auto spooled = input.spool(folder->file(guest_file::in)); !spooled) {
        return {input.out_of_time() ? GuestEnd::Kind::wall_timeout : GuestEnd::Kind::failed, 0,
                false, spooled.error()};
    }
    if (const auto signal = input.interrupted()) {
        return {GuestEnd::Kind::signal, *signal, false, {}};
    }
    GuestRun prepared = run;
    prepared.spec.has_stdin = input.has_content();
    prepared.spec.one_output = same_file(STDOUT_FILENO, STDERR_FILENO);
    for (const auto& [name, text] :
         {std::pair<const char*, std::string>{guest_file::spec, encode(prepared.spec)},
          {guest_file::out, ""},
          {guest_file::err, ""}}) {
        if (const auto written = folder->write(name, text); !written) {
            return failed(written.error());
        }
    }
    auto machine = Machine::boot(run.kernel, *folder, run.free_work);
    if (!machine) {
        return failed(machine.error());
    }
    return Supervisor(prepared, *folder, std::move(*machine)).supervise(input);
}

}  // namespace ghostpeer::warp
