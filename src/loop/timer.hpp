// One kernel timer, exact to microseconds, that is set as rarely as possible.
#pragma once

#include "loop/clock.hpp"

namespace ghostpeer::loop {

class Timer {
  public:
    explicit Timer(const Clock& clock);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Readable once it has expired.
    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// Expire at `at` or before. A timer that is set to an earlier time stays as it is: an
    /// expiry too many costs less than a system call for each segment.
    void arm(Instant at);
    /// Call when `fd` is readable.
    void expired();

  private:
    const Clock& clock_;
    int fd_ = -1;
    Instant armed_ = Instant::max();
};

}  // namespace ghostpeer::loop
