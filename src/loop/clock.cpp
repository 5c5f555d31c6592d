#include "loop/clock.hpp"

#include "warp/phase.hpp"

#include <cerrno>
#include <ctime>

namespace ghostpeer::loop {
namespace {

[[nodiscard]] Duration read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void sleep_until(Duration monotonic) {
    constexpr std::int64_t second = 1'000'000'000;
    timespec until{};
    until.tv_sec = static_cast<time_t>(monotonic.count() / second);
    until.tv_nsec = static_cast<long>(monotonic.count() % second);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

}  // namespace

Clock::Clock() : start_(read_clock(CLOCK_MONOTONIC)), epoch_(read_clock(CLOCK_REALTIME)) {}

void await_phase() { sleep_until(warp::next_phase(read_clock(CLOCK_MONOTONIC))); }

void await_run_start() { sleep_until(warp::next_run_start(read_clock(CLOCK_MONOTONIC))); }

Duration Clock::epoch_now() const { return read_clock(CLOCK_REALTIME) - now().time_since_epoch(); }

Instant Clock::now() const { return Instant(read_clock(CLOCK_MONOTONIC) - start_); }

}  // namespace ghostpeer::loop
