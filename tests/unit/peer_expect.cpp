// Expectations that look at the conversation: `see`, `never`, `attempts`.
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

std::string expecting(const std::string& expectation, const std::string& more = "") {
    return more + "expect:\n  - " + expectation + "\n";
}

/// A connection that sends probes at these times.
void probes_at(World& world, std::initializer_list<Duration> times) {
    Socket socket(world);
    socket.connect();
    for (const Duration time : times) {
        world.until(time);
        socket.send_probe();
    }
}

}  // namespace

TEST_CASE("see: how often") {
    const auto seen = [](const char* times, int probes) {
        World world(expecting("{see: receive keepalive-probe, times: " + std::string(times) + "}"));
        Socket socket(world);
        socket.connect();
        for (int i = 0; i < probes; ++i) {
            world.pass(1s);
            socket.send_probe();
        }
        return failures_of(world);
    };
    CHECK(seen("3", 3).empty());
    CHECK(
        seen("3", 2) ==
        "expected `receive keepalive-probe` 3 times, but saw it twice: at 1.000 s and 2.000 s.\n");
    CHECK(seen("3", 4) ==
          "expected `receive keepalive-probe` 3 times, but saw it 4 times: at 1.000 s, 2.000 s, "
          "3.000 s and 4.000 s.\n");
    CHECK(seen("\">= 2\"", 2).empty());
    CHECK(seen("\">= 2\"", 1) ==
          "expected `receive keepalive-probe` at least twice, but saw it once: at 1.000 s.\n");
    CHECK(seen("\"<= 1\"", 0).empty());
    CHECK(seen("2..4", 5).find("2 to 4 times, but saw it 5 times") != std::string::npos);
    CHECK(seen("0", 0).empty());
    CHECK(seen("\">= 1\"", 0) ==
          "expected `receive keepalive-probe` at least once, but did not see it. What arrived: 1 "
          "syn, 1 ack.\n");
    CHECK(seen("3", 12).find("7.000 s, 8.000 s and 4 more.") != std::string::npos);
}

TEST_CASE("see: what arrives counts, whatever becomes of it, and what leaves, not what is held") {
    World world(
        "rules:\n"
        "  - {on: receive data, do: drop}\n"
        "  - {on: send syn-ack, do: {delay: 5s}}\n"
        "expect:\n"
        "  - {see: receive data, times: 1}\n"
        "  - {see: send syn-ack, times: 1}\n"
        "  - {never: send syn-ack, within: 1s of start}\n");
    Socket socket(world);
    socket.send_syn();
    world.until(5500ms);
    socket.rcv_nxt = world.take().at(0).seq + 1;
    socket.send_ack();
    socket.send_data("x");
    CHECK(failures_of(world) == "");
}

TEST_CASE("see: what is dropped on its way out is not seen") {
    World world(expecting("{see: send syn-ack}", "rules: [{on: send syn-ack, do: drop}]\n"));
    Socket socket(world);
    socket.send_syn();
    CHECK(failures_of(world) ==
          "expected `send syn-ack` at least once, but did not see it. The peer sent nothing.\n");
}

TEST_CASE("see: no connection, or none to this profile") {
    World world(expecting("see: receive syn"));
    CHECK(failures_of(world) ==
          "expected `receive syn` at least once, but did not see it. The program opened no "
          "connection to the peer.\n");
}

TEST_CASE("see: when narrows it as in rules") {
    World world(expecting("{see: receive data, when: {length: \">= 10\", attempt: 1}}"));
    Socket socket(world);
    socket.connect();
    socket.send_data("short");
    CHECK(
        failures_of(world) ==
        "expected `receive data` at least once, but did not see it. It came once where `when` did "
        "not hold. Closest: the nearest `length` was 5.\n");
    World other(expecting("{see: receive data, when: {length: \">= 5\"}}"));
    Socket second(other);
    second.connect();
    second.send_data("short");
    CHECK(failures_of(other) == "");
}

