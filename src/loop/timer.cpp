#include "loop/timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>

namespace ghostpeer::loop {

Timer::Timer(const Clock& clock)
    : clock_(clock), fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}

Timer::~Timer() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

void Timer::arm(Instant at) {
    if (at >= armed_) {
        return;
    }
    armed_ = at;
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t when = std::max<std::int64_t>(1, clock_.monotonic(at).count());
    itimerspec setting{};
    setting.it_value.tv_sec = static_cast<time_t>(when / second);
    setting.it_value.tv_nsec = static_cast<long>(when % second);
    timerfd_settime(fd_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

void Timer::expired() {
    std::uint64_t expirations = 0;
    if (::read(fd_, &expirations, sizeof(expirations)) > 0) {
        armed_ = Instant::max();
    }
}

}  // namespace ghostpeer::loop
