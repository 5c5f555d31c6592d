// Counts are of what happened, whatever other rules made of it.
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Ending;

TEST_CASE("a rule counts what an earlier one decided, too") {
    World world(
        "rules:\n  - {on: receive data, nth: 1..2, do: drop}\n"
        "  - {on: receive data, nth: 3, do: drop}\n");
    Socket socket(world);
    socket.connect();
    for (std::size_t n = 1; n <= 6; ++n) {
        socket.send_bytes(n);
    }
    std::vector<std::size_t> lengths;
    for (const auto& segment : world.segments(Direction::in, Fate::dropped)) {
        lengths.push_back(segment.segment.payload.size());
    }
    CHECK(lengths == std::vector<std::size_t>{1, 2, 3});
    CHECK(world.rule(1).fired == 1);
    CHECK(world.rule(1).failed_count == 5);
    CHECK(world.rule(1).overruled == 0);
}

TEST_CASE("every and first count across what other rules decide") {
    World world(
        "rules:\n  - {on: receive data, nth: 2, do: {delay: 1ms}}\n"
        "  - {on: receive data, every: 2, do: drop}\n"
        "  - {on: receive data, first: 2, do: duplicate}\n");
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 6; ++i) {
        socket.send_data("x");
    }
    CHECK(world.rule(1).fired == 2);      // the fourth and the sixth
    CHECK(world.rule(1).overruled == 1);  // the second
    CHECK(world.rule(2).fired == 1);
    CHECK(world.rule(2).overruled == 1);
}

TEST_CASE("receive data is true of a FIN with payload, whose kind stays fin") {
    World world(
        "rules:\n  - {on: receive data, do: {log: data}}\n"
        "  - {on: [receive data, receive fin], do: {log: either}}\n"
        "  - {on: receive fin, do: {log: fin}}\n"
        "expect:\n  - {see: receive data, times: 1}\n"
        "  - {see: [receive data, receive fin], times: 1}\n");
    Socket socket(world);
    socket.connect();
    SUBCASE("with payload") {
        Segment last = socket.segment(Flags::fin | Flags::psh | Flags::ack);
        last.payload = {'x'};
        world.arrives(last);
        std::string told;
        for (const auto& log : world.all<event::Log>()) {
            told += log.text + " ";
        }
        CHECK(told == "data either fin ");
        CHECK(world.segments(Direction::in, Fate::accepted).back().kind == tcp::Kind::fin);
        CHECK(failures_of(world).empty());
    }
    SUBCASE("without") {
        socket.send_fin();
        CHECK(world.all<event::Log>().size() == 2);
        CHECK(result_of(world).seen == 0);
        CHECK(result_of(world, 1).seen == 1);
    }
}

TEST_CASE("a response and FIN in one segment do not slip by") {
    World world("rules:\n  - {on: receive data, when: {flags: FPA}, do: drop}\n");
    Socket socket(world);
    socket.connect();
    Segment last = socket.segment(Flags::fin | Flags::psh | Flags::ack);
    last.payload = {'x'};
    world.arrives(last);
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("after forget a probe is still a probe") {
    World world(
        "rules:\n  - {on: receive data, do: forget}\n"
        "  - {on: receive keepalive-probe, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_probe();
    CHECK(world.rule(1).fired == 1);
    socket.send_data("x");
    socket.snd_nxt -= 1;  // the peer never saw it
    socket.send_probe();
    CHECK(world.rule(1).fired == 2);
    CHECK(world.segments(Direction::in, Fate::dropped).back().kind == tcp::Kind::keepalive_probe);
}

TEST_CASE("a connect after an end is a new attempt with its own counts, start and end") {
    World world(
        "rules:\n  - {on: start, do: {log: start}}\n"
        "  - {on: receive data, first: 1, do: reset}\n"
        "  - {on: enter closed, after: 1s, do: connect, optional: true}\n"
        "expect:\n  - {attempts: 1}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    REQUIRE(world.take().back().has(Flags::rst));
    REQUIRE(world.engine.connection(1));
    world.until(1s);
    CHECK_FALSE(world.engine.connection(1));
    CHECK(world.engine.connection(2));
    const auto left = world.take();
    REQUIRE(flags_of(left) == "S");
    auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].ending == Ending::reset_by_peer);
    CHECK(attempts[0].last_segment == run_start);
    CHECK(attempts[1].number == 2);
    CHECK(attempts[1].dialled);
    CHECK(attempts[1].start == run_start + 1s);
    CHECK(attempts[1].connection == 2);
    CHECK(world.all<event::Log>().size() == 2);

    // The program takes it up; the counts begin anew.
    Segment answer = socket.segment(Flags::syn | Flags::ack);
    answer.seq = SeqNum{5000};
    answer.ack = left[0].seq + 1;
    world.arrives(answer);
    Segment data = socket.segment(Flags::ack | Flags::psh);
    data.seq = SeqNum{5001};
    data.ack = left[0].seq + 1;
    data.payload = {'y'};
    world.arrives(data);
    CHECK(world.take().back().has(Flags::rst));
    CHECK(world.rule(1).fired == 2);
    attempts = world.engine.attempts();
    CHECK(attempts[1].ending == Ending::reset_by_peer);
    CHECK(failures_of(world).empty());
}

TEST_CASE("connect among the rules of an end comes after the others had their turn") {
    World world(
        "rules:\n  - {on: receive data, first: 1, do: reset}\n"
        "  - {on: enter closed, first: 1, when: {attempt: 1}, do: [connect, {log: again}]}\n"
        "  - {on: enter closed, do: {log: closed}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    CHECK(flags_of(world.take()) == "RA S");
    std::string told;
    for (const auto& event : world.events) {
        if (const auto* log = std::get_if<event::Log>(&event.what)) {
            told += log->text + " " + std::to_string(event.connection) + " ";
        }
    }
    CHECK(told == "closed 1 again 2 ");
    CHECK(world.rule(1).fired == 1);
}
