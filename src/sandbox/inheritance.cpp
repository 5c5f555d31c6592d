#include "sandbox/inheritance.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace ghostpeer::sandbox {

Inheritance Inheritance::capture() {
    Inheritance found{};
    sigemptyset(&found.blocked);
    sigprocmask(SIG_SETMASK, nullptr, &found.blocked);
    sigemptyset(&found.ignored);
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action {};
        if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
            sigaddset(&found.ignored, number);
        }
    }

    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
    if (directory) {
        while (const dirent* entry = readdir(directory.get())) {
            const int fd = std::atoi(entry->d_name);  // "." and ".." give 0
            const int flags = fd > 2 ? fcntl(fd, F_GETFD) : -1;
            if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
                found.descriptors.push_back(fd);
            }
        }
    }
    std::sort(found.descriptors.begin(), found.descriptors.end());
    return found;
}

void reserve_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (fcntl(fd, F_GETFD) < 0) {
            // The lowest free descriptor is taken, so this one is filled.
            [[maybe_unused]] const int filled = open("/dev/null", O_RDWR | O_CLOEXEC);
        }
    }
}

}  // namespace ghostpeer::sandbox
