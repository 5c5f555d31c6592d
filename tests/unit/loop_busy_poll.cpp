#include "loop/busy_poll.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::loop;
using namespace std::chrono_literals;

TEST_CASE("the link is watched awake only where packets follow each other closely") {
    BusyPoll poll;
    const Instant now = run_start + 1s;
    CHECK(poll.until(now, Instant::max()) == now);
    poll.packet_after(5ms);
    CHECK(poll.until(now, Instant::max()) == now);
    poll.packet_after(20us);
    CHECK(poll.until(now, Instant::max()) == now + 30us);
    CHECK(poll.until(now, now + 10us) == now + 10us);
    poll.over(30us);
    CHECK(poll.until(now, Instant::max()) == now);
}

TEST_CASE("a deadline is met awake, for a small share of the run") {
    BusyPoll poll;
    const Instant now = run_start + 1s;
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms - 250us);
    CHECK(poll.wake_for(now, now + 250us) == now + 250us);
    CHECK(poll.until(now, now + 250us) == now + 250us);
    CHECK(poll.until(now, now + 251us) == now);
    // A sixteenth of the second, and ten milliseconds to begin with, are spent.
    poll.over(72'500us);
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms);
    CHECK(poll.until(now, now + 250us) == now);
    CHECK(poll.until(now + 1s, now + 1s + 250us) == now + 1s + 250us);
}

TEST_CASE("who was let wait is given time to wake and answer") {
    BusyPoll poll;
    const Instant now = run_start + 1s;
    poll.met_deadline(now);
    CHECK(poll.until(now + 999us, Instant::max()) == now + 1ms);
    CHECK(poll.until(now + 10us, now + 400us) == now + 400us);
    CHECK(poll.until(now + 1ms, Instant::max()) == now + 1ms);
    poll.over(73ms);
    CHECK(poll.until(now + 10us, Instant::max()) == now + 10us);
}

TEST_CASE("on a machine that wakes late a deadline is expected earlier") {
    BusyPoll poll;
    const Instant now = run_start + 1s;
    poll.woken_late(60us);
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms - 250us);
    poll.woken_late(400us);
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms - 500us);
    poll.woken_late(20ms);
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms - 1ms);
    for (int i = 0; i < 100; ++i) {
        poll.woken_late(10us);
    }
    CHECK(poll.wake_for(now, now + 50ms) == now + 50ms - 250us);
}

TEST_CASE("other descriptors have their turn however busy the link is") {
    BusyPoll poll;
    int awake = 0;
    for (int i = 0; i < 640; ++i) {
        awake += poll.may_begin() ? 1 : 0;
    }
    CHECK(awake == 630);
}
