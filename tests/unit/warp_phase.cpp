#include "warp/phase.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::warp;
using namespace std::chrono_literals;

TEST_CASE("every run of a guest begins at the same point of a phase") {
    CHECK(next_run_start(0s) == 1s);
    CHECK(next_run_start(1s) == 1s);
    CHECK(next_run_start(1s + 1ns) == 8s);
    CHECK(next_run_start(8s + 1ns) == 64s);
    CHECK(next_run_start(512s) == 512s);
    CHECK(next_run_start(512s + 1ns) == phase_length + 1s);
    CHECK(next_run_start(phase_length) == phase_length + 1s);
    CHECK(next_run_start(3 * phase_length + 20s) == 3 * phase_length + 64s);
    for (const Duration now : {Duration(0s), Duration(700ms), 5 * phase_length + 1h}) {
        INFO(now.count());
        // Who has waited for the phase has time left until the run starts.
        const Duration begun = next_phase(now);
        CHECK(begun >= now);
        CHECK(next_run_start(begun) - begun <= 1s);
        CHECK(next_phase(begun) == begun);
    }
    CHECK(next_phase(2s) == phase_length);
    CHECK(next_phase(phase_length) == phase_length);
}

TEST_CASE("a phase is whole steps of the kernel's timers") {
    constexpr Duration tick = 4ms;
    CHECK(phase_length % (tick * (1 << 18)) == 0s);
}
