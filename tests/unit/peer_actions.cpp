#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Ending;

TEST_CASE("reset on a SYN is the RST of a closed port") {
    World world("rules:\n  - {on: receive syn, do: reset}\n");
    Socket socket(world);
    socket.send_syn();
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst | Flags::ack});
    CHECK(left[0].seq == SeqNum(0));
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(world.engine.attempts().at(0).ending == Ending::refused);

    // It was lost: the SYN again.
    socket.send_syn();
    const auto again = world.take();
    REQUIRE(again.size() == 1);
    CHECK(again[0].flags == Flags{Flags::rst | Flags::ack});
    CHECK(again[0].ack == socket.iss + 1);
}

TEST_CASE("the catalogue's refuse is a closed port to everything but RST") {
    World world("extends: refuse\n");
    Socket socket(world);
    for (const unsigned bits : {0U, unsigned{Flags::psh}, unsigned{Flags::fin},
                                unsigned{Flags::fin | Flags::psh | Flags::urg},
                                unsigned{Flags::syn}, unsigned{Flags::syn | Flags::fin}}) {
        CAPTURE(bits);
        Segment segment = socket.segment(static_cast<std::uint8_t>(bits));
        segment.payload = {1, 2};
        world.arrives(segment);
        const auto left = world.take();
        REQUIRE(left.size() == 1);
        CHECK(left[0].flags == Flags{Flags::rst | Flags::ack});
        CHECK(left[0].seq == SeqNum(0));
        CHECK(left[0].ack == segment.end());
    }
    for (const unsigned bits : {unsigned{Flags::ack}, unsigned{Flags::ack | Flags::fin},
                                unsigned{Flags::ack | Flags::syn}}) {
        CAPTURE(bits);
        Segment segment = socket.segment(static_cast<std::uint8_t>(bits));
        segment.ack = SeqNum(4711);
        world.arrives(segment);
        const auto left = world.take();
        REQUIRE(left.size() == 1);
        CHECK(left[0].flags == Flags{Flags::rst});
        CHECK(left[0].seq == SeqNum(4711));
    }
    world.arrives(socket.segment(Flags::rst));
    world.arrives(socket.segment(Flags::rst | Flags::ack));
    CHECK(world.take().empty());
}

TEST_CASE("reset on data ends the connection; later segments meet a closed port") {
    World world("rules:\n  - {on: receive data, first: 1, do: reset}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst | Flags::ack});
    CHECK(left[0].seq == socket.rcv_nxt);
    CHECK(world.engine.attempts().at(0).ending == Ending::reset_by_peer);

    socket.send_data("y");
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst});
    CHECK(left[0].seq == socket.rcv_nxt);
}

TEST_CASE("reset takes numbers") {
    World world(
        "rules:\n  - {on: receive data, do: {reset: {seq: snd.nxt+1000, ack: seg.end-1}}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].seq == socket.rcv_nxt + 1000);
    CHECK(left[0].ack == socket.snd_nxt - 1);
}

TEST_CASE("close sends FIN, and data that comes later is answered by RST") {
    World world("rules:\n  - {on: enter established, do: close}\n");
    Socket socket(world);
    socket.connect();
    auto left = world.take();
    REQUIRE(flags_of(left) == "FA");
    socket.rcv_nxt = left[0].end();
    socket.send_ack();
    socket.send_data("too late");
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].has(Flags::rst));
}

TEST_CASE("shutdown sends FIN and goes on reading") {
    World world("tcp: {delayed_ack: off}\nrules:\n  - {on: enter established, do: shutdown}\n");
    Socket socket(world);
    socket.connect();
    auto left = world.take();
    REQUIRE(flags_of(left) == "FA");
    socket.rcv_nxt = left[0].end();
    socket.send_data("still read");
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::ack});
    CHECK(left[0].ack == socket.snd_nxt);
}

TEST_CASE("close with unread data is a RST") {
    World world("service: hold\nrules:\n  - {on: received 3, do: close}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().has(Flags::rst));
    CHECK(flags_of(left).find('F') == std::string::npos);
}

TEST_CASE("forget says nothing; later segments meet a closed port") {
    World world("rules:\n  - {on: receive data, first: 1, do: forget}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    CHECK(world.take().empty());
    CHECK(world.engine.live_connections() == 0);
    socket.snd_nxt -= 1;
    socket.send_data("x");
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst});
    CHECK(world.engine.attempts().at(0).ending == Ending::forgotten);
}

TEST_CASE("say sends payload, and close after it comes behind it") {
    World world(
        "rules:\n  - {on: enter established, do: [{say: 'hello '}, {say: world}, close]}\n");
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    std::string text;
    for (const auto& segment : left) {
        text.append(segment.payload.begin(), segment.payload.end());
    }
    CHECK(text == "hello world");
    CHECK(left.back().has(Flags::fin));
}

TEST_CASE("shutdown after say comes behind it") {
    World world("rules:\n  - {on: enter established, do: [{say: hello}, shutdown]}\n");
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    REQUIRE(left.size() == 2);
    CHECK(std::string(left[0].payload.begin(), left[0].payload.end()) == "hello");
    CHECK(left[1].has(Flags::fin));
}

