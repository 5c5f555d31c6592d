// What counts as fired: what a rule says was done, on a connection that was there.
#include "support/expect_harness.hpp"

#include "judge/misfire.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

namespace {

/// Why the rule never fired, without its place.
std::string misfire(World& world, std::size_t id = 0) {
    const judge::RunSummary run = summary_of(world);
    const auto& profile = run.profiles.at(0);
    const auto text =
        judge::describe_misfire(profile.profile->rules[id], profile.rules[id], profile, run);
    return text.substr(text.find(": ") + 2);
}

/// The program closes in good order after 16 ms, and is acknowledged: the peer is in CLOSED.
void end_after_16_ms(World& world, Socket& socket) {
    socket.connect();
    world.until(16ms);
    socket.send_fin();
    for (const Segment& segment : world.take()) {
        socket.rcv_nxt = max(socket.rcv_nxt, segment.end());
    }
    socket.send_ack();
    REQUIRE(world.engine.live_connections() == 0);
}

/// The peer closes first: it is in TIME-WAIT afterwards.
void end_in_time_wait(World& world, Socket& socket) {
    socket.send_data("x");
    for (const Segment& segment : world.take()) {
        socket.rcv_nxt = max(socket.rcv_nxt, segment.end());
    }
    socket.send_fin();
    REQUIRE(world.engine.states()[static_cast<std::size_t>(tcp::State::time_wait)] == 1);
    world.take();
}

}  // namespace

TEST_CASE("an action that is due when the connection is gone does nothing and is not counted") {
    for (const std::string action :
         {"reset", "{say: late}", "blackhole", "{blackhole: in}", "stop-reading", "resume-reading",
          "close", "shutdown", "forget", "{window: 0}", "stop-acking", "resume-acking", "revive",
          "{send: {flags: R}}", "{icmp: host-unreachable}"}) {
        CAPTURE(action);
        World world("rules:\n  - {on: enter established, after: 1s, do: " + action + "}\n");
        Socket socket(world);
        end_after_16_ms(world, socket);
        world.until(5s);
        CHECK(world.take().empty());
        CHECK(world.all<event::Rule>().empty());
        CHECK(world.rule(0).fired == 0);
        CHECK(world.rule(0).undone == 1);
        CHECK(world.engine.attempts().at(0).last_segment == run_start + 16ms);
        CHECK(misfire(world).find("was due at 1.000 s; the connection ended at 0.016 s") !=
              std::string::npos);
    }
}

TEST_CASE("what needs no connection is done when it is due, whatever became of it") {
    World world(
        "rules:\n  - {on: enter closed, after: 1s, do: {send: {flags: R}}}\n"
        "  - {on: enter established, after: 1s, do: {log: still here}}\n"
        "  - {on: enter established, after: 2s, do: finish}\n");
    Socket socket(world);
    end_after_16_ms(world, socket);
    world.until(1016ms);
    CHECK(flags_of(world.take()) == "R");
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(1).fired == 1);
    world.until(3s);
    CHECK(world.engine.finished());
    CHECK(world.rule(2).fired == 1);
}

TEST_CASE("of a list that is due too late the whole is not counted") {
    World world("rules:\n  - {on: enter established, after: 1s, do: [{log: now}, reset]}\n");
    Socket socket(world);
    end_after_16_ms(world, socket);
    world.until(5s);
    CHECK(world.take().empty());
    CHECK(world.rule(0).fired == 0);
}

TEST_CASE("what was due on a connection that ended says so, also where the run ends first") {
    for (const std::string action :
         {"reset", "{say: late}", "blackhole", "close", "[{log: now}, close]"}) {
        CAPTURE(action);
        World world("rules:\n  - {on: enter established, after: 5s, do: " + action + "}\n");
        Socket socket(world);
        end_after_16_ms(world, socket);
        world.until(1200ms);
        CHECK(misfire(world).find("was due at 5.000 s; the connection ended at 0.016 s") !=
              std::string::npos);
        CHECK(world.rule(0).waiting == 0);
    }
    for (const std::string action : {"{log: now}", "connect", "[connect, {say: x}]"}) {
        CAPTURE(action);
        World world("rules:\n  - {on: enter established, after: 5s, do: " + action + "}\n");
        Socket socket(world);
        end_after_16_ms(world, socket);
        world.until(1200ms);
        CHECK(misfire(world).find("it was due at 5.000 s; the run ended at 1.200 s") !=
              std::string::npos);
        CHECK(world.rule(0).waiting == 1);
    }
}

TEST_CASE("a run that ends before an action was due has not seen it") {
    World world("rules:\n  - {on: enter established, after: 5s, do: reset}\n");
    Socket socket(world);
    socket.connect();
    world.until(1200ms);
    CHECK(world.rule(0).fired == 0);
    CHECK(world.rule(0).waiting == 1);
    CHECK(misfire(world).find("it was due at 5.000 s; the run ended at 1.200 s") !=
          std::string::npos);
    world.until(5s);
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(0).waiting == 0);
}

