#include "app/vigil.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::app;
using namespace std::chrono_literals;

TEST_CASE("the link is watched awake only where packets follow each other closely") {
    Vigil vigil;
    const Instant now = run_start + 1s;
    CHECK(vigil.until(now, Instant::max()) == now);
    vigil.packet_after(5ms);
    CHECK(vigil.until(now, Instant::max()) == now);
    vigil.packet_after(20us);
    CHECK(vigil.until(now, Instant::max()) == now + 30us);
    CHECK(vigil.until(now, now + 10us) == now + 10us);
    vigil.over(30us);
    CHECK(vigil.until(now, Instant::max()) == now);
}

TEST_CASE("a deadline is met awake, for a small share of the run") {
    Vigil vigil;
    const Instant now = run_start + 1s;
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms - 250us);
    CHECK(vigil.wake_for(now, now + 250us) == now + 250us);
    CHECK(vigil.until(now, now + 250us) == now + 250us);
    CHECK(vigil.until(now, now + 251us) == now);
    // A sixteenth of the second, and ten milliseconds to begin with, are spent.
    vigil.over(72'500us);
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms);
    CHECK(vigil.until(now, now + 250us) == now);
    CHECK(vigil.until(now + 1s, now + 1s + 250us) == now + 1s + 250us);
}

TEST_CASE("who was let wait is given time to wake and answer") {
    Vigil vigil;
    const Instant now = run_start + 1s;
    vigil.met_deadline(now);
    CHECK(vigil.until(now + 999us, Instant::max()) == now + 1ms);
    CHECK(vigil.until(now + 10us, now + 400us) == now + 400us);
    CHECK(vigil.until(now + 1ms, Instant::max()) == now + 1ms);
    vigil.over(73ms);
    CHECK(vigil.until(now + 10us, Instant::max()) == now + 10us);
}

TEST_CASE("on a machine that wakes late a deadline is expected earlier") {
    Vigil vigil;
    const Instant now = run_start + 1s;
    vigil.woken_late(60us);
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms - 250us);
    vigil.woken_late(400us);
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms - 500us);
    vigil.woken_late(20ms);
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms - 1ms);
    for (int i = 0; i < 100; ++i) {
        vigil.woken_late(10us);
    }
    CHECK(vigil.wake_for(now, now + 50ms) == now + 50ms - 250us);
}

TEST_CASE("other descriptors have their turn however busy the link is") {
    Vigil vigil;
    int awake = 0;
    for (int i = 0; i < 640; ++i) {
        awake += vigil.may_begin() ? 1 : 0;
    }
    CHECK(awake == 630);
}
