#include "posix/companion.hpp"

#include <csignal>

#include <atomic>

namespace ghostpeer::companion {

namespace {

// A signal handler reaches nothing else.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<pid_t> companion = 0;

}  // namespace

void set(pid_t process) noexcept { companion = process; }

void end() noexcept {
    if (const pid_t process = companion; process > 0) {
        ::kill(process, SIGKILL);
    }
}

}  // namespace ghostpeer::companion
