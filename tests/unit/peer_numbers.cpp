// Numbers that go on from one connection to the next, and what a listener has no answer to.
#include "support/peer_harness.hpp"

#include <set>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// The SYN-ACK for a SYN from `port`, after which the connection is reset.
Segment greeting(World& world, std::uint16_t port, std::uint32_t isn, const char* to) {
    Socket socket(world, port, to, 80, isn);
    Segment syn = socket.segment(Flags::syn);
    syn.seq = SeqNum(isn);
    syn.options.timestamps = wire::Timestamps{1, 0};
    world.arrives(syn);
    const auto answers = world.take();
    REQUIRE(answers.size() == 1);
    Segment reset = socket.segment(Flags::rst);
    reset.seq = SeqNum(isn + 1);
    world.arrives(reset);
    return answers[0];
}

constexpr const char* v4 = "198.18.0.2";
constexpr const char* v6 = "2001:2::2";

}  // namespace

TEST_CASE("initial numbers of a 4-tuple are on a clock of 64 ns, timestamps on one of 1 ms") {
    World world("service: echo\n");
    const Segment first = greeting(world, 4000, 100, v4);
    world.pass(64ms);
    const Segment second = greeting(world, 4000, 200, v4);
    CHECK(forward_distance(first.seq, second.seq) == 1'000'000);
    CHECK(second.options.timestamps->value - first.options.timestamps->value == 64);
}

TEST_CASE("other 4-tuples and other seeds begin elsewhere") {
    std::set<std::uint32_t> numbers;
    std::set<std::uint32_t> timestamps;
    World world("service: echo\n");
    for (std::uint16_t port = 4000; port < 4100; ++port) {
        const Segment one = greeting(world, port, 100, v4);
        numbers.insert(one.seq.raw());
        timestamps.insert(one.options.timestamps->value);
    }
    CHECK(numbers.size() == 100);
    CHECK(timestamps.size() == 100);
    peer::Settings other = test_settings();
    other.seed = 8;
    World elsewhere("service: echo\n", other);
    CHECK_FALSE(numbers.contains(greeting(elsewhere, 4000, 100, v4).seq.raw()));
}

TEST_CASE("timestamps go on from run to run, whatever the seed") {
    peer::Settings settings = test_settings();
    settings.epoch = std::chrono::hours(400'000);
    World one("service: echo\n", settings);
    settings.seed = 99;
    settings.epoch += 5s;
    World next("service: echo\n", settings);
    const auto before = greeting(one, 4000, 100, v4).options.timestamps->value;
    CHECK(greeting(next, 4000, 100, v4).options.timestamps->value - before == 5000);
}

TEST_CASE("a connection in the place of one in TIME-WAIT begins beyond its numbers") {
    const auto reopened = [](const std::string& profile) {
        World world(profile);
        Socket socket(world, 4000);
        socket.connect();
        world.pass(1ms);
        socket.receive();
        socket.send_fin();
        world.take();
        Socket again(world, 4000, v4, 80, socket.snd_nxt.raw() + 1000);
        again.send_syn();
        const auto answers = world.take();
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].flags == Flags{Flags::syn | Flags::ack});
        return std::pair(socket.rcv_nxt, answers[0].seq);
    };
    const std::string closes = "rules: [{on: enter established, do: close}]\n";
    const auto [old_next, iss] = reopened(closes);
    CHECK(iss == old_next + 65'537);
    CHECK(reopened(closes + "tcp: {isn: 4711}\n").second == SeqNum(4711));
}

TEST_CASE("a listener is silent to what neither opens nor acknowledges") {
    World world("service: echo\n");
    std::uint16_t port = 4000;
    for (const unsigned flags :
         {0U, unsigned{Flags::fin}, unsigned{Flags::psh}, unsigned{Flags::urg},
          unsigned{Flags::syn | Flags::fin}, unsigned{Flags::syn | Flags::rst}}) {
        CAPTURE(flags);
        Socket socket(world, ++port);
        world.arrives(socket.segment(static_cast<std::uint8_t>(flags)));
        CHECK(world.take().empty());
    }
    Socket socket(world, ++port);
    world.arrives(socket.segment(Flags::ack | Flags::fin));
    CHECK(flags_of(world.take()) == "R");
}

TEST_CASE("packets of a connection are counted, what stands for itself has no number") {
    World world("service: echo\n");
    Socket socket(world);
    socket.send_syn();
    const auto answers = world.take();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].ip_id == 0);
    socket.rcv_nxt = answers[0].seq + 1;
    socket.send_ack();
    socket.send_data("abc");
    const auto echoed = world.take();
    REQUIRE(echoed.size() == 2);
    CHECK(static_cast<std::uint16_t>(echoed[1].ip_id - echoed[0].ip_id) == 1);
    Socket stranger(world, 4001);
    stranger.send_ack();
    CHECK(world.take().at(0).ip_id == 0);
}

TEST_CASE("every packet of an IPv6 connection has the same flow label") {
    World world("service: echo\n");
    Socket socket(world, 4000, v6);
    socket.send_syn();
    const auto answers = world.take();
    REQUIRE(answers.size() == 1);
    const std::uint32_t label = answers[0].flow_label;
    CHECK(label != 0);
    socket.rcv_nxt = answers[0].seq + 1;
    socket.send_ack();
    socket.send_data("abc");
    for (const Segment& segment : world.take()) {
        CHECK(segment.flow_label == label);
    }
    CHECK(greeting(world, 4001, 1, v6).flow_label != label);
}

TEST_CASE("without an MSS option IPv6 takes 1220 bytes, IPv4 536") {
    for (const auto& [to, mss] : {std::pair(v4, 536U), std::pair(v6, 1220U)}) {
        World world("service: {source: {bytes: 5000}}\n");
        Socket socket(world, 4000, to);
        Segment syn = socket.segment(Flags::syn);
        syn.seq = socket.iss;
        world.arrives(syn);
        socket.snd_nxt = socket.iss + 1;
        socket.rcv_nxt = world.take().at(0).seq + 1;
        socket.send_ack();
        CHECK(world.take().at(0).payload.size() == mss);
    }
}

TEST_CASE("a rule or an expectation of acknowledgements keeps them from riding on an answer") {
    const auto flags_for_a_second_request = [](const std::string& more) {
        World world("service: echo\n" + more);
        Socket socket(world);
        socket.connect();
        socket.send_data("one");
        CHECK(socket.receive() == "one");
        socket.send_ack();
        socket.send_data("two");
        return flags_of(world.take());
    };
    CHECK(flags_for_a_second_request("") == "PA");
    CHECK(flags_for_a_second_request("rules: [{on: send any, do: {log: x}}]\n") == "PA");
    CHECK(flags_for_a_second_request("rules: [{on: send ack, do: {log: x}}]\n") == "A PA");
    CHECK(flags_for_a_second_request("expect: [{see: send ack-of-fin}]\n") == "A PA");
    CHECK(flags_for_a_second_request("rules: [{on: send ack, do: {log: x}}]\n"
                                     "tcp: {delayed_ack: 100ms}\n") == "PA");
}

TEST_CASE("a program that closes after the answer finds its FIN acknowledged by the peer's") {
    World world("service: echo\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("one");
    CHECK(socket.receive() == "one");
    socket.send_fin();
    CHECK(flags_of(world.take()) == "FA");
}
