#include "syscalls/pace.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::syscalls;
using namespace std::chrono_literals;

TEST_CASE("lines of single calls are read as they come") {
    Pace pace;
    for (Instant now = run_start; now < run_start + 1s; now += Pace::interval) {
        CHECK_FALSE(pace.after_reading(now));
    }
}

TEST_CASE("lines of calls one after another are read some at a time") {
    Pace pace;
    Instant now = run_start;
    int reads = 0;
    while (now < run_start + 100ms) {
        ++reads;
        const auto rest = pace.after_reading(now);
        if (rest) {
            CHECK(*rest > now);
            CHECK(*rest <= now + Pace::interval);
        }
        // A line comes every 20 us.
        now = std::max(now + 20us, rest.value_or(now));
    }
    CHECK(reads > 100);
    CHECK(reads <= 100 + Pace::most_in_a_row + 1);
    // A quiet time later each is read at once again.
    now += Pace::most_in_a_row * Pace::interval;
    for (int i = 0; i < Pace::most_in_a_row; ++i) {
        CHECK_FALSE(pace.after_reading(now));
    }
    CHECK(pace.after_reading(now));
}
