#pragma once

#include <poll.h>

#include <cerrno>

namespace ghostpeer::test {

/// Whether `fd` can be read, or has come to its end, within `longest_ms`. A signal does not end the
/// wait: a test before may have taken SIGCHLD, and every child's end would.
[[nodiscard]] inline bool is_readable(int fd, int longest_ms) {
    pollfd ready{fd, POLLIN, 0};
    int number = 0;
    do {
        number = ::poll(&ready, 1, longest_ms);
    } while (number < 0 && errno == EINTR);
    return number == 1;
}

}  // namespace ghostpeer::test
