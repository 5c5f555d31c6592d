// What is said leaves, in the order of the list.
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Ending;

namespace {

std::string payload_text(const Segment& segment) {
    return {segment.payload.begin(), segment.payload.end()};
}

/// What leaves when the program has completed the handshake, and then sends a byte.
std::vector<Segment> left_after(const std::string& rules, bool with_data = false) {
    World world("service: discard\nrules:\n" + rules);
    Socket socket(world);
    socket.connect();
    if (with_data) {
        socket.send_data("x");
    }
    return world.take();
}

/// As a client that is connected: what leaves behind its SYN.
std::vector<Segment> left_of_client(World& world) {
    world.engine.dial({0,
                       *wire::IpAddress::parse("198.18.0.2"),
                       {*wire::IpAddress::parse("198.18.0.1"), 8080},
                       {}},
                      world.now);
    world.pass(0s);
    const Segment syn = world.take().at(0);
    Segment answer;
    answer.source = syn.destination;
    answer.destination = syn.source;
    answer.flags.bits = Flags::syn | Flags::ack;
    answer.seq = SeqNum{1000};
    answer.ack = syn.seq + 1;
    answer.window = 64240;
    world.arrives(answer);
    return world.take();
}

}  // namespace

TEST_CASE("what was said leaves, and the RST behind it") {
    const auto left = left_after("  - {on: enter established, do: [{say: half}, reset]}\n");
    REQUIRE(flags_of(left) == "PA RA");
    CHECK(payload_text(left[0]) == "half");
    CHECK(left[1].seq == left[0].end());
}

TEST_CASE("what was said leaves before the connection is forgotten") {
    World world("rules:\n  - {on: enter established, do: [{say: half}, forget]}\n");
    Socket socket(world);
    socket.connect();
    CHECK(flags_of(world.take()) == "PA");
    CHECK(world.engine.attempts().at(0).ending == Ending::forgotten);
}

TEST_CASE("FIN leaves before the RST that follows it in the list") {
    const auto left = left_after("  - {on: enter established, do: [shutdown, reset]}\n");
    REQUIRE(flags_of(left) == "FA RA");
    CHECK(left[1].seq == left[0].end());
}

TEST_CASE("a segment of `send` leaves behind what was said before it") {
    const auto left =
        left_after("  - {on: enter established, do: [{say: a}, {send: {flags: RA}}, {say: b}]}\n");
    REQUIRE(flags_of(left) == "PA RA PA");
    CHECK(left[1].seq == left[0].end());
    CHECK(payload_text(left[2]) == "b");
}

TEST_CASE("a blackhole does not take what was said before it") {
    const auto left = left_after(
        "  - {on: enter established, do: [{say: a}, blackhole]}\n"
        "  - {on: enter established, do: {say: b}}\n");
    REQUIRE(left.size() == 1);
    CHECK(payload_text(left[0]) == "a");
}

TEST_CASE("as a client the handshake's ACK leaves before what ends the connection") {
    for (const std::string action : {"reset", "forget", "blackhole", "{send: {flags: RA}}"}) {
        CAPTURE(action);
        World world("role: client\nrules:\n  - {on: enter established, do: " + action + "}\n");
        const auto left = left_of_client(world);
        REQUIRE_FALSE(left.empty());
        CHECK(left[0].flags == Flags{Flags::ack});
        CHECK(left[0].ack == SeqNum{1001});
        CHECK(world.rule(0).fired == 1);
    }
    SUBCASE("before what it says, too") {
        World world(
            "role: client\nrules:\n  - {on: enter established, do: [{say: hello}, reset]}\n");
        CHECK(flags_of(left_of_client(world)) == "A PA RA");
    }
}

