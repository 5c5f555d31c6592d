#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

namespace {

/// Sends ten segments of data, of 1 to 10 bytes, and returns the lengths that were dropped.
std::vector<std::size_t> dropped_of_ten(const std::string& filter) {
    World world("rules:\n  - {on: receive data, " + filter + ", do: drop}\n");
    Socket socket(world);
    socket.connect();
    for (std::size_t n = 1; n <= 10; ++n) {
        socket.send_bytes(n);
    }
    std::vector<std::size_t> lengths;
    for (const auto& segment : world.segments(Direction::in, Fate::dropped)) {
        lengths.push_back(segment.segment.payload.size());
    }
    return lengths;
}

using Lengths = std::vector<std::size_t>;

}  // namespace

TEST_CASE("first, nth and every count the matches of one connection") {
    CHECK(dropped_of_ten("first: 2") == Lengths{1, 2});
    CHECK(dropped_of_ten("nth: 3") == Lengths{3});
    CHECK(dropped_of_ten("nth: 8..") == Lengths{8, 9, 10});
    CHECK(dropped_of_ten("nth: 2..3") == Lengths{2, 3});
    CHECK(dropped_of_ten("every: 4") == Lengths{4, 8});
}

TEST_CASE("when narrows before the count") {
    CHECK(dropped_of_ten("when: {length: '>= 9'}") == Lengths{9, 10});
    CHECK(dropped_of_ten("when: {length: 2..4}, nth: 2") == Lengths{3});
    CHECK(dropped_of_ten("when: {packet_length: 45}") == Lengths{5});
    CHECK(dropped_of_ten("when: {port: 80, state: established}").size() == 10);
    CHECK(dropped_of_ten("when: {port: 81}, optional: true").empty());
    CHECK(dropped_of_ten("when: {state: close-wait}, optional: true").empty());
    CHECK(dropped_of_ten("when: {flags: PA}").size() == 10);
    CHECK(dropped_of_ten("when: {flags: A}, optional: true").empty());
    CHECK(dropped_of_ten("when: {attempt: 1}").size() == 10);
    CHECK(dropped_of_ten("when: {received: '>= 36'}") == Lengths{9, 10});
}

TEST_CASE("when: family and address tell the peer's addresses apart") {
    CHECK(dropped_of_ten("when: {family: 4}").size() == 10);
    CHECK(dropped_of_ten("when: {family: 6}, optional: true").empty());
    CHECK(dropped_of_ten("when: {address: 198.18.0.2}").size() == 10);
    CHECK(dropped_of_ten("when: {address: ['2001:2::/48', 198.18.0.0/24]}").size() == 10);
    CHECK(dropped_of_ten("when: {address: 198.18.0.3}, optional: true").empty());
    World world(
        "rules:\n  - {on: receive syn, when: {family: 6}, do: drop}\n"
        "  - {on: receive syn, when: {address: 198.18.0.7}, do: reset}\n");
    Socket four(world);
    four.connect();
    Socket six(world, 40'001, "2001:2::2");
    six.send_syn();
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(1).closest == "the peer's address was another one");
}

TEST_CASE("when: elapsed counts from the connection's first segment") {
    World world("rules:\n  - {on: receive data, when: {elapsed: '>= 2s'}, do: drop}\n");
    world.until(5s);
    Socket socket(world);
    socket.connect();
    world.pass(2s - 1ns);
    socket.send_data("a");
    CHECK(world.segments(Direction::in, Fate::dropped).empty());
    world.pass(1ns);
    socket.send_data("b");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("when: retransmitted tells a segment that came before") {
    World world("rules:\n  - {on: receive data, when: {retransmitted: true}, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(world.segments(Direction::in, Fate::dropped).empty());
    socket.snd_nxt -= 3;
    socket.send_data("abc");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("counts begin anew with each connection") {
    World world("rules:\n  - {on: receive syn, first: 1, do: drop}\n");
    Socket first(world, 40'000);
    first.send_syn();
    CHECK(world.take().empty());
    first.send_syn();
    CHECK(flags_of(world.take()) == "SA");
    Socket second(world, 40'001);
    second.send_syn();
    CHECK(world.take().empty());
}

TEST_CASE("probability follows the seed") {
    const auto pattern = [](std::uint64_t seed) {
        auto settings = test_settings();
        settings.seed = seed;
        World world("rules:\n  - {on: receive data, probability: 30%, do: drop}\n", settings);
        Socket socket(world);
        socket.connect();
        std::string fates;
        for (int i = 0; i < 200; ++i) {
            const auto before = world.segments(Direction::in, Fate::dropped).size();
            socket.send_data("x");
            fates += world.segments(Direction::in, Fate::dropped).size() > before ? 'x' : '.';
        }
        return fates;
    };
    const std::string one = pattern(1);
    CHECK(one == pattern(1));
    CHECK(one != pattern(2));
    const auto drops = std::count(one.begin(), one.end(), 'x');
    CHECK(drops > 30);
    CHECK(drops < 95);
}

TEST_CASE("after puts the actions off") {
    World world("rules:\n  - {on: enter established, after: 2s, do: reset}\n");
    Socket socket(world);
    socket.connect();
    world.until(2s - 1ns);
    CHECK(world.take().empty());
    world.until(2s);
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].has(Flags::rst));
    CHECK(left[0].seq == socket.rcv_nxt);
}

TEST_CASE("a rule that never fired says what came closest") {
    World world(
        "rules:\n  - {on: receive data, when: {length: '>= 100'}, do: drop}\n"
        "  - {on: receive data, nth: 5, do: drop}\n"
        "  - {on: received 1000, do: blackhole}\n");
    Socket socket(world);
    socket.connect();
    socket.send_bytes(40);
    socket.send_bytes(90);
    CHECK(world.rule(0).events == 2);
    CHECK(world.rule(0).failed_when == 2);
    CHECK(world.rule(0).closest == "the nearest `length` was 90");
    CHECK(world.rule(1).failed_count == 2);
    CHECK(world.rule(1).closest == "it came 2 times at most on one connection");
    CHECK(world.rule(2).closest == "the most that was reached is 130 bytes");
}
