#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

TEST_CASE("become switches a connection to the rules of a phase, from the next event on") {
    World world(R"(rules:
  - {on: received 3, do: {become: dead}}
  - {on: receive data, do: {log: alive}}
phases:
  dead:
    - {on: receive data, do: drop}
)");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(world.all<event::Log>().size() == 1);
    socket.send_data("def");
    CHECK(world.all<event::Log>().size() == 1);
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);

    // Other connections go on as they were.
    world.take();
    Socket other(world, 40'001);
    other.connect();
    other.send_data("a");
    CHECK(world.all<event::Log>().size() == 2);
}

TEST_CASE("phases lead to phases, and counts are those of each rule") {
    World world(R"(rules:
  - {on: receive data, do: {become: one}}
phases:
  one:
    - {on: receive data, nth: 2, do: {become: two}}
  two:
    - {on: receive data, do: reset}
)");
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 3; ++i) {
        socket.send_data("x");
    }
    CHECK(world.segments(Direction::out, Fate::sent).back().reason == tcp::Reason::ack);
    socket.send_data("x");
    CHECK(world.segments(Direction::out, Fate::sent).back().reason == tcp::Reason::rst);
}

TEST_CASE("a rule that holds always holds in every phase, with one count") {
    World world(R"(rules:
  - {on: receive data, nth: 3, always: true, do: drop}
  - {on: receive data, do: {become: one}}
phases:
  one:
    - {on: receive data, do: {become: two}}
  two:
    - {on: receive data, do: {log: two}}
    - {on: receive ack, always: true, optional: true, do: {log: ack}}
)");
    Socket socket(world);
    socket.connect();
    CHECK(world.all<event::Log>().size() == 1);  // the handshake's, before any phase
    for (int i = 0; i < 3; ++i) {
        socket.send_data("x");
    }
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
    CHECK(world.all<event::Log>().size() == 2);
    socket.send_data("x");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("idle rules of a phase count from the last segment") {
    World world(R"(rules:
  - {on: received 1, do: {become: quiet}}
phases:
  quiet:
    - {on: idle 5s, do: {log: idle}}
)");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    world.until(5s - 1ms);
    CHECK(world.all<event::Log>().empty());
    world.until(5s);
    CHECK(world.all<event::Log>().size() == 1);
}

TEST_CASE("attempts have behaviour of their own, by name and in place") {
    World world(R"(service: echo
attempts:
  1-2: refuse
  3:
    - {on: enter established, do: {say: third}}
  4:
    service: discard
    rules:
      - {on: receive data, do: reset}
)");
    for (std::uint16_t attempt = 1; attempt <= 2; ++attempt) {
        Socket socket(world, static_cast<std::uint16_t>(40'000 + attempt));
        socket.send_syn();
        CHECK(flags_of(world.take()) == "RA");
    }
    Socket third(world, 40'003);
    third.connect();
    CHECK(third.receive() == "third");
    third.send_data("x");
    CHECK(third.receive() == "x");

    Socket fourth(world, 40'004);
    fourth.connect();
    fourth.send_data("x");
    CHECK(flags_of(world.take()) == "RA");

    Socket fifth(world, 40'005);
    fifth.connect();
    fifth.send_data("honest");
    CHECK(fifth.receive() == "honest");
    CHECK(world.engine.profiles().size() == 4);
}

TEST_CASE("an attempt that never came leaves its rules unfired") {
    World world("attempts: {1: {service: discard}, 2+: refuse}\n");
    Socket socket(world);
    socket.connect();
    const auto profiles = world.engine.profiles();
    REQUIRE(profiles.size() == 3);
    CHECK(profiles[2].rules.at(0).fired == 0);
    CHECK(profiles[2].connections == 0);
}

TEST_CASE("command fires on every live connection") {
    World world("rules:\n  - {on: command unplug, do: blackhole}\n");
    CHECK(world.engine.fire("unplug", world.now) == 0);
    Socket one(world, 40'001);
    Socket two(world, 40'002);
    one.connect();
    two.connect();
    CHECK(world.engine.fire("other", world.now) == 0);
    CHECK(world.engine.fire("unplug", world.now) == 2);
    one.send_data("x");
    two.send_data("x");
    CHECK(world.take().empty());
    CHECK(world.rule(0).fired == 2);
}
