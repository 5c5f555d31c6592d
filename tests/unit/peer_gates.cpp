#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

TEST_CASE("an honest peer shakes hands, acknowledges and closes") {
    World world("service: discard\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.take().empty());

    socket.send_data("hello");
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::ack});
    CHECK(left[0].ack == socket.snd_nxt);

    socket.send_fin();
    left = world.take();
    CHECK(flags_of(left) == "FA");
    CHECK(left[0].ack == socket.snd_nxt);
    socket.rcv_nxt = left[0].end();
    socket.send_ack();
    CHECK(world.take().empty());
    CHECK(world.engine.live_connections() == 0);
    const auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 1);
    CHECK(attempts[0].ending == peer::Ending::closed);
    CHECK(attempts[0].received == 5);
}

TEST_CASE("drop at gate in leaves the peer as it was") {
    World world("rules:\n  - {on: receive data, first: 1, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("lost");
    CHECK(world.take().empty());
    const auto dropped = world.segments(Direction::in, Fate::dropped);
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].kind == tcp::Kind::data);
    REQUIRE(dropped[0].rule);
    CHECK(*dropped[0].rule->file == "test.yaml");
    CHECK(dropped[0].rule->line == 3);

    // What follows is out of order for a peer that never saw it.
    socket.send_data("next");
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(0).withheld == 1);
}

TEST_CASE("drop at gate out is a loss after the peer: its own timer retransmits") {
    World world("rules:\n  - {on: send syn-ack, first: 2, do: drop}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.take().empty());
    world.until(999ms);
    CHECK(world.take().empty());
    CHECK(world.segments(Direction::out, Fate::dropped).size() == 1);
    world.until(1s);
    CHECK(world.take().empty());
    CHECK(world.segments(Direction::out, Fate::dropped).size() == 2);
    world.until(2999ms);
    CHECK(world.take().empty());
    world.until(3s);
    CHECK(flags_of(world.take()) == "SA");
    const auto sent = world.segments(Direction::out, Fate::sent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].retransmission);
}

TEST_CASE("delay holds a segment, and later ones overtake it") {
    World world(
        "tcp: {delayed_ack: off}\nrules:\n  - {on: send ack, first: 1, do: {delay: 50ms}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("one");
    CHECK(world.take().empty());
    const auto held = world.segments(Direction::out, Fate::delayed);
    REQUIRE(held.size() == 1);
    CHECK(held[0].until == run_start + 50ms);
    world.until(10ms);
    socket.send_data("two");
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].ack == socket.snd_nxt);
    world.until(50ms - 1ns);
    CHECK(world.take().empty());
    world.until(50ms);
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].ack == socket.snd_nxt - 3);
}

TEST_CASE("delay at gate in: the peer sees the segment later") {
    World world(
        "tcp: {delayed_ack: off}\nrules:\n  - {on: receive data, first: 1, do: {delay: 1s}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("one");
    world.until(1s - 1ns);
    CHECK(world.take().empty());
    world.until(1s);
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].ack == socket.snd_nxt);
}

TEST_CASE("duplicate sends extra copies, each an event of its own") {
    World world("rules:\n  - {on: send syn-ack, do: {duplicate: 2}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(flags_of(world.take()) == "SA SA SA");
    CHECK(world.segments(Direction::out, Fate::duplicated).size() == 2);
    CHECK(world.segments(Direction::out, Fate::sent).size() == 1);
}

TEST_CASE("the first rule that decides a fate wins, rules that only act all act") {
    World world(R"(rules:
  - {on: receive data, do: {log: first}}
  - {on: receive data, do: drop}
  - {on: receive data, do: {delay: 1s}}
  - {on: receive data, do: {log: last}}
)");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
    CHECK(world.segments(Direction::in, Fate::delayed).empty());
    const auto logs = world.all<event::Log>();
    REQUIRE(logs.size() == 2);
    CHECK(logs[0].text == "first");
    CHECK(logs[1].text == "last");
    CHECK(world.rule(2).overruled == 1);
    CHECK(world.rule(2).fired == 0);
}

TEST_CASE("a list of events shares one count") {
    World world("rules:\n  - {on: [receive data, receive fin], nth: 2, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    socket.send_fin();
    const auto dropped = world.segments(Direction::in, Fate::dropped);
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].kind == tcp::Kind::fin);
}

TEST_CASE("keepalive probes and window probes are told apart by the window last offered") {
    World world("rules:\n  - {on: received 1, do: {window: 0}}\n");
    Socket socket(world);
    socket.connect();
    world.pass(600ms);
    socket.send_probe();
    auto left = world.segments(Direction::out, Fate::sent);
    CHECK(left.back().reason == tcp::Reason::keepalive_reply);
    world.pass(600ms);
    socket.send_data("x");
    CHECK(world.take().back().window == 0);
    world.pass(600ms);
    socket.send_probe();
    left = world.segments(Direction::out, Fate::sent);
    CHECK(left.back().reason == tcp::Reason::window_probe_reply);
    const auto in = world.segments(Direction::in, Fate::accepted);
    CHECK(in.back().kind == tcp::Kind::window_probe);
}

TEST_CASE("IPv6 works as IPv4 does") {
    World world("service: echo\n");
    Socket socket(world, 40'000, "2001:2::99", 443);
    socket.connect();
    socket.send_data("ping");
    CHECK(socket.receive() == "ping");
}
