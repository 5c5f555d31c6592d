#include "event/exit_status.hpp"
#include "loop/last_resort.hpp"
#include "loop/signals.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <functional>

using namespace ghostpeer;
using namespace ghostpeer::loop;
using namespace std::chrono_literals;

namespace {

/// The exit status of a child that does this, with nothing to say.
int child_status(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
        body();
        ::_exit(7);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void stand_still(int seconds) {
    for (int i = 0; i < seconds * 1000; ++i) {
        ::usleep(1000);
    }
}

}  // namespace

TEST_CASE("the last resort ends a process that stands still") {
    CHECK(child_status([] {
              last_resort::prepare();
              last_resort::arm(10ms, last_resort::Cause::timeout);
              stand_still(30);
          }) == exit_timeout);
}

TEST_CASE("it waits while the run gets on, and does nothing where it was called off") {
    CHECK(child_status([] {
              last_resort::prepare();
              last_resort::arm(50ms, last_resort::Cause::timeout);
              last_resort::put_off();
              ::usleep(200'000);
              last_resort::disarm();
          }) == 7);
    CHECK(child_status([] { last_resort::put_off(); }) == 7);
}

TEST_CASE("it needs no signal that is queued") {
    CHECK(child_status([] {
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_SIGPENDING, &none);
              last_resort::prepare();
              last_resort::arm(10ms, last_resort::Cause::wall_timeout);
              stand_still(30);
          }) == exit_timeout);
}

TEST_CASE("a process that was stopped meanwhile may get on first") {
    const pid_t child = ::fork();
    if (child == 0) {
        last_resort::prepare();
        last_resort::arm(700ms, last_resort::Cause::timeout);
        ::raise(SIGSTOP);
        last_resort::put_off();
        ::usleep(800'000);
        ::_exit(7);
    }
    int status = 0;
    ::waitpid(child, &status, WUNTRACED);
    REQUIRE(WIFSTOPPED(status));
    ::usleep(1'000'000);
    ::kill(child, SIGCONT);
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("a run that has ended in time, and whose outputs stand still, was no timeout") {
    CHECK(child_status([] {
              last_resort::prepare();
              last_resort::arm(1h, last_resort::Cause::timeout);
              last_resort::arm(10ms, last_resort::Cause::over);
              stand_still(30);
          }) == exit_cannot);
}

TEST_CASE("SIGTERM that nobody reads ends it, and the third Ctrl-C") {
    CHECK(child_status([] {
              const SignalReader signals;
              ::raise(SIGTERM);
              stand_still(30);
          }) == exit_signal_base + SIGTERM);
    CHECK(child_status([] {
              const SignalReader signals;
              ::raise(SIGINT);
              ::raise(SIGINT);
              ::raise(SIGINT);
              stand_still(30);
          }) == exit_signal_base + SIGINT);
}

TEST_CASE("signals are read in the end, each as often as it came") {
    CHECK(child_status([] {
              SignalReader signals;
              ::raise(SIGUSR1);
              ::raise(SIGHUP);
              ::raise(SIGUSR1);
              int hangups = 0;
              int users = 0;
              while (const auto signal = signals.next()) {
                  hangups += signal->number == SIGHUP ? 1 : 0;
                  users += signal->number == SIGUSR1 ? 1 : 0;
              }
              ::_exit(hangups * 10 + users);
          }) == 12);
}
