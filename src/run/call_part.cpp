#include "run/call_part.hpp"

#include "sandbox/traced_start.hpp"
#include "syscalls/strace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ghostpeer::run {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} << 10;
constexpr int most_reads = 4;  ///< before others have their turn

[[nodiscard]] std::string no_pipe() {
    return fmt::format(
        "ghostpeer cannot make a pipe for strace: {}. If the limit on open files is reached, raise "
        "it ('ulimit -n').",
        std::strerror(errno));
}

}  // namespace

tl::expected<std::unique_ptr<CallPart>, std::string> CallPart::open(const std::string& set) {
    std::unique_ptr<CallPart> made(new CallPart(set));
    auto command = syscalls::find_strace(made->selection_, sandbox::traced_nothing());
    if (!command) {
        return tl::make_unexpected(std::move(command.error()));
    }
    made->command_ = std::move(*command);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::make_unexpected(no_pipe());
    }
    made->reader_ = FileDescriptor(ends[0]);
    made->writer_ = FileDescriptor(ends[1]);
    // A burst of calls is held up by the size of the pipe; an ordinary user may have this much.
    static_cast<void>(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20));
    made->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    if (!made->epoll_ || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(made->epoll_.get(), EPOLL_CTL_ADD, ends[0], &event) != 0) {
        return tl::make_unexpected(no_pipe());
    }
    made->buffer_.resize(buffer_size);
    return made;
}

sandbox::Tracer CallPart::tracer() const { return {command_, writer_.get()}; }

void CallPart::tell(const loop::Clock& clock, loop::Sinks& sinks) {
    clock_ = &clock;
    sinks_ = &sinks;
    auto connections = std::make_unique<show::CallConnections>();
    connections_ = connections.get();
    sinks.add(std::move(connections));
    timer_.emplace(clock);
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_->fd(), &event) != 0) {
        timer_.reset();  // each line is waited for
    }
}

bool CallPart::attend(Instant now) {
    if (resting_) {
        timer_->expired();
    }
    rest(read_lines() ? pace_.after_reading(now) : std::nullopt);
    return true;
}

void CallPart::packets_came(Instant /*now*/) {
    // Awake already, and the calls that led to them stand beside them so.
    if (resting_) {
        read_lines();
    }
}

bool CallPart::read_lines() {
    const std::size_t first = read_on();
    std::size_t got = first;
    for (int reads = 1; reads < most_reads && got == buffer_size; ++reads) {
        got = read_on();
    }
    tell_all(clock_->now());
    return first > 0;
}

void CallPart::rest(std::optional<Instant> until) {
    if (!reader_ || !timer_) {
        return;
    }
    epoll_event event{};
    event.events = until ? 0U : std::uint32_t{EPOLLIN};
    if (until.has_value() != resting_ &&
        epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, reader_.get(), &event) == 0) {
        resting_ = until.has_value();
    }
    if (resting_) {
        timer_->arm(until.value_or(clock_->now() + syscalls::Pace::interval));
    }
}

std::size_t CallPart::read_on() {
    if (!reader_) {
        return 0;
    }
    ssize_t got = 0;
    do {
        got = read(reader_.get(), buffer_.data(), buffer_.size());
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        parser_.feed({buffer_.data(), static_cast<std::size_t>(got)}, calls_);
        return static_cast<std::size_t>(got);
    }
    if (got < 0 && errno == EAGAIN) {
        return 0;
    }
    // strace has ended; the end of a pipe would be reported again and again.
    reader_.reset();
    if (!parser_.idle() && !ending_) {
        sinks_->notice(clock_->now(), "syscalls",
                       "strace has ended before COMMAND: no system calls are told from now on.");
    }
    return 0;
}

void CallPart::tell_all(Instant latest) {
    // Taken anew each time, so that a clock that is set, or corrected, does not part the two.
    const Duration epoch = clock_->epoch_now();
    for (syscalls::Call& call : calls_) {
        if (is_commands(call) && selection_.shows(call)) {
            tell_one(call, latest, epoch);
        }
    }
    calls_.clear();
    if (parser_.unreadable() > 0 && !told_unreadable_) {
        told_unreadable_ = true;
        sinks_->notice(latest, "syscalls",
                       "strace wrote a line that ghostpeer cannot read; the system calls that are "
                       "told are not all.");
    }
}

bool CallPart::is_commands(const syscalls::Call& call) {
    // The first program that strace sees is the second step of the start (execute_traced()).
    constexpr int command = 2;
    if (executed_ < command && call.name == "execve" && call.result == 0) {
        ++executed_;
    }
    return executed_ == command || !selection_.traces_execve();
}

void CallPart::tell_one(syscalls::Call& call, Instant latest, Duration epoch) {
    call.began = std::clamp(call.began - epoch, run_start, latest);
    const Instant at = std::min(call.began + call.took, latest);
    call.took = at - call.began;
    const auto connection = connections_->of(call);
    sinks_->record({at, connection, 0, std::make_shared<const event::Call>(std::move(call))});
}

void CallPart::finish(Instant end) {
    ending_ = true;
    writer_.reset();
    constexpr int longest = 256;  // more than a pipe holds
    for (int reads = 0; reads < longest && read_on() == buffer_size; ++reads) {
    }
    parser_.finish(clock_->epoch_now() + end.time_since_epoch(), calls_);
    tell_all(end);
}

}  // namespace ghostpeer::run