TEST_CASE("idle does not come up in TIME-WAIT or on a connection that is gone") {
    World world(
        "service: {respond: {text: hi, then: close}}\n"
        "rules:\n  - {on: idle 1s, do: blackhole}\n");
    Socket socket(world);
    socket.connect();
    end_in_time_wait(world, socket);
    world.until(300s);
    CHECK(world.rule(0).events == 0);
    CHECK(world.rule(0).fired == 0);
    CHECK(misfire(world).find("`idle 1s` never came up") != std::string::npos);
}

TEST_CASE("a command is not heard in TIME-WAIT, nor where nothing is open") {
    World world(
        "service: {respond: {text: hi, then: close}}\n"
        "rules:\n  - {on: command cut, do: blackhole}\n");
    Socket socket(world);
    socket.connect();
    end_in_time_wait(world, socket);
    world.until(1s);
    CHECK(world.engine.fire("cut", world.now) == 0);
    CHECK(world.rule(0).fired == 0);
    CHECK(misfire(world) ==
          "the rule never fired. `command cut` was fired at 1.000 s, when no connection was open.");
}

TEST_CASE("a command of another phase is not heard, and the verdict says so") {
    World world(
        "rules:\n  - {on: received 100, do: {become: later}}\n"
        "phases:\n  later:\n    - {on: command cut, do: blackhole}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.engine.fire("cut", world.now) == 0);
    CHECK(misfire(world, 1).find("it is of another phase") != std::string::npos);
}

TEST_CASE("an order of the control interface does nothing to what is gone") {
    World world("");
    Socket socket(world);
    end_after_16_ms(world, socket);
    peer::Selector one{peer::Selector::What::connection, 0, 1};
    peer::Order order({profile::Reset{}}, one);
    CHECK(world.engine.act(order, 10, world.now));
    CHECK(order.acted == 0);
    world.pass(0s);
    CHECK(world.take().empty());
}

TEST_CASE("an action that finds nothing to do does not make its rule fire") {
    SUBCASE("fragment on a packet that fits in one") {
        World world("rules:\n  - {on: send syn-ack, do: {fragment: 1000}}\n");
        Socket(world).connect();
        CHECK(world.rule(0).fired == 0);
        CHECK(misfire(world).find("`fragment` could do nothing") != std::string::npos);
    }
    SUBCASE("corrupt: payload without payload") {
        World world("rules:\n  - {on: send any, do: {corrupt: payload}}\n");
        Socket(world).connect();
        CHECK(world.rule(0).fired == 0);
    }
    SUBCASE("close after close") {
        World world(
            "rules:\n  - {on: enter established, do: close}\n"
            "  - {on: enter established, do: close}\n");
        Socket(world).connect();
        CHECK(world.rule(0).fired == 1);
        CHECK(world.rule(1).fired == 0);
    }
    SUBCASE("say after the peer has finished") {
        World world(
            "rules:\n  - {on: enter established, do: shutdown}\n"
            "  - {on: enter established, do: {say: more}}\n");
        Socket(world).connect();
        CHECK(world.rule(1).fired == 0);
    }
    SUBCASE("what a blackhole takes is not delayed, doubled or changed") {
        World world(
            "rules:\n  - {on: enter established, do: blackhole}\n"
            "  - {on: receive data, do: duplicate}\n"
            "  - {on: receive data, do: {delay: 1ms}}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("x");
        world.pass(1s);
        CHECK(world.take().empty());
        CHECK(world.rule(1).fired == 0);
        CHECK(world.rule(2).fired == 0);
        CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
    }
    SUBCASE("a RST that a blackhole takes") {
        World world(
            "rules:\n  - {on: enter established, do: {blackhole: out}}\n"
            "  - {on: receive data, do: reset}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("x");
        CHECK(world.take().empty());
        CHECK(world.rule(1).fired == 0);
    }
}

TEST_CASE("words that wait for a handshake count when it is over") {
    World world("role: server\nrules:\n  - {on: receive syn, do: {say: hello}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.rule(0).fired == 0);
    CHECK(world.rule(0).waiting == 1);
    SUBCASE("it ends well") {
        socket.rcv_nxt = world.take().at(0).end();
        socket.send_ack();
        CHECK(socket.receive() == "hello");
        CHECK(world.rule(0).fired == 1);
    }
    SUBCASE("it never ends") {
        world.until(300s);
        CHECK(world.rule(0).fired == 0);
        CHECK(misfire(world).find("what it was to `say` never left") != std::string::npos);
    }
}

TEST_CASE("a SYN is refused at start with the RST of a closed port") {
    World world("rules:\n  - {on: start, do: reset}\n");
    Socket socket(world);
    socket.send_syn();
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left[0].flags == Flags{Flags::rst | Flags::ack});
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(world.rule(0).fired == 1);
}

TEST_CASE("actions of an event that tells the end still act") {
    World world(
        "rules:\n  - {on: enter closed, do: [blackhole, {log: gone}]}\n"
        "  - {on: enter closed, after: 1s, do: revive}\n");
    Socket socket(world);
    end_after_16_ms(world, socket);
    CHECK(world.rule(0).fired == 1);
    socket.send_data("x");
    CHECK(world.take().empty());
    world.until(2s);
    CHECK(world.rule(1).fired == 1);
    socket.send_data("y");
    CHECK(flags_of(world.take()) == "R");
}
