#include "sandbox/caretaker.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "sandbox/file_system.hpp"
#include "sandbox/syscall_filter.hpp"

namespace ghostpeer::sandbox {
namespace {

constexpr int line_fd = 0;
constexpr int folder_fd = 1;

/// Of root's capabilities those that removing takes.
void keep_what_removing_takes() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) {
        return;
    }
    constexpr std::uint32_t kept = 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER;
    data[0].effective &= kept;
    data[0].permitted &= kept;
    data[0].inheritable = 0;
    data[1] = {};
    syscall(SYS_capset, &header, data.data());
}

[[noreturn]] void take_care(int line, int folder, const char* name) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);  // a service manager's SIGTERM is for the other one
    struct stat at_first {};
    // Both are moved out of the way of where they go.
    const int high_line = fcntl(line, F_DUPFD_CLOEXEC, folder_fd + 1);
    const int high_folder = fcntl(folder, F_DUPFD_CLOEXEC, folder_fd + 1);
    const bool moved = high_line >= 0 && high_folder >= 0 && dup2(high_line, line_fd) >= 0;
    const bool good = moved && dup2(high_folder, folder_fd) >= 0 &&
                      close_range(folder_fd + 1, UINT_MAX, 0) == 0 &&
                      fstatat(folder_fd, name, &at_first, AT_SYMLINK_NOFOLLOW) == 0;
    const int error = good ? 0 : errno;
    [[maybe_unused]] const auto told =
        send(moved ? line_fd : line, &error, sizeof error, MSG_NOSIGNAL);
    if (!good) {
        _exit(1);
    }
    keep_what_removing_takes();
    prctl(PR_SET_NAME, "ghostpeer-care");
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    static_cast<void>(see_only({{folder_fd, Right::remove}}));
    static_cast<void>(install(caretaker_filter()));
    char nothing = 0;
    while (read(line_fd, &nothing, 1) < 0 && errno == EINTR) {
    }
    struct stat now {};
    if (fstatat(folder_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == at_first.st_dev &&
        now.st_ino == at_first.st_ino) {
        unlinkat(folder_fd, name, 0);
    }
    _exit(0);
}

}  // namespace

tl::expected<Caretaker, Error> Caretaker::start(int folder, const std::string& name) {
    std::array<int, 2> ends{};
    const auto failed = [] {
        return tl::unexpected(Error{
            Error::Kind::failed, std::string("ghostpeer could not start the process that removes "
                                             "its control socket at the end: ") +
                                     strerror(errno) + "."});
    };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return failed();
    }
    FileDescriptor ours(ends[0]);
    FileDescriptor theirs(ends[1]);
    const pid_t child = fork();
    if (child < 0) {
        return failed();
    }
    if (child == 0) {
        take_care(theirs.get(), folder, name.c_str());
    }
    theirs.reset();
    // It takes care from here on, or says why not.
    int error = 0;
    pollfd answer{ours.get(), POLLIN, 0};
    constexpr int longest = 5000;
    if (poll(&answer, 1, longest) < 0) {
        return failed();
    }
    const auto got = recv(ours.get(), &error, sizeof error, MSG_DONTWAIT);
    if (got != static_cast<ssize_t>(sizeof error) || error != 0) {
        errno = got == static_cast<ssize_t>(sizeof error) ? error : got < 0 ? errno : ECHILD;
        return failed();
    }
    return Caretaker(std::move(ours));
}

Caretaker::~Caretaker() {
    if (!line_) {
        return;
    }
    shutdown(line_.get(), SHUT_WR);
    // Its end of the line goes with it.
    pollfd ended{line_.get(), POLLIN, 0};
    constexpr int patience = 1000;
    poll(&ended, 1, patience);
}

}  // namespace ghostpeer::sandbox