TEST_CASE("see: every kind of event") {
    World world(
        "service: echo\n"
        "expect:\n"
        "  - {see: start, times: 1}\n"
        "  - {see: enter established, times: 1}\n"
        "  - {see: enter closed, times: 1}\n"
        "  - {see: received 5, times: 1}\n"
        "  - {see: sent 5, times: 1}\n"
        "  - {see: received 6, times: 0}\n"
        "  - {see: [receive fin, send fin], times: 2}\n"
        "  - {see: receive any, times: 6}\n"
        "  - {see: idle 10s, times: 1}\n"
        "  - {see: command now, times: 1}\n");
    Socket socket(world);
    socket.connect();
    world.until(1s);
    socket.send_data("hello");
    socket.receive();
    socket.send_ack();
    world.until(20s);
    world.engine.fire("now", world.now);
    socket.send_fin();
    world.until(20s + 1ms);
    socket.rcv_nxt = socket.rcv_nxt + 1;
    socket.send_ack();
    CHECK(failures_of(world) == "");
}

TEST_CASE("see: an idle time that lasts until the end, and one that an answer ended") {
    World world(expecting("{see: idle 5s, times: 2}"));
    Socket socket(world);
    socket.connect();
    world.until(6s);
    socket.send_probe();
    world.until(12s);
    CHECK(failures_of(world) == "");
    CHECK(result_of(world).sightings.at(0).at == run_start + 5s);
    CHECK(result_of(world).sightings.at(1).at == run_start + 11s);
}

TEST_CASE("see: the time between neighbours, and its tolerance") {
    const auto expect = [](const char* apart, std::initializer_list<Duration> times,
                           const char* more = "") {
        World world(
            expecting("{see: receive keepalive-probe, apart: " + std::string(apart) + more + "}"));
        probes_at(world, times);
        return failures_of(world);
    };
    CHECK(expect("3s", {5s, 8s, 11s}).empty());
    CHECK(expect("3s", {5s, 8450ms, 11s}).empty());
    CHECK(expect("3s", {5s, 8s, 11451ms}) ==
          "expected `receive keepalive-probe` to be 2.550 s to 3.450 s apart, tolerance included, "
          "but 3.451 s lie between the 2nd and the 3rd, at 8.000 s and 11.451 s.\n");
    CHECK(expect("3s", {5s, 7549ms}).find("2.549 s lie between the 1st and the 2nd") !=
          std::string::npos);
    CHECK(expect("3s", {5s, 8100ms}, ", tolerance: 100ms").empty());
    CHECK_FALSE(expect("3s", {5s, 8101ms}, ", tolerance: 100ms").empty());
    CHECK_FALSE(expect("3s", {5s, 8031ms}, ", tolerance: 1%").empty());
    CHECK(expect("3s", {5s, 8s}, ", tolerance: 0s").empty());
    // Short times have 20 ms at least.
    CHECK(expect("50ms", {1s, 1070ms}).empty());
    CHECK_FALSE(expect("50ms", {1s, 1071ms}).empty());
    CHECK(expect("1s..2s", {5s, 6s, 8s}).empty());
    CHECK_FALSE(expect("1s..2s", {5s, 6s, 9s}).empty());
    CHECK(expect("\">= 1s\"", {5s, 6s, 60s}).empty());
    CHECK(expect("{at_least: 1s}", {5s, 5500ms}).find("850 ms or more apart") != std::string::npos);
    CHECK(expect("{at_most: 1s}", {5s, 7s}).find("up to 1.150 s apart") != std::string::npos);
    CHECK(expect("[1s, 2s]", {5s, 6s, 8s, 100s}).empty());
    CHECK_FALSE(expect("[1s, 2s]", {5s, 6s, 7s}).empty());
    // Without neighbours nothing is shown.
    CHECK(expect("3s", {5s}) ==
          "expected `receive keepalive-probe` at least twice, but saw it once: at 5.000 s.\n");
}