TEST_CASE("say: bytes makes them up") {
    World world("rules:\n  - {on: enter established, do: {say: {bytes: 1000}}}\n");
    Socket socket(world);
    socket.connect();
    const std::string text = socket.receive();
    REQUIRE(text.size() == 1000);
    CHECK(static_cast<unsigned char>(text[250]) == 250);
    CHECK(static_cast<unsigned char>(text[251]) == 0);
}

TEST_CASE("stop-reading fills the window, resume-reading opens it again") {
    World world(
        "tcp: {window: 1000, window_scale: off, delayed_ack: off}\nrules:\n"
        "  - {on: enter established, do: stop-reading}\n"
        "  - {on: received 1000, after: 5s, do: resume-reading}\n");
    Socket socket(world);
    socket.connect();
    socket.send_bytes(600);
    CHECK(world.take().back().window == 400);
    socket.send_bytes(400);
    CHECK(world.take().back().window == 0);
    world.until(5s - 1ns);
    CHECK(world.take().empty());
    world.until(5s);
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].window == 1000);
}

TEST_CASE("window offers exactly what it says, and auto ends it") {
    World world(
        "tcp: {window_scale: off}\nrules:\n"
        "  - {on: enter established, do: {window: 7}}\n"
        "  - {on: received 1, do: {window: auto}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.take().back().window == 7);
    socket.send_data("x");
    CHECK(world.take().back().window == 64240);
}

TEST_CASE("stop-acking freezes the acknowledgement number of all that leaves") {
    World world(
        "service: echo\ntcp: {delayed_ack: off, nagle: off}\nrules:\n"
        "  - {on: received 3, do: stop-acking}\n"
        "  - {on: received 9, do: resume-acking}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    world.take();
    const SeqNum frozen = socket.snd_nxt;
    socket.send_data("def");
    for (const auto& segment : world.take()) {
        CHECK(segment.ack == frozen);
    }
    socket.send_data("ghi");
    CHECK(world.take().back().ack == socket.snd_nxt);
}

TEST_CASE("blackhole swallows both ways, and revive ends it") {
    World world(
        "rules:\n  - {on: received 1, do: blackhole}\n"
        "  - {on: receive data, nth: 3, do: revive}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    world.take();
    socket.send_data("b");
    CHECK(world.take().empty());
    const auto dropped = world.segments(Direction::in, Fate::dropped);
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].rule->line == 3);
    socket.snd_nxt -= 1;
    socket.send_data("b");
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().ack == socket.snd_nxt);
    CHECK(world.rule(0).withheld >= 1);
}

TEST_CASE("blackhole: in and blackhole: out work one way") {
    SUBCASE("in") {
        World world("service: source\nrules:\n  - {on: enter established, do: {blackhole: in}}\n");
        Socket socket(world);
        socket.connect();
        CHECK_FALSE(world.take().empty());
        socket.send_data("x");
        CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
    }
    SUBCASE("out") {
        World world("rules:\n  - {on: enter established, do: {blackhole: out}}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("x");
        CHECK(world.take().empty());
        CHECK(world.segments(Direction::in, Fate::accepted).size() == 3);
        CHECK(world.segments(Direction::out, Fate::dropped).size() == 1);
    }
}

TEST_CASE("idle fires once for each period of silence") {
    World world("rules:\n  - {on: idle 5s, do: {log: quiet}}\n");
    Socket socket(world);
    socket.connect();
    world.until(5s - 1ns);
    CHECK(world.all<event::Log>().empty());
    world.until(60s);
    CHECK(world.all<event::Log>().size() == 1);
    socket.send_data("x");
    world.until(120s);
    CHECK(world.all<event::Log>().size() == 2);
}

TEST_CASE("sent counts what the program has acknowledged") {
    World world(
        "service: {source: {bytes: 5000}}\nrules:\n  - {on: sent 3000, do: {log: there}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(socket.receive().size() == 5000);
    CHECK(world.all<event::Log>().empty());
    socket.send_ack();
    CHECK(world.all<event::Log>().size() == 1);
    CHECK(world.engine.attempts().at(0).sent == 5000);
}

TEST_CASE("start fires with the first segment, before it is seen") {
    World world("rules:\n  - {on: start, do: blackhole}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.take().empty());
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("finish ends the run") {
    World world("rules:\n  - {on: receive data, do: finish}\n");
    Socket socket(world);
    socket.connect();
    CHECK_FALSE(world.engine.finished());
    socket.send_data("x");
    world.pass(4ms);
    CHECK_FALSE(world.engine.finished());
    world.pass(1ms);
    CHECK(world.engine.finished());
}

TEST_CASE("rules that feed each other end in a notice, not in a hang") {
    World world(
        "rules:\n  - {on: enter closed, do: connect}\n"
        "  - {on: [send syn, enter established], do: reset}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.take().size() < 1000);
    const auto notices = world.all<event::Notice>();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].text.find("without end") != std::string::npos);
}
