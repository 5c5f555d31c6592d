#include "warp/guest_spec.hpp"
#include "warp/kernel_log.hpp"
#include "warp/output_relay.hpp"
#include "warp/run_directory.hpp"
#include "warp/standard_input.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

using namespace ghostpeer;
using namespace ghostpeer::warp;
namespace fs = std::filesystem;

namespace {

[[nodiscard]] GuestSpec sample_spec() {
    GuestSpec spec;
    spec.arguments = {"ghostpeer", "run", "healthy", "--", "printf", "", "a\nb", "\xff\xfe"};
    spec.environment = {"PATH=/bin", "EMPTY=", "ODD=a=b\n"};
    spec.directory = "/with space";
    spec.host_name = "host";
    spec.user = 65534;
    spec.group = 4294967294;
    spec.groups = {1, 2, 3};
    spec.umask = 077;
    spec.ignored_signals = {1, 17};
    spec.limits = {{1024, 4096}, {UINT64_MAX, UINT64_MAX}};
    spec.seed = UINT64_MAX;
    spec.epoch = -1;
    spec.events_file = "/tmp/events";
    spec.file_suffix = "-6.12";
    spec.colour = true;
    spec.one_output = true;
    spec.kept = true;
    return spec;
}

/// A file without a name.
[[nodiscard]] int scratch_file() { return fileno(std::tmpfile()); }

void append(int fd, const std::string& text) {
    REQUIRE(pwrite(fd, text.data(), text.size(), lseek(fd, 0, SEEK_END)) ==
            static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("what a guest is given comes out as it went in") {
    const GuestSpec spec = sample_spec();
    const auto decoded = decode(encode(spec));
    REQUIRE(decoded);
    CHECK(*decoded == spec);
    CHECK(decode(encode(GuestSpec{})) == GuestSpec{});
}

TEST_CASE("half a specification, or anything else, is none") {
    const std::string whole = encode(sample_spec());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        CHECK_FALSE(decode(std::string_view(whole).substr(0, size)));
    }
    CHECK_FALSE(decode(whole + "x"));
    std::string large = whole;
    // The number of arguments.
    large.replace(large.find('\0') + 1, 1, "99999999999999999999");
    CHECK_FALSE(decode(large));
}

TEST_CASE("the caller's own folder, user and limits are taken") {
    const GuestSpec spec = describe_caller();
    CHECK(spec.directory == fs::current_path().string());
    CHECK(spec.user == geteuid());
    CHECK(spec.limits.size() == RLIM_NLIMITS);
    CHECK(decode(encode(spec)) == spec);
}

TEST_CASE("a relay carries over what comes, in pieces, and knows what is left") {
    const int source = scratch_file();
    const int target = scratch_file();
    OutputRelay relay(FileDescriptor(dup(source)), target);
    relay.pump();
    CHECK(relay.backlog() == 0);
    append(source, "first");
    CHECK(relay.backlog() == 5);
    relay.pump();
    CHECK(relay.backlog() == 0);
    const std::string large(3 << 20, 'x');
    append(source, large);
    relay.pump();
    CHECK(relay.backlog() == 0);
    CHECK(lseek(target, 0, SEEK_END) == static_cast<off_t>(large.size() + 5));
}

TEST_CASE("a relay never waits for a slow reader, and notices one that is gone") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const int source = scratch_file();
    OutputRelay relay(FileDescriptor(dup(source)), ends[1]);
    const std::string large(1 << 20, 'x');
    append(source, large);
    relay.pump();
    const auto left = relay.backlog();
    CHECK(left > 0);
    CHECK(left < large.size());
    CHECK_FALSE(relay.broken());
    std::string taken(64 * 1024, ' ');
    const auto got = read(ends[0], taken.data(), taken.size());
    CHECK(got > 0);
    relay.pump();
    CHECK(relay.backlog() < left);

    std::signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    relay.pump();
    CHECK(relay.broken());
    CHECK(relay.backlog() == 0);
    close(ends[1]);
    std::signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("a run's folder goes with it, and a dead run's with the next") {
    fs::path path;
    {
        const auto folder = RunDirectory::create();
        REQUIRE(folder);
        path = folder->path();
        CHECK(fs::status(path).permissions() == fs::perms::owner_all);
        REQUIRE(folder->write("spec", std::string("a\0b", 3)));
        CHECK(folder->read("spec") == std::string("a\0b", 3));
        CHECK_FALSE(folder->read("nothing"));
        remove_stale(path.parent_path());
        CHECK(fs::exists(path));
    }
    CHECK_FALSE(fs::exists(path));

    // A process that makes one and dies without a word.
    const pid_t child = fork();
    if (child == 0) {
        const auto folder = RunDirectory::create();
        _exit(folder ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    const std::string mark =
        "ghostpeer-warp-" + std::to_string(geteuid()) + "-" + std::to_string(child) + "-";
    const auto left = [&] {
        for (const auto& entry : fs::directory_iterator(path.parent_path())) {
            if (entry.path().filename().string().starts_with(mark)) {
                return true;
            }
        }
        return false;
    };
    CHECK(left());
    remove_stale(path.parent_path());
    CHECK_FALSE(left());
}

TEST_CASE("a kernel that ended without a status is explained") {
    constexpr int aborted = SIGABRT;
    CHECK(explain_kernel_log("Checking ptrace: Operation not permitted\n", 1 << 8)
              .starts_with("--warp needs ptrace(2)"));
    CHECK(
        explain_kernel_log("Kernel panic - not syncing: System is deadlocked on memory\n", aborted)
            .starts_with("The guest ran out of memory"));
    CHECK(explain_kernel_log("one\nKernel panic - not syncing: No init found.\n", aborted) ==
          "The guest's kernel was ended by signal 6 (Aborted). Its last words:\n"
          "one\nKernel panic - not syncing: No init found.");
    CHECK(explain_kernel_log("", 127 << 8).find("cannot be executed") != std::string::npos);
    std::string long_log;
    for (int line = 1; line <= 100; ++line) {
        long_log += "line " + std::to_string(line) + "\n";
    }
    const std::string text = explain_kernel_log(long_log, SIGKILL);
    CHECK(text.find("line 86\n") != std::string::npos);
    CHECK(text.find("line 85\n") == std::string::npos);
}

namespace {

/// In a child whose standard input is the reading end of a pipe with this in it, which stays open.
int spool_in_child(const std::string& content, std::uint64_t most_bytes, bool& out_of_time) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    REQUIRE(write(ends[1], content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        int looks = 0;
        StandardInput input({[&] { return std::chrono::milliseconds(10 * ++looks); },
                             std::chrono::milliseconds(100), most_bytes, -1,
                             [] { return std::nullopt; }, [](std::string_view) {}});
        const std::string to = "/tmp/ghostpeer-unit-input-" + std::to_string(getpid());
        const auto spooled = input.spool(to);
        unlink(to.c_str());
        _exit((spooled ? 0 : 1) + (input.out_of_time() ? 2 : 0));
    }
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[0]);
    close(ends[1]);
    REQUIRE(WIFEXITED(status));
    out_of_time = (WEXITSTATUS(status) & 2) != 0;
    return WEXITSTATUS(status) & 1;
}

}  // namespace

TEST_CASE("standard input that does not end is given up, and so is too much of it") {
    bool out_of_time = false;
    CHECK(spool_in_child("some", 1000, out_of_time) == 1);
    CHECK(out_of_time);
    CHECK(spool_in_child(std::string(2000, 'x'), 1000, out_of_time) == 1);
    CHECK_FALSE(out_of_time);
}