TEST_CASE("close on data sends FIN, and the data draws RST") {
    World world("rules:\n  - {on: receive data, first: 1, do: close}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    const auto left = world.take();
    REQUIRE(flags_of(left) == "FA R");
    // FIN acknowledges what had arrived before.
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(left[1].seq == socket.rcv_nxt);
}

TEST_CASE("words before a close on data leave first, and the data is refused all the same") {
    const auto left =
        left_after("  - {on: receive data, first: 1, do: [{say: bye}, close]}\n", true);
    REQUIRE(flags_of(left) == "PA FA R");
    CHECK(payload_text(left[0]) == "bye");
}

TEST_CASE("shutdown on data does not acknowledge it before its FIN") {
    World world(
        "tcp: {delayed_ack: off}\nrules:\n  - {on: receive data, first: 1, do: shutdown}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    const auto left = world.take();
    REQUIRE(flags_of(left) == "FA A");
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(left[1].ack == socket.snd_nxt);
}

TEST_CASE("each `say` is a segment of its own, in one rule and in two") {
    CHECK(left_after("  - {on: enter established, do: [{say: a}, {say: b}]}\n").size() == 2);
    CHECK(left_after("  - {on: enter established, do: {say: a}}\n"
                     "  - {on: enter established, do: {say: b}}\n")
              .size() == 2);
    CHECK(left_after("  - {on: receive data, do: [{say: a}, {say: b}]}\n", true).size() == 3);
}

TEST_CASE("push: false lets what is said next share the segment") {
    auto left = left_after(
        "  - {on: enter established, do: [{say: {text: a, push: false}}, {say: b}, {say: c}]}\n");
    REQUIRE(left.size() == 2);
    CHECK(payload_text(left[0]) == "ab");
    CHECK(payload_text(left[1]) == "c");
    left = left_after("  - {on: enter established, do: {say: {text: a, push: false}}}\n");
    CHECK(left.size() == 1);
}

TEST_CASE("pieces: SIZE cuts what is said") {
    const auto left =
        left_after("  - {on: enter established, do: {say: {text: abcdefgh, pieces: 3}}}\n");
    REQUIRE(left.size() == 3);
    CHECK(payload_text(left[0]) == "abc");
    CHECK(payload_text(left[2]) == "gh");
}

TEST_CASE("words before the handshake ride on its end, each in its own segment") {
    World world("role: client\nrules:\n  - {on: start, do: [{say: a}, {say: b}]}\n");
    const auto left = left_of_client(world);
    REQUIRE(left.size() == 2);
    CHECK(payload_text(left[0]) == "a");
    CHECK(left[0].ack == SeqNum{1001});
    CHECK(payload_text(left[1]) == "b");
}

TEST_CASE("a list of a `send` rule goes on when its segment and what it said have left") {
    World world(
        "service: {source: {bytes: 3000}}\n"
        "rules:\n  - {on: send data, first: 1, do: [{say: end}, reset]}\n");
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    REQUIRE(left.size() >= 3);
    CHECK(left.back().flags == Flags{Flags::rst | Flags::ack});
    CHECK(left.back().seq == left[left.size() - 2].end());
    SeqNum next = socket.rcv_nxt;
    std::size_t bytes = 0;
    for (const Segment& segment : left) {
        CHECK(segment.seq == next);
        next = segment.end();
        bytes += segment.payload.size();
    }
    CHECK(bytes == 3003);
    CHECK(world.rule(0).fired == 1);
}

TEST_CASE("what the TCP core wanted to send does not leave behind a reset") {
    World world(
        "service: {source: {bytes: 6000}}\n"
        "rules:\n  - {on: send data, nth: 2, do: reset}\n");
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    REQUIRE(left.size() == 2);
    CHECK(left[1].has(Flags::rst));
    CHECK(world.segments(Direction::out, Fate::dropped).size() == 4);
    CHECK(world.rule(0).withheld == 4);
}

TEST_CASE("rules without end lose no change of state") {
    for (int nth = 55; nth < 70; ++nth) {
        CAPTURE(nth);
        World world("rules:\n  - {on: send window-update, nth: " + std::to_string(nth) +
                    ", do: shutdown, optional: true}\n"
                    "  - {on: send window-update, do: {window: 2000}}\n"
                    "  - {on: send window-update, every: 2, do: {window: 3000}}\n"
                    "  - {on: enter established, do: {window: 1000}}\n");
        Socket socket(world);
        socket.connect();
        const bool finished = world.rule(0).fired > 0;
        CHECK(finished == (nth < 64));
        const auto state = finished ? tcp::State::fin_wait_1 : tcp::State::established;
        CHECK(world.all<event::State>().back().to == state);
        CHECK(world.engine.states()[static_cast<std::size_t>(state)] == 1);
        CHECK(world.engine.attempts().at(0).ending ==
              (finished ? Ending::half_closed : Ending::open));
    }
}

TEST_CASE("finish waits for what is on its way, and for its answer") {
    for (const Duration rtt : {Duration{0}, Duration{1ms}, Duration{50ms}}) {
        CAPTURE(rtt.count());
        auto settings = test_settings();
        settings.rtt = rtt;
        World world("rules:\n  - {on: receive data, do: [{say: bye}, close, finish]}\n", settings);
        Socket socket(world);
        socket.send_syn();
        world.pass(rtt);
        const auto answers = world.take();
        REQUIRE(answers.size() == 1);
        socket.rcv_nxt = answers[0].end();
        socket.send_ack();
        socket.send_data("x");
        CHECK_FALSE(world.engine.finished());
        world.pass(rtt);
        CHECK_FALSE(world.engine.finished());
        CHECK(flags_of(world.take()) == "PA FA R");
        world.pass(rtt + 5ms);
        CHECK(world.engine.finished());
    }
}

TEST_CASE("finish does not wait for ever") {
    World world("service: source\nrules:\n  - {on: receive data, do: finish}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    for (int i = 0; i < 100; ++i) {
        world.pass(1ms);
        socket.receive();
        socket.send_ack();
    }
    CHECK(world.engine.finished());
}
