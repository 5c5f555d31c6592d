// A peer with a key (RFC 2385): it signs, and ignores what is not signed so.
#include "profile_samples.hpp"
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

constexpr std::string_view keyed = "tcp: {md5: secret, timestamps: off}\n";

wire::Bytes signed_with(const Segment& segment, const std::string& key) {
    wire::Distortion how;
    how.md5_key = key;
    return wire::encode(segment, how);
}

std::vector<wire::Bytes> left(World& world) {
    std::vector<peer::Emission> emissions;
    world.engine.take_packets(emissions);
    std::vector<wire::Bytes> packets;
    packets.reserve(emissions.size());
    for (auto& one : emissions) {
        packets.push_back(std::move(one.packet));
    }
    return packets;
}

}  // namespace

TEST_CASE("a peer with a key signs, and answers who has it") {
    World world{std::string(keyed)};
    Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    syn.options.mss = 1460;
    world.engine.on_packet(signed_with(syn, "secret"), world.now);
    const auto answers = left(world);
    REQUIRE(answers.size() == 1);
    CHECK(std::holds_alternative<wire::Oddity>(wire::decode(answers[0])));
    CHECK(std::holds_alternative<wire::Oddity>(wire::decode(answers[0], {true, "other"})));
    const auto read = wire::decode(answers[0], {true, "secret"});
    REQUIRE(std::holds_alternative<Segment>(read));
    CHECK(std::get<Segment>(read).has(Flags::ack));
    CHECK(std::get<Segment>(read).options.mss == 1460 - wire::signature_room);
}

TEST_CASE("a peer with a key ignores what is not signed with it, and tells that once") {
    World world{std::string(keyed)};
    Socket socket(world);
    const Segment syn = socket.segment(Flags::syn);
    world.engine.on_packet(wire::encode(syn), world.now);
    world.engine.on_packet(signed_with(syn, "other"), world.now);
    CHECK(left(world).empty());
    CHECK(world.engine.live_connections() == 0);
    world.collect();
    int told = 0;
    for (const auto& notice : world.all<event::Notice>()) {
        told += notice.text.find("not signed with the key") != std::string::npos ? 1 : 0;
    }
    CHECK(told == 1);
}

TEST_CASE("a key has 1 to 80 bytes") {
    CHECK(problems("tcp: {md5: ''}\n").find("`md5` takes a key of 1 to 80 bytes") !=
          std::string::npos);
}

TEST_CASE("each attempt has the key of its own profile, or none") {
    World world(
        "rules: []\n"
        "attempts:\n"
        "  2: {tcp: {md5: secret}, rules: []}\n");
    const auto answers = [&](std::uint16_t port, std::string_view key) {
        Socket socket(world, port, "198.18.0.2", 80, Socket::near_the_wrap + port);
        const Segment syn = socket.segment(Flags::syn);
        world.engine.on_packet(key.empty() ? wire::encode(syn) : signed_with(syn, std::string(key)),
                               world.now);
        return left(world).size();
    };
    CHECK(answers(40'001, "secret") == 0);  // the first has none
    CHECK(answers(40'001, "") == 1);
    CHECK(answers(40'002, "") == 0);
    CHECK(answers(40'002, "secret") == 1);
    CHECK(answers(40'003, "") == 1);
    CHECK(world.engine.live_connections() == 3);
}

TEST_CASE("what a rule adds and the signature leaves no room for is not told") {
    World world(
        "tcp: {md5: secret, timestamps: off}\n"
        "rules:\n"
        "  - {on: send syn-ack, do: {set: {more_options: fd0c00112233445566778899}}}\n");
    Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    syn.options.mss = 1460;
    syn.options.sack_permitted = true;
    syn.options.window_scale = 7;
    world.engine.on_packet(signed_with(syn, "secret"), world.now);
    const auto answers = left(world);
    REQUIRE(answers.size() == 1);
    world.collect();
    constexpr std::uint8_t added = 0xfd;
    const auto has = [&](const wire::Options& options) {
        return std::find(options.skipped.begin(), options.skipped.end(), added) !=
               options.skipped.end();
    };
    CHECK_FALSE(has(std::get<Segment>(wire::decode(answers[0], {true, "secret"})).options));
    CHECK_FALSE(has(world.all<event::Segment>().back().segment.options));
}

TEST_CASE("a signature behind an extension header of IPv6 is looked at") {
    World world{std::string(keyed)};
    Socket socket(world, 40'000, "2001:2::2");
    wire::Distortion how;
    how.md5_key = "secret";
    how.extensions = {{0, {}}, {60, {}}};
    const auto packet = wire::encode(socket.segment(Flags::syn), how);
    world.engine.on_packet(packet, world.now);
    CHECK(left(world).size() == 1);
    CHECK(wire::peek_flow(packet)->local.to_string() == "[2001:2::2]:80");
}

TEST_CASE("what a rule changes on a segment of a peer with a key stays signed") {
    World world(
        "tcp: {md5: secret, timestamps: off}\n"
        "rules:\n"
        "  - {on: receive syn, do: {set: {ttl: 9}}}\n"
        "  - {on: send syn-ack, do: {set: {window_scale: 3}}}\n");
    Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    syn.options.window_scale = 7;
    world.engine.on_packet(signed_with(syn, "secret"), world.now);
    const auto answers = left(world);
    REQUIRE(answers.size() == 1);
    CHECK(std::holds_alternative<Segment>(wire::decode(answers[0], {true, "secret"})));
    Segment ack = socket.segment(Flags::ack);
    ack.seq = socket.iss + 1;
    ack.ack = std::get<Segment>(wire::decode(answers[0], {true, "secret"})).seq + 1;
    world.engine.on_packet(signed_with(ack, "secret"), world.now);
    world.collect();
    // The program scales by 3 from now on, as it was told.
    ack.payload = {'x'};
    world.engine.on_packet(signed_with(ack, "secret"), world.now);
    const auto last = left(world);
    REQUIRE(last.size() == 1);
    const auto answer = std::get<Segment>(wire::decode(last[0], {true, "secret"}));
    world.collect();
    CHECK(world.segments(event::Direction::out, event::Fate::sent).back().window ==
          std::uint32_t{answer.window} << 3U);
}
