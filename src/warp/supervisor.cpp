#include "warp/supervisor.hpp"

#include "posix/whole_file.hpp"
#include "warp/guest_init.hpp"
#include "warp/kernel_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

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
/// Between two looks where the kernel tells nothing of the run's files.
constexpr int look_ms = 20;
constexpr int insistent = 3;  ///< interrupts after which the user means it
constexpr std::uint64_t most_backlog = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t little_backlog = most_backlog / 8;

}  // namespace

Supervisor::Supervisor(const GuestRun& run, const RunDirectory& folder, Machine& machine,
                       std::filesystem::path log)
    : run_(run),
      folder_(folder),
      machine_(machine),
      log_(std::move(log)),
      changes_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    std::error_code none;
    const auto size = std::filesystem::file_size(log_, none);
    log_begin_ = none ? 0 : static_cast<std::size_t>(size);
    is_told_ =
        inotify_add_watch(changes_.get(), folder.path().c_str(), IN_MODIFY | IN_MOVED_TO) >= 0;
    follow(guest_file::out, STDOUT_FILENO);
    follow(guest_file::err, STDERR_FILENO);  // stays empty where both are one
    wall_end_ = run.wall_timeout;
}

GuestEnd Supervisor::supervise(StandardInput& input) {
    while (!ended()) {
        give_orders();
        wait();
        pump();
        pass_signals();
        check_time();
    }
    // A guest without work would let its clock run as fast as it can.
    machine_.pause();
    finish_output();
    return tell_end(input);
}

bool Supervisor::has(const char* name) const {
    return access(folder_.file(name).c_str(), F_OK) == 0;
}

bool Supervisor::ended() { return machine_.poll_end() || given_up_ || has(guest_file::status); }

bool Supervisor::begun() const { return has(guest_file::ready); }

void Supervisor::follow(const char* name, int target) {
    outputs_.emplace_back(FileDescriptor(open(folder_.file(name).c_str(), O_RDWR | O_CLOEXEC)),
                          target);
}

void Supervisor::wait() {
    std::vector<pollfd> events{
        {machine_.end_fd(), POLLIN, 0}, {run_.signal_fd, POLLIN, 0}, {changes_.get(), POLLIN, 0}};
    for (const OutputRelay& output : outputs_) {
        if (output.backlog() > 0 && !output.broken()) {
            events.push_back({output.target(), POLLOUT, 0});
        }
    }
    const Duration left = std::min({wall_end_, kill_at_.value_or(Duration::max()),
                                    begin_until_.value_or(Duration::max())}) -
                          run_.clock();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const std::int64_t longest = is_told_ && run_.signal_fd >= 0 ? 60'000 : look_ms;
    poll(events.data(), events.size(),
         static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, longest)));
    std::array<char, 4096> ignored{};
    [[maybe_unused]] const auto size = read(changes_.get(), ignored.data(), ignored.size());
}

void Supervisor::pump() {
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
void Supervisor::give_orders() {
    if (!orders_.empty() && begun()) {
        for (const auto& [what, number] : orders_) {
            machine_.order(what, number);
        }
        orders_.clear();
    }
}

void Supervisor::pass_signals() {
    while (const auto number = run_.next_signal()) {
        orders_.emplace_back(order::signal, *number);
        const bool interrupt = *number == SIGINT || *number == SIGQUIT;
        if (*number != SIGTERM && *number != SIGHUP && !(interrupt && ++interrupts_ >= insistent)) {
            continue;
        }
        if (!ended_by_) {
            ended_by_ = *number;
            kill_at_ = run_.clock() + signal_grace;
        }
    }
}

void Supervisor::check_time() {
    const Duration now = run_.clock();
    if (begin_until_ && now >= *begin_until_) {
        begin_until_.reset();
        if (!begun()) {
            kill_at_ = now;
        }
    }
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
void Supervisor::finish_output() {
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

GuestEnd Supervisor::tell_end(StandardInput& input) {
    bool told = false;
    if (const auto status = folder_.read(guest_file::status)) {
        int code = 0;
        long long consumed = 0;
        int unchanged = 0;
        if (std::sscanf(status->c_str(), "%d %lld %d", &code, &consumed, &unchanged) == 3) {
            input.consumed(consumed);
            told = true;
            unchanged_ = unchanged == 1;
            if (!out_of_time_) {
                return {GuestEnd::Kind::ended, code, true, explain_memory(own_log())};
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
    const int end = machine_.poll_end().value_or(0);
    if (begun() && WIFEXITED(end) && WEXITSTATUS(end) == 0) {  // switched off, in good order
        return {GuestEnd::Kind::failed, 0, told,
                fmt::format("The guest could not write into {} how the run ended. Make room in {}.",
                            folder_.path().string(),
                            folder_.path().parent_path().parent_path().string())};
    }
    return {GuestEnd::Kind::failed, 0, told, explain_kernel_log(own_log(), end)};
}

/// Of the guest's kernel, since the run began.
std::string Supervisor::own_log() const {
    return whole_file(log_, static_cast<off_t>(log_begin_)).value_or("");
}

std::string Supervisor::describe_timeout() const {
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

}  // namespace ghostpeer::warp