TEST_CASE("see: neighbours are of one connection") {
    World world(expecting("{see: receive keepalive-probe, apart: 3s, times: 4}"));
    Socket first(world, 40'000);
    Socket second(world, 40'001);
    first.connect();
    second.connect();
    for (const auto at : {3s, 6s}) {
        world.until(at);
        first.send_probe();
        world.pass(500ms);
        second.send_probe();
    }
    CHECK(failures_of(world) == "");
}

TEST_CASE("apart: enough in all, but never in one place, is nothing measured") {
    const auto syns = [](const std::string& what, std::initializer_list<std::uint16_t> ports) {
        World world(expecting(what, "rules: [{on: receive syn, do: reset, optional: true}]\n"));
        std::uint16_t port = 40'000;
        for (const auto to : ports) {
            Socket(world, port++, "198.18.0.2", to).send_syn();
            world.pass(1s);
        }
        return failures_of(world);
    };
    CHECK(syns("{attempts: 2, apart: {at_least: 500ms}}", {80, 81}) ==
          "`apart` had nothing to measure: 2 attempts were seen: at 0 ms (#1) and 1.000 s (#2), "
          "but no address and port saw two of them.\n");
    CHECK(syns("{attempts: 2, apart: {at_least: 500ms}}", {80, 80}).empty());
    CHECK(syns("{attempts: 4, apart: {growth: 1..3}}", {80, 81, 80, 81})
              .find("but no address and port saw three of them, as `growth` needs.") !=
          std::string::npos);
    CHECK(syns("{attempts: 4, apart: {growth: 1..3}}", {80, 80, 81, 80}).empty());
    CHECK(syns("{see: receive syn, apart: [1s, 2s]}", {1, 2, 3})
              .find("but no connection saw two of them.") != std::string::npos);
    // Fewer than two are permitted, and then there is no time.
    CHECK(syns("{attempts: 1..3, apart: {at_least: 500ms}}", {80}).empty());
}

TEST_CASE("never: what could not have come was not looked at") {
    const auto expect = [](const std::string& what) {
        World world(expecting(what));
        Socket socket(world);
        socket.connect();
        return failures_of(world);
    };
    CHECK(expect("{never: receive data, within: 2s of receive keepalive-probe}") ==
          "`receive data` did not come, but nothing was looked at: `receive keepalive-probe` never "
          "came up.\n");
    CHECK(expect("{never: receive data, within: 2s of enter established}").empty());
    CHECK(expect("{see: receive data, times: 0, within: 2s of send rst}").find("`send rst`") !=
          std::string::npos);
    CHECK(expect("{never: receive rst, when: {attempt: 7}}") ==
          "`receive rst` did not come, but nothing was looked at: no connection was of the attempt "
          "that `when` asks for.\n");
    CHECK(expect("{never: receive rst, when: {port: 81}}").find("of the port") !=
          std::string::npos);
    CHECK(expect("{never: receive rst, when: {attempt: 1..7}}").empty());
    // That there is no second one is what it says.
    CHECK(expect("{never: receive syn, when: {attempt: 2}}").empty());
}

TEST_CASE("see: growth") {
    const auto expect = [](const char* growth, std::initializer_list<Duration> times) {
        World world(expecting(
            "{see: receive keepalive-probe, apart: {growth: " + std::string(growth) + "}}"));
        probes_at(world, times);
        return failures_of(world);
    };
    CHECK(expect("2", {1s, 2s, 4s, 8s}).empty());
    CHECK(expect("1.5..3", {1s, 2s, 3500ms, 8s}).empty());
    CHECK(
        expect("1.5..3", {1s, 2s, 3s}) ==
        "expected a gap of 1.275 s to 3.450 s between `receive keepalive-probe` after one of 1.000 "
        "s, tolerance included, but 1.000 s lie between the 2nd and the 3rd, at 2.000 s and 3.000 "
        "s.\n");
    CHECK(expect("2", {1s, 2s}).find("at least 3 times") != std::string::npos);
    // Up to a cap, and no further: after 1, 2, 4 come 4 and 4.
    CHECK(expect("2, up_to: 4s", {1s, 2s, 4s, 8s, 12s, 16s}).empty());
    CHECK(expect("1.5..3, up_to: 4s", {1s, 2s, 4s, 8s, 12s, 16s}).empty());
    CHECK(expect("1.5..3, up_to: 4s, jitter: 20%", {0s, 1s, 3s, 7s, 11s, 15s}).empty());
    CHECK_FALSE(expect("1.5..3", {0s, 1s, 3s, 7s, 11s, 15s}).empty());
    CHECK(
        expect("2, up_to: 4s", {1s, 2s, 4s, 8s, 16s}) ==
        "expected a gap of 3.400 s to 4.600 s between `receive keepalive-probe` after one of "
        "4.000 s, tolerance included, but 8.000 s lie between the 4th and the 5th, at 8.000 s and "
        "16.000 s.\n");
    CHECK(expect("2", {1s, 2s, 4s, 8s, 12s}).find("but 4.000 s lie") != std::string::npos);
    // Each may be off by a share, the one before it too.
    CHECK(expect("2, up_to: 4s, jitter: 20%", {0s, 1200ms, 3s, 6500ms, 10s, 14s}).empty());
    CHECK_FALSE(expect("2, up_to: 4s", {0s, 1200ms, 3s, 6500ms, 10s, 14s}).empty());
    CHECK(expect("2, jitter: 100%", {0s, 1s, 1100ms, 60s}).empty());
    CHECK_FALSE(expect("2, up_to: 4s, jitter: 20%", {0s, 1s, 3s, 9s}).empty());
}

TEST_CASE("within counts from an event of the same connection") {
    const auto expect = [](const char* within, Duration at, const char* form = "see") {
        World world(expecting("{" + std::string(form) + ": receive rst, within: " + within + "}"));
        Socket socket(world);
        socket.connect();
        world.until(at);
        socket.send_rst();
        return failures_of(world);
    };
    CHECK(expect("15s of enter established", 14s).empty());
    CHECK(expect("15s of enter established", 17250ms).empty());
    CHECK(expect("15s of enter established", 17251ms) ==
          "expected `receive rst` at least once up to 15.000 s after `enter established`, but did "
          "not see it. It came once at another time: at 17.251 s.\n");
    CHECK(expect("13s..15s of start", 14s).empty());
    CHECK(expect("13s..15s of start", 11s).find("13.000 s to 15.000 s after `start`") !=
          std::string::npos);
    CHECK(expect("\">= 13s of start\"", 100s).empty());
    CHECK(expect("15s of receive data", 1s) ==
          "expected `receive rst` at least once up to 15.000 s after `receive data`, but did not "
          "see it. It came once at another time: at 1.000 s.\n");
    // What is forbidden at the edge may come.
    CHECK(expect("10s of start", 8501ms, "never").empty());
    CHECK(expect("10s of start", 8500ms, "never") ==
          "expected `receive rst` never up to 10.000 s after `start`, but saw it once: at 8.500 "
          "s.\n");
}

TEST_CASE("within counts from the latest time, or from the first") {
    const auto expect = [](const char* within) {
        World world(
            expecting("{see: receive rst, within: " + std::string(within) + ", tolerance: 0s}"));
        Socket socket(world);
        socket.connect();
        for (const auto at : {1s, 5s}) {
            world.until(at);
            socket.send_data("x");
        }
        world.until(6s);
        socket.send_rst();
        return failures_of(world);
    };
    CHECK(expect("1s of receive data").empty());
    CHECK_FALSE(expect("1s of first receive data").empty());
    CHECK(expect("5s..5s of first receive data").empty());
}

TEST_CASE("never") {
    World world(expecting("never: receive data"));
    Socket socket(world);
    socket.connect();
    CHECK(failures_of(world) == "");
    World other(expecting("never: receive data"));
    Socket second(other);
    second.connect();
    other.until(1s);
    second.send_data("x");
    CHECK(failures_of(other) == "expected `receive data` never, but saw it once: at 1.000 s.\n");
}

TEST_CASE("what comes after the end does not count") {
    World world(expecting("never: receive rst"));
    Socket socket(world);
    socket.connect();
    world.conclude();
    socket.send_rst();
    CHECK(failures_of(world) == "");
}

TEST_CASE("attempts: how many, and the time between them") {
    const auto expect = [](const std::string& what, std::initializer_list<Duration> times) {
        World world(expecting(what, "rules: [{on: receive syn, do: reset, optional: true}]\n"));
        std::uint16_t port = 40'000;
        for (const auto time : times) {
            world.until(time);
            Socket(world, port++).send_syn();
        }
        return failures_of(world);
    };
    CHECK(expect("attempts: 3", {0s, 1s, 2s}).empty());
    CHECK(expect("attempts: \">= 3\"", {0s, 1s}) ==
          "expected at least 3 attempts, but saw 2: at 0 ms (#1) and 1.000 s (#2).\n");
    CHECK(expect("attempts: \">= 3\"", {}) == "expected at least 3 attempts, but saw none.\n");
    CHECK(expect("{attempts: 4, apart: {at_least: 100ms, growth: 1.5..3}}", {0s, 1s, 3s, 7s})
              .empty());
    CHECK(expect("{attempts: 3, apart: {at_least: 100ms}}", {0s, 50ms, 1s}) ==
          "expected attempts to be 80 ms or more apart, tolerance included, but 50 ms lie between "
          "the 1st and the 2nd, at 0 ms (#1) and 50 ms (#2).\n");
    CHECK(expect("{attempts: 3, apart: {growth: 1.5..3}}", {0s, 1s, 2s}) ==
          "expected a gap of 1.275 s to 3.450 s between attempts after one of 1.000 s, tolerance "
          "included, but 1.000 s lie between the 2nd and the 3rd, at 1.000 s (#2) and 2.000 s "
          "(#3).\n");
    CHECK(expect("{attempts: 0, when: {port: 81}}", {0s}).empty());
}

TEST_CASE("attempts: a SYN sent again is none, and other ports have times of their own") {
    World world(expecting("{attempts: 4, apart: 1s}", "rules: [{on: receive syn, do: drop}]\n"));
    Socket first(world, 40'000);
    Socket other(world, 40'001, "198.18.0.2", 81);
    first.send_syn();
    world.until(500ms);
    first.send_syn();
    other.send_syn();
    world.until(1s);
    Socket(world, 40'002).send_syn();
    world.until(1500ms);
    Socket(world, 40'003, "198.18.0.2", 81).send_syn();
    CHECK(failures_of(world) == "");
}

TEST_CASE("expectations see the attempts that have a behaviour of their own") {
    World world(
        "attempts: {1: refuse, 2: [{on: receive data, do: drop}]}\n"
        "expect:\n"
        "  - {attempts: 3}\n"
        "  - {see: send rst, times: 1}\n"
        "  - {see: receive data, times: 1, when: {attempt: 2}}\n");
    Socket(world, 40'000).send_syn();
    static_cast<void>(world.take());
    Socket second(world, 40'001);
    second.connect();
    second.send_data("x");
    Socket(world, 40'002).send_syn();
    CHECK(failures_of(world) == "");
}

TEST_CASE("in virtual time the tolerance is what the kernel's timer wheel rounds") {
    const auto gap = [&](Duration gap) {
        World world("expect: [{see: receive keepalive-probe, apart: 8s}]\n");
        world.virtual_time = true;
        probes_at(world, {10s, 10s + gap});
        return failures_of(world).empty();
    };
    CHECK(gap(9s));
    CHECK_FALSE(gap(9001ms));
}

TEST_CASE("only the first times are kept, all are counted") {
    World world(expecting("{see: receive keepalive-probe, times: 5000}"));
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 5000; ++i) {
        socket.send_probe();
    }
    const auto result = result_of(world);
    CHECK(result.pass);
    CHECK(result.seen == 5000);
    CHECK(result.sightings.size() == 32);
}
