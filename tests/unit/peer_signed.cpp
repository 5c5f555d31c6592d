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
