// A guest that is not well: it cannot write, its kernel tells nothing, a run is broken off before
// it.
#include "posix/file_descriptor.hpp"
#include "warp/guest.hpp"
#include "warp/guest_init.hpp"
#include "warp/guest_run.hpp"
#include "warp/guest_traces.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

using namespace ghostpeer;
using namespace ghostpeer::warp;
namespace fs = std::filesystem;

namespace {

class EmptyFolder {
  public:
    EmptyFolder() {
        std::string name = "/tmp/ghostpeer-unit-XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~EmptyFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    EmptyFolder(const EmptyFolder&) = delete;
    EmptyFolder& operator=(const EmptyFolder&) = delete;

    [[nodiscard]] fs::path file(const std::string& name) const { return path_ / name; }
    [[nodiscard]] FileDescriptor open(const std::string& name) const {
        return FileDescriptor(::open(file(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }

  private:
    fs::path path_;
};

/// What `work` returns, in a process of its own: limits and standard streams are its own there.
[[nodiscard]] int in_child(const std::function<int()>& work) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        _exit(work());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// In the place of a guest's kernel: does as its first process does with the first run.
[[nodiscard]] Kernel kernel_that(const EmptyFolder& scratch, const std::string& does) {
    Kernel kernel;
    kernel.path = scratch.file("kernel");
    std::ofstream(kernel.path) << "#!/bin/sh\n"
                                  "for last; do :; done\n"
                                  "cd \"$last/1\" || exit 9\n"
                                  "test -e spec || exit 8\n"
                                  ": > ready\n"
                               << does << "\n";
    chmod(kernel.path.c_str(), 0755);
    return kernel;
}

/// Which signal comes is asked while standard input is waited for, and while the guest is.
[[nodiscard]] GuestRun a_run(std::function<std::optional<int>()> next_signal = [] {
    return std::optional<int>();
}) {
    using Clock = std::chrono::steady_clock;
    GuestRun run;
    run.spec = describe_caller();
    run.wall_timeout = std::chrono::seconds(20);
    run.most_input = 1000;
    run.clock = [began = Clock::now()] {
        return std::chrono::duration_cast<Duration>(Clock::now() - began);
    };
    run.time_of_day = [] { return Duration::zero(); };
    // Always readable, as one with signals is.
    run.next_signal = std::move(next_signal);
    run.tell = [](std::string_view) {};
    return run;
}

constexpr int said_otherwise = 100;

}  // namespace

TEST_CASE("a file for the host is whole, or is not there and that is known") {
    const EmptyFolder scratch;
    const auto folder = scratch.open(".");
    CHECK(write_guest_file(folder, "status", "0 0 1\n"));
    CHECK(fs::file_size(scratch.file("status")) == 6);
    CHECK(write_guest_file(folder, "ready", ""));
    // Files may not grow here, as where there is no room left.
    CHECK(in_child([&] {
              const rlimit none{0, 0};
              setrlimit(RLIMIT_FSIZE, &none);
              std::signal(SIGXFSZ, SIG_IGN);
              return write_guest_file(folder, "failure", "a sentence") ? 1 : 0;
          }) == 0);
    CHECK_FALSE(fs::exists(scratch.file("failure")));
    CHECK_FALSE(fs::exists(scratch.file("failure.new")));
    CHECK_FALSE(write_guest_file(FileDescriptor(), "status", "0 0 1\n"));
}

TEST_CASE("a guest that cannot say how the run ended is not waited for") {
    const EmptyFolder scratch;
    Guest guest({kernel_that(scratch, "exit 0"), std::chrono::seconds(1), true});
    const GuestEnd end = guest.run(a_run());
    CHECK(end.kind == GuestEnd::Kind::failed);
    CHECK_FALSE(end.told);
    CHECK(end.message.find("could not write into /") != std::string::npos);
    CHECK(end.message.find("Make room in /") != std::string::npos);
}

TEST_CASE("a run that was broken off before the guest was booted does not count") {
    const EmptyFolder scratch;
    const Kernel kernel = kernel_that(scratch, "echo '7 0 1' > s; mv s status; exec sleep 20");
    CHECK(in_child([&] {
              std::array<int, 2> ends{};
              if (pipe(ends.data()) != 0 || dup2(ends[0], STDIN_FILENO) < 0) {
                  return said_otherwise;
              }
              Guest guest({kernel, std::chrono::seconds(1), true});
              const auto first = guest.run(a_run([] { return std::optional(SIGINT); }));
              if (first.kind != GuestEnd::Kind::signal) {
                  return said_otherwise + 1;
              }
              dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
              const auto second = guest.run(a_run());
              return second.kind == GuestEnd::Kind::ended ? second.status : said_otherwise + 2;
          }) == 7);
}

TEST_CASE("where the kernel has no inotify left, a run's end is seen all the same") {
    const EmptyFolder scratch;
    const Kernel kernel =
        kernel_that(scratch, "sleep 0.3; echo '7 0 1' > s; mv s status; exec sleep 20");
    const int status = in_child([&] {
        std::ofstream limit;
        if (unshare(CLONE_NEWUSER) == 0) {
            limit.open("/proc/sys/user/max_inotify_instances");
            limit << "0" << std::flush;
        }
        if (!limit.is_open() || !limit) {
            return said_otherwise;
        }
        Guest guest({kernel, std::chrono::seconds(1), true});
        const auto began = std::chrono::steady_clock::now();
        const GuestEnd end = guest.run(a_run());
        const auto took = std::chrono::steady_clock::now() - began;
        return took < std::chrono::seconds(10) && end.kind == GuestEnd::Kind::ended ? end.status
                                                                                    : 1;
    });
    if (status == said_otherwise) {
        MESSAGE("no user namespace may be made here");
    } else {
        CHECK(status == 7);
    }
}

TEST_CASE("a guest of which not all is remembered is not the same as before") {
    const EmptyFolder scratch;
    for (const char* name : {"settings", "modules", "devices"}) {
        fs::create_directory(scratch.file(name));
    }
    std::ofstream(scratch.file("settings/one")) << "1\n";
    const auto traces = [&] {
        return GuestTraces(scratch.open("settings"), scratch.open("modules"),
                           scratch.open("devices"));
    };
    GuestTraces all = traces();
    CHECK(all.is_same());
    all.remember();
    CHECK(all.is_same());
    std::ofstream(scratch.file("settings/one")) << "2\n";
    CHECK_FALSE(all.is_same());
    CHECK(in_child([&] {
              const rlimit few{100, 100};  // of which none has the number that is asked for
              setrlimit(RLIMIT_NOFILE, &few);
              GuestTraces some = traces();
              some.remember();
              return some.is_same() ? 1 : 0;
          }) == 0);
    GuestTraces none(FileDescriptor(), scratch.open("modules"), scratch.open("devices"));
    none.remember();
    CHECK_FALSE(none.is_same());
}
