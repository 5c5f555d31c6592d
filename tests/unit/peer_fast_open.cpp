// TCP Fast Open (RFC 7413) on both sides of the peer, and what rules withhold of it.
#include "profile_samples.hpp"
#include "support/peer_harness.hpp"

#include <string>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

const std::string server = "tcp: {fast_open: true}\nservice: echo\n";

/// A SYN of a port with the option and this data.
wire::Bytes syn_with(const Socket& socket, const wire::Bytes& cookie, std::string_view text) {
    Segment syn = socket.segment(Flags::syn);
    syn.options.mss = 1460;
    syn.payload.assign(text.begin(), text.end());
    wire::Distortion how;
    how.more_options = {34, static_cast<std::uint8_t>(2 + cookie.size())};
    how.more_options.insert(how.more_options.end(), cookie.begin(), cookie.end());
    return wire::encode(syn, how);
}

/// What has left since: the segment, and the cookie on it.
struct Answer {
    Segment segment;
    wire::Bytes cookie;
};

Answer answer_of(World& world) {
    std::vector<peer::Emission> emissions;
    world.engine.take_packets(emissions);
    REQUIRE(emissions.size() == 1);
    const wire::Bytes& packet = emissions[0].packet;
    Answer answer{std::get<Segment>(wire::decode(packet)), {}};
    const std::size_t header = std::size_t{packet[32]} / 16 * 4;
    for (std::size_t at = 40; at + 10 <= 20 + header; ++at) {
        if (packet[at] == 34 && packet[at + 1] == 10) {
            answer.cookie.assign(packet.begin() + static_cast<long>(at) + 2,
                                 packet.begin() + static_cast<long>(at) + 10);
        }
    }
    return answer;
}

Answer answer_to(World& world, const wire::Bytes& syn) {
    world.engine.on_packet(syn, world.now);
    Answer answer = answer_of(world);
    world.collect();
    return answer;
}

