#include "support/readable.hpp"
#include "sweep/helpers.hpp"

#include <doctest/doctest.h>

#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace ghostpeer::sweep;

namespace {

[[nodiscard]] Step a_step(std::vector<std::string> words) {
    Step step;
    step.command = std::move(words);
    step.is_run = true;
    return step;
}

/// Until the helper has answered or left.
[[nodiscard]] bool answers(Helpers& helpers, std::size_t place) {
    constexpr int longest_ms = 20'000;
    return ghostpeer::test::is_readable(helpers.fd(place), longest_ms);
}

[[nodiscard]] int await(Helpers& helpers, std::size_t place) {
    REQUIRE(answers(helpers, place));
    const auto status = helpers.poll_end(place);
    REQUIRE(status);
    return *status;
}

/// Answers how many steps it has had, and what they were by their first word.
void serve(int channel) {
    int count = 0;
    while (const auto step = receive_step(channel)) {
        ++count;
        const std::string& what = step->command.front();
        if (what == "die") {
            std::raise(SIGKILL);
        }
        const bool whole = step->command.size() == 3 && step->command[1].empty() &&
                           step->command[2] == std::string(300'000, 'x') && step->folder == "/" &&
                           step->is_run;
        if (!answer(channel, what == "count" ? count : whole ? 1 : 0)) {
            return;
        }
    }
}

}  // namespace

TEST_CASE("a helper does one step after another") {
    Helpers helpers(serve);
    for (const int nth : {1, 2, 3}) {
        REQUIRE(helpers.begin(0, a_step({"count"}), std::nullopt));
        CHECK(await(helpers, 0) == nth);
    }
    REQUIRE(helpers.begin(1, a_step({"count"}), std::nullopt));
    CHECK(await(helpers, 1) == 1);
}

TEST_CASE("a step comes to a helper as it is, however long") {
    Helpers helpers(serve);
    Step step = a_step({"whole", "", std::string(300'000, 'x')});
    step.folder = "/";
    REQUIRE(helpers.begin(0, step, std::nullopt));
    CHECK(await(helpers, 0) == 1);
}

TEST_CASE("a helper that was killed costs its step alone") {
    Helpers helpers(serve);
    REQUIRE(helpers.begin(0, a_step({"die"}), std::nullopt));
    CHECK(await(helpers, 0) == 128 + SIGKILL);
    REQUIRE(helpers.begin(0, a_step({"count"}), std::nullopt));
    CHECK(await(helpers, 0) == 1);
    // And where it was killed between two of them, not even that.
    helpers.signal(0, SIGKILL);
    REQUIRE(answers(helpers, 0));
    REQUIRE(helpers.begin(0, a_step({"count"}), std::nullopt));
    CHECK(await(helpers, 0) == 1);
}

TEST_CASE("a signal that comes behind a step's answer does not cost the next step") {
    int count = 0;
    Helpers helpers([&](int channel) {
        sigset_t end;
        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        sigprocmask(SIG_BLOCK, &end, nullptr);
        while (const auto step = receive_step(channel)) {
            ++count;
            if (!answer(channel, count) || step->command.front() == "go on") {
                continue;
            }
            // As a helper that waits for its next step: it hears the signal first, and leaves.
            int number = 0;
            sigwait(&end, &number);
            pollfd next{channel, POLLIN, 0};
            poll(&next, 1, 20'000);
            return;
        }
    });
    REQUIRE(helpers.begin(0, a_step({"be signalled"}), std::nullopt));
    REQUIRE(answers(helpers, 0));
    helpers.signal(0, SIGTERM);
    CHECK(helpers.poll_end(0) == 1);
    REQUIRE(helpers.begin(0, a_step({"go on"}), std::nullopt));
    CHECK(await(helpers, 0) == 1);
    REQUIRE(helpers.begin(0, a_step({"go on"}), std::nullopt));
    CHECK(await(helpers, 0) == 2);
}

TEST_CASE("what goes wrong in a helper stays there") {
    const pid_t own = getpid();
    Helpers helpers([](int channel) {
        static_cast<void>(receive_step(channel));
        throw std::runtime_error("there is no memory");
    });
    REQUIRE(helpers.begin(0, a_step({"any"}), std::nullopt));
    const bool is_own = getpid() == own;
    if (!is_own) {
        _exit(1);  // the helper has come here
    }
    CHECK(await(helpers, 0) == 125);
}

TEST_CASE("the standard streams become the step's") {
    Helpers helpers([](int channel) {
        const auto step = receive_step(channel);
        const bool taken = step && take_place(*step) && write(STDOUT_FILENO, "out", 3) == 3 &&
                           write(STDERR_FILENO, "err", 3) == 3;
        static_cast<void>(answer(channel, taken ? 0 : 1));
    });
    Step step = a_step({"any"});
    const std::string stem = "/tmp/ghostpeer-unit-" + std::to_string(getpid());
    step.output = stem + ".out";
    step.errors = stem + ".err";
    REQUIRE(helpers.begin(0, step, std::nullopt));
    CHECK(await(helpers, 0) == 0);
    for (const auto& [file, text] : {std::pair{step.output, "out"}, {step.errors, "err"}}) {
        std::ifstream in(file);
        CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
        unlink(file.c_str());
    }
}
