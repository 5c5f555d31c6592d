#include "app/last_resort.hpp"

#include "observe/exit_status.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>

namespace ghostpeer::app::last_resort {
namespace {

// A real-time signal that nobody else uses; SIGALRM may have been set by who started us (alarm(2)
// is inherited through execve).
int own_signal() noexcept { return SIGRTMIN + 5; }

// A signal handler reaches nothing else.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
timer_t timer{};
std::atomic<bool> prepared = false;
std::atomic<bool> armed = false;
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

void end_now(int /*signal*/, siginfo_t* info, void* /*context*/) {
    if (info->si_code != SI_TIMER) {
        return;
    }
    char text[512];
    std::size_t size = 0;
    append(text, sizeof text, size, "ghostpeer: ");
    append(text, sizeof text, size,
           cause == Cause::timeout ? "--timeout has passed" : "it was told to end by a signal");
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
    // The helper has asked to go with this process (PR_SET_PDEATHSIG), and COMMAND with it.
    ::_exit(cause == Cause::timeout ? exit_timeout : exit_signal_base + number);
}

}  // namespace

void prepare() noexcept {
    struct sigaction action {};
    action.sa_sigaction = end_now;
    action.sa_flags = SA_SIGINFO;
    sigfillset(&action.sa_mask);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = own_signal();
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, own_signal());
    prepared = prepared || (sigaction(own_signal(), &action, nullptr) == 0 &&
                            sigprocmask(SIG_UNBLOCK, &own, nullptr) == 0 &&
                            timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
}

void arm(Duration after, Cause why, int signal) noexcept {
    if (!prepared) {
        return;
    }
    cause = why;
    number = signal;
    armed = true;
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t wait = std::max<std::int64_t>(1, after.count());
    itimerspec setting{};
    setting.it_value.tv_sec = static_cast<time_t>(wait / second);
    setting.it_value.tv_nsec = static_cast<long>(wait % second);
    timer_settime(timer, 0, &setting, nullptr);
}

void put_off() noexcept {
    itimerspec left{};
    if (armed && timer_gettime(timer, &left) == 0 &&
        std::chrono::seconds(left.it_value.tv_sec) +
                std::chrono::nanoseconds(left.it_value.tv_nsec) <
            patience) {
        arm(patience, cause, number);
    }
}

void disarm() noexcept {
    if (prepared) {
        armed = false;
        const itimerspec none{};
        timer_settime(timer, 0, &none, nullptr);
    }
}

void doing(const char* what) noexcept { current = what; }

}  // namespace ghostpeer::app::last_resort