wire::Bytes cookie_of(World& world) {
    return answer_to(world, syn_with(Socket(world, 39'999), {}, {})).cookie;
}

void acknowledge(World& world, const Socket& socket, const Segment& syn_ack) {
    Segment ack = socket.segment(Flags::ack);
    ack.seq = syn_ack.ack;
    ack.ack = syn_ack.seq + 1;
    world.arrives(ack);
}

}  // namespace

TEST_CASE("who asks for a cookie gets one, and data without one has to come again") {
    World world(server);
    const Socket socket(world);
    const Answer answer = answer_to(world, syn_with(socket, {}, "early"));
    CHECK(answer.segment.ack == socket.iss + 1);
    CHECK(answer.cookie.size() == 8);
    CHECK(answer.segment.options.skipped[0] == 34);
    CHECK(world.all<event::Segment>().back().segment.options.skipped[0] == 34);
    world.engine.on_time(world.now + 1s);
    CHECK(answer_of(world).cookie.empty());  // as Linux: in the first SYN-ACK alone
    CHECK(cookie_of(world) == answer.cookie);
}

TEST_CASE("data on a SYN with a good cookie is acknowledged by the SYN-ACK, and answered") {
    World world(server);
    const auto cookie = cookie_of(world);
    const Socket socket(world);
    const Answer answer = answer_to(world, syn_with(socket, cookie, "early"));
    CHECK(answer.segment.ack == socket.iss + 6);
    CHECK(answer.cookie.empty());
    world.pass(600ms);
    world.arrives(socket.segment(Flags::syn));  // the SYN-ACK was lost
    const auto again = world.take();
    REQUIRE(!again.empty());
    CHECK(again.back().ack == socket.iss + 6);
    acknowledge(world, socket, answer.segment);
    const auto echoed = world.take();
    REQUIRE(!echoed.empty());
    CHECK(echoed[0].payload == wire::Bytes{'e', 'a', 'r', 'l', 'y'});
    CHECK(world.all<event::State>().back().to == tcp::State::established);
}

TEST_CASE("a cookie of somebody else takes no data, and brings a good one") {
    World world(server);
    const auto good = cookie_of(world);
    auto cookie = good;
    ++cookie[3];
    const Socket socket(world);
    const Answer answer = answer_to(world, syn_with(socket, cookie, "early"));
    CHECK(answer.segment.ack == socket.iss + 1);
    CHECK(answer.cookie == good);
}

TEST_CASE("a cookie of a length that none has is no option") {
    for (const std::size_t size : {1U, 2U, 3U, 5U, 18U}) {
        World world(server);
        const Socket socket(world);
        const Answer answer = answer_to(world, syn_with(socket, wire::Bytes(size, 1), "early"));
        CHECK(answer.segment.ack == socket.iss + 1);
        CHECK(answer.cookie.empty());
    }
}

TEST_CASE("the cookie gives way to what a rule adds, and is not told of then") {
    World world(server + "rules: [{on: send syn-ack, do: {set: {accecn: [0, 0, 0]}}}]\n");
    const Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    syn.options.mss = 1460;
    syn.options.sack_permitted = true;
    syn.options.window_scale = 7;
    syn.options.timestamps = wire::Timestamps{1, 0};
    wire::Distortion how;
    how.more_options = {34, 2};
    const Answer answer = answer_to(world, wire::encode(syn, how));
    CHECK(answer.cookie.empty());
    constexpr std::uint8_t accecn = 172;
    CHECK(answer.segment.options.skipped[0] == accecn);
    const auto told = world.all<event::Segment>().back().segment.options.skipped;
    CHECK(told[0] == accecn);
    CHECK(told[1] == 0);
}

TEST_CASE("a peer gives no cookies unless it is told to") {
    World world("service: echo\n");
    const Socket socket(world);
    const Answer answer = answer_to(world, syn_with(socket, {}, "early"));
    CHECK(answer.cookie.empty());
    CHECK(answer.segment.ack == socket.iss + 1);
}

TEST_CASE("a rule withholds the cookie, or the data") {
    const std::string rule = server + "rules:\n  - {on: ";
    World silent(rule + "send syn-ack, do: {set: {fast_open: off}}}\n");
    const Answer none = answer_to(silent, syn_with(Socket(silent), {}, {}));
    CHECK(none.cookie.empty());
    CHECK(none.segment.options.skipped[0] == 0);
    CHECK(silent.all<event::Segment>().back().segment.options.skipped[0] == 0);

    World deaf(rule + "receive syn, when: {length: '> 0'}, do: {set: {fast_open: off}}}\n");
    const auto cookie = cookie_of(deaf);
    const Socket early(deaf);
    CHECK(answer_to(deaf, syn_with(early, cookie, "early")).segment.ack == early.iss + 1);

    World other(rule + "send syn-ack, do: {set: {fast_open: 0123456789abcdef}}}\n");
    CHECK(cookie_of(other) == wire::Bytes{1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef});

    World asked(rule + "receive syn, when: {length: '> 0'}, do: {set: {options: 020405b42202}}}\n");
    const auto taken = cookie_of(asked);
    const Socket again(asked);
    const Answer answer = answer_to(asked, syn_with(again, taken, "early"));
    CHECK(answer.segment.ack == again.iss + 1);
    CHECK(answer.cookie == taken);

    World kind(rule + "receive syn, do: {set: {ttl: 9}}}\n");  // which does not matter to it
    const Socket socket(kind);
    CHECK(answer_to(kind, syn_with(socket, cookie_of(kind), "early")).segment.ack ==
          socket.iss + 6);
}

TEST_CASE("what a rule on `received` waits for may ride on the SYN") {
    World world(server + "rules:\n  - {on: received 5B, do: {log: it is here}}\n");
    const auto cookie = cookie_of(world);
    const Socket socket(world);
    const Answer answer = answer_to(world, syn_with(socket, cookie, "early"));
    acknowledge(world, socket, answer.segment);
    CHECK(world.all<event::Log>().size() == 1);
}

TEST_CASE("fast_open of `set` may be off") {
    CHECK(rule_problems("{on: send syn-ack, do: {set: {fast_open: off}}}").empty());
}
