// What the kernel's tables say of processes: this one's own threads stand for COMMAND's.
#include "process/blocked.hpp"
#include "process/network_use.hpp"
#include "process/tree.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::process;

TEST_CASE("blocked: calls that wait have names") {
    CHECK(call_name(SYS_recvfrom) == "recv");
#ifdef SYS_poll  // arm64 has ppoll alone
    CHECK(call_name(SYS_poll) == "poll");
#endif
    CHECK(call_name(SYS_ppoll) == "poll");
    CHECK(call_name(999) == "system call 999");
}

TEST_CASE("blocked: a thread in words") {
    Wait wait;
    wait.who = "nc";
    CHECK(to_text(wait) == "nc sleeps");
    wait.call = "wait_woken";
    CHECK(to_text(wait) == "nc sleeps in the kernel's wait_woken");
    wait.how = Wait::How::waits;
    wait.call = "poll";
    wait.awaited = {{3, "a TCP connection to 198.18.0.2:80", Socket{}}, {4, "pipe:[1]", {}}};
    wait.more = true;
    CHECK(to_text(wait) ==
          "nc is in poll: descriptor 3, a TCP connection to 198.18.0.2:80; descriptor 4 (pipe:[1]) "
          "and more");
    wait.how = Wait::How::runs;
    CHECK(to_text(wait) == "nc is running: it waits for nothing");
}

TEST_CASE("blocked: who runs is at work, who waits or is not there is not") {
    CHECK(at_work({::getpid()}));
    CHECK_FALSE(at_work({-1, 0}));
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const pid_t reader = ::fork();
    REQUIRE(reader >= 0);
    if (reader == 0) {
        ::close(ends[1]);
        char byte = 0;
        ::_exit(static_cast<int>(::read(ends[0], &byte, 1)));
    }
    bool rests = false;
    for (int look = 0; look < 1000 && !rests; ++look) {
        rests = !at_work({reader});
        ::usleep(1000);
    }
    CHECK(rests);
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(::waitpid(reader, nullptr, 0) == reader);
}

TEST_CASE("blocked: how long a thread has slept does not depend on the processor it slept on") {
    cpu_set_t own;
    REQUIRE(::sched_getaffinity(0, sizeof own, &own) == 0);
    for (std::size_t processor = 0; processor < CPU_SETSIZE; ++processor) {
        if (!CPU_ISSET(processor, &own)) {
            continue;
        }
        const auto begun = std::chrono::steady_clock::now();
        const pid_t sleeper = ::fork();
        REQUIRE(sleeper >= 0);
        if (sleeper == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(processor, &one);
            ::sched_setaffinity(0, sizeof one, &one);
            ::pause();
            ::_exit(0);
        }
        std::vector<Wait> waits;
        do {
            ::usleep(1000);
            waits = look_at({sleeper});
        } while (waits.size() == 1 && waits[0].how != Wait::How::waits &&
                 std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
        const auto longest = std::chrono::steady_clock::now() - begun;
        REQUIRE(waits.size() == 1);
        if (waits[0].asleep) {  // this kernel tells
            CHECK(*waits[0].asleep <= longest);
        }
        ::kill(sleeper, SIGKILL);
        CHECK(::waitpid(sleeper, nullptr, 0) == sleeper);
    }
    cpu_set_t after;
    REQUIRE(::sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&own, &after));
}

TEST_CASE("blocked: processes that are not there are passed over") {
    CHECK(look_at({}).empty());
    CHECK(look_at({-1, 0}).empty());
    CHECK_FALSE(name_of_living(-1));
    CHECK(name_of_living(::getpid()));
    CHECK(children_of(-1).empty());
    CHECK_FALSE(network_use(-1));
    const auto own = network_use(::getpid());
    CHECK((!own || own->tcp_failed < UINT64_MAX));
}
