// A confined process can do a server's work and nothing else.
#include "posix/file_descriptor.hpp"
#include "sandbox/confinement.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

using namespace ghostpeer;

namespace {

/// The wait status of a confined child that does this and leaves with the result.
int confined(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        // A program that is ended by a signal here is no crash.
        ::close(STDERR_FILENO);
        const auto identity = sandbox::choose_identity(std::nullopt);
        const FileDescriptor proc(::open("/proc", O_PATH));
        if (!identity ||
            !sandbox::confine(*identity, {{proc.get(), sandbox::Right::read}}, false)) {
            ::_exit(99);
        }
        ::_exit(body());
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

int exit_of(const std::function<int()>& body) {
    const int status = confined(body);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

std::string own_status(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":\t")) {
            return line.substr(name.size() + 2);
        }
    }
    return {};
}

}  // namespace

TEST_CASE("a confined process has no privileges left") {
    const std::string none = "0000000000000000";
    CHECK(exit_of([&] {
              const bool gone = own_status("CapEff") == none && own_status("CapPrm") == none &&
                                own_status("CapInh") == none && own_status("CapAmb") == none;
              const bool filtered = own_status("Seccomp") == "2" && own_status("NoNewPrivs") == "1";
              return (gone ? 0 : 1) + (filtered ? 0 : 2);
          }) == 0);
    if (::geteuid() == 0) {
        CHECK(exit_of([&] { return own_status("CapBnd") == none ? 0 : 1; }) == 0);
    }
}

TEST_CASE("a confined process still serves") {
    CHECK(exit_of([] {
              int result = 1;
              std::thread([&] {  // as the lookup of names does
                  addrinfo* found = nullptr;
                  addrinfo hints{};
                  hints.ai_flags = AI_NUMERICHOST;
                  result = ::getaddrinfo("127.0.0.1", "80", &hints, &found);
                  if (found != nullptr) {
                      ::freeaddrinfo(found);
                  }
              })
                  .join();
              return result;
          }) == 0);
    CHECK(exit_of([] { return ::socket(AF_INET6, SOCK_STREAM, 0) >= 0 ? 0 : 1; }) == 0);
    CHECK(exit_of([] { return ::epoll_create1(0) >= 0 ? 0 : 1; }) == 0);
    CHECK(exit_of([] { return std::ifstream("/proc/self/status").good() ? 0 : 1; }) == 0);
}

// The sanitizers need what is refused here.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a confined process is refused what a server does not do") {
    const auto error_of = [](const std::function<long()>& call) {
        return exit_of([&] { return call() < 0 ? errno : 0; });
    };
    CHECK(error_of([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }) == EAFNOSUPPORT);
    CHECK(error_of([] { return ::socket(AF_NETLINK, SOCK_RAW, 9); }) == EAFNOSUPPORT);
    CHECK(error_of([] { return ::socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? -1 : 0; }) == 0);
    CHECK(error_of([] { return ::fork(); }) == EPERM);
    CHECK(error_of([] { return ::unshare(CLONE_NEWUSER); }) == ENOSYS);
    CHECK(error_of([] { return ::mount("none", "/", nullptr, 0, nullptr); }) == ENOSYS);
    CHECK(error_of([] { return ::ioctl(0, TIOCSTI, "x"); }) == EPERM);
}

TEST_CASE("a confined process cannot act upon others of its user") {
    const auto error_of = [](const std::function<long()>& call) {
        return exit_of([&] { return call() < 0 ? errno : 0; });
    };
    const pid_t other = ::getpid();
    CHECK(error_of([=] { return ::syscall(SYS_tgkill, other, other, 0); }) == EPERM);
    CHECK(error_of([] { return ::syscall(SYS_tgkill, ::getpid(), ::getpid(), 0); }) == 0);
    CHECK(error_of([=] { return ::prlimit(other, RLIMIT_NOFILE, nullptr, nullptr); }) == EPERM);
    CHECK(error_of([] { return ::prlimit(0, RLIMIT_NOFILE, nullptr, nullptr); }) == 0);
    CHECK(error_of([=] { return ::fcntl(0, F_SETOWN, other); }) == EPERM);
    const int one = other;
    CHECK(error_of([&] { return ::ioctl(0, FIOSETOWN, &one); }) == EPERM);
    CHECK(error_of([=] { return ::setpriority(PRIO_PROCESS, static_cast<id_t>(other), 19); }) ==
          EPERM);
    CHECK(error_of([] { return ::setpriority(PRIO_PROCESS, 0, 19); }) == 0);
}

TEST_CASE("a confined process that starts a program, or reaches into another, is ended") {
    const auto killed = [](const std::function<int()>& body) {
        const int status = confined(body);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    };
    CHECK(killed([] { return ::execl("/bin/true", "true", nullptr); }) == SIGSYS);
    CHECK(killed([] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }) ==
          SIGSYS);
}
#endif

TEST_CASE("a confined process sees what it is to see, where the kernel can do that") {
    const bool can = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) >= 1;
    CHECK(exit_of([] { return ::open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno; }) ==
          (can ? EACCES : 0));
    CHECK(exit_of([] { return ::open("/dev/null", O_WRONLY) >= 0 ? 0 : errno; }) ==
          (can ? EACCES : 0));
    CHECK(exit_of([] { return ::open("/proc/self/status", O_RDONLY) >= 0 ? 0 : errno; }) == 0);
}

TEST_CASE("the identity is chosen by option, by sudo, or is nobody") {
    const auto unknown = sandbox::choose_identity("no-such-user-here");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message == "There is no user no-such-user-here to become (--user).");
    const auto same = sandbox::choose_identity(std::to_string(::geteuid()));
    REQUIRE(same);
    CHECK_FALSE(*same);
    if (::geteuid() != 0) {
        const auto root = sandbox::choose_identity("root");
        REQUIRE_FALSE(root);
        CHECK(root.error().message ==
              "ghostpeer may not become the user root: that needs CAP_SETUID and CAP_SETGID. "
              "Leave --user out.");
    }
}
