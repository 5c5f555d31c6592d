#include "loop/last_resort.hpp"

#include "event/exit_status.hpp"
#include "posix/companion.hpp"

#include <poll.h>
#include <sys/time.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>

namespace ghostpeer::last_resort {
namespace {

// A real-time signal that nobody else uses; SIGALRM may have been set by who started us (alarm(2)
// is inherited through execve). It is taken where the kernel grants no signal of its own, because
// none may be queued (RLIMIT_SIGPENDING): the one of setitimer(2) needs no place in a queue.
int own_signal() noexcept { return SIGRTMIN + 5; }

enum class Means : unsigned char { none, timer, alarm };

/// Of the patience, what is granted on top where the end has come: a process that was stopped or
/// frozen meanwhile could not get on, and finds all its timers gone off when it wakes.
constexpr Duration second_look = std::chrono::milliseconds(500);

// A signal handler reaches nothing else.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
timer_t timer{};
std::atomic<Means> means = Means::none;
std::atomic<bool> armed = false;
std::atomic<bool> looked = false;
std::atomic<Cause> cause = Cause::timeout;
std::atomic<int> number = 0;
std::atomic<const char*> current = nullptr;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

static_assert(std::atomic<const char*>::is_always_lock_free, "a signal handler reads it");

void append(char* text, std::size_t capacity, std::size_t& size, const char* more) noexcept {
    const std::size_t n = std::min(std::strlen(more), capacity - size);
    std::memcpy(text + size, more, n);
    size += n;
}

void set(Duration after) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t wait = std::max<std::int64_t>(1, after.count());
    if (means == Means::timer) {
        itimerspec setting{};
        setting.it_value.tv_sec = static_cast<time_t>(wait / second);
        setting.it_value.tv_nsec = static_cast<long>(wait % second);
        timer_settime(timer, 0, &setting, nullptr);
    } else if (means == Means::alarm) {
        constexpr std::int64_t micro = 1000;
        itimerval setting{};
        setting.it_value.tv_sec = static_cast<time_t>(wait / second);
        setting.it_value.tv_usec = static_cast<suseconds_t>(wait % second / micro + 1);
        if (setting.it_value.tv_usec >= second / micro) {
            setting.it_value = {setting.it_value.tv_sec + 1, 0};
        }
        setitimer(ITIMER_REAL, &setting, nullptr);
    }
}

[[nodiscard]] Duration left() noexcept {
    if (means == Means::timer) {
        itimerspec setting{};
        timer_gettime(timer, &setting);
        return std::chrono::seconds(setting.it_value.tv_sec) +
               std::chrono::nanoseconds(setting.it_value.tv_nsec);
    }
    itimerval setting{};
    getitimer(ITIMER_REAL, &setting);
    return std::chrono::seconds(setting.it_value.tv_sec) +
           std::chrono::microseconds(setting.it_value.tv_usec);
}

[[nodiscard]] const char* beginning() noexcept {
    switch (cause) {
        case Cause::timeout: return "--timeout has passed";
        case Cause::wall_timeout: return "--wall-timeout has passed";
        case Cause::signal: return "it was told to end by a signal";
        case Cause::over: break;
    }
    return "COMMAND has ended";
}

[[nodiscard]] int status() noexcept {
    switch (cause) {
        case Cause::timeout:
        case Cause::wall_timeout: return exit_timeout;
        case Cause::signal: return exit_signal_base + number;
        case Cause::over: break;
    }
    return exit_cannot;
}

void end_now(int /*signal*/, siginfo_t* info, void* /*context*/) {
    if (!armed || (info->si_code != SI_TIMER && info->si_code != SI_KERNEL)) {
        return;
    }
    if (!looked.exchange(true)) {
        set(second_look);
        return;
    }
    char text[512];
    std::size_t size = 0;
    append(text, sizeof text, size, "ghostpeer: ");
    append(text, sizeof text, size, beginning());
    append(text, sizeof text, size, ", and the run stands still");
    if (const char* const what = current) {
        append(text, sizeof text, size, " while ");
        append(text, sizeof text, size, what);
    }
    append(text, sizeof text, size,
           ". It is ended at once; what was not written yet, the verdict among it, is lost.\n");
    pollfd ready{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&ready, 1, 0) > 0 && (ready.revents & POLLOUT) != 0) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, size);
    }
    // It has asked to go with this process (PR_SET_PDEATHSIG), and COMMAND with it; but not yet
    // where somebody has stopped it at its first step.
    companion::end();
    ::_exit(status());
}

}  // namespace

void prepare() noexcept {
    if (means != Means::none) {
        return;
    }
    struct sigaction action {};
    action.sa_sigaction = end_now;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    const auto takes = [&](int signal) {
        sigset_t own;
        sigemptyset(&own);
        sigaddset(&own, signal);
        return sigaction(signal, &action, nullptr) == 0 &&
               sigprocmask(SIG_UNBLOCK, &own, nullptr) == 0;
    };
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = own_signal();
    if (takes(own_signal()) && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) {
        means = Means::timer;
    } else if (takes(SIGALRM)) {
        means = Means::alarm;
    }
}

void forget_in_child() noexcept {
    // Timers are not inherited; their numbers would mean nothing here.
    companion::set(0);
    means = Means::none;
    armed = false;
}

void arm(Duration after, Cause why, int signal) noexcept {
    cause = why;
    number = signal;
    looked = false;
    armed = true;
    set(after - second_look);
}

void put_off() noexcept {
    if (armed && left() + second_look < patience) {
        arm(patience, cause, number);
    }
}

void disarm() noexcept { armed = false; }

void doing(const char* what) noexcept { current = what; }

}  // namespace ghostpeer::last_resort
