// When a peer dials, from where, and on what.
#include "support/peer_harness.hpp"

#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

const wire::IpAddress dialled_from = wire::IpAddress::v4(0xc6120002);
const wire::Endpoint dialled{wire::IpAddress::v4(0xc6120001), 8080};

void dial_program(World& world) {
    world.engine.dial({0, dialled_from, dialled}, world.now);
    world.pass(0s);
}

void answer(World& world, const Segment& syn, std::uint8_t flags, std::string_view text = "",
            std::uint32_t said = 0) {
    Segment segment;
    segment.source = syn.destination;
    segment.destination = syn.source;
    segment.flags.bits = flags;
    segment.seq = SeqNum(1000 + ((flags & Flags::syn) != 0 ? 0 : 1) + said);
    segment.ack = syn.seq + 1;
    segment.window = 64240;
    segment.payload.assign(text.begin(), text.end());
    if ((flags & Flags::syn) != 0) {
        segment.options.mss = 1460;
    }
    world.arrives(segment);
    world.pass(0s);
}

/// The SYNs among what has left.
std::vector<Segment> syns(World& world) {
    auto left = world.take();
    std::erase_if(left, [](const Segment& one) { return one.flags != Flags{Flags::syn}; });
    return left;
}

}  // namespace

TEST_CASE("connections come from many addresses, each the next") {
    World world("role: client\nclient: {connections: 5, sources: [198.18.64.0/30, 198.18.80.7]}\n");
    dial_program(world);
    std::vector<std::string> from;
    for (const Segment& syn : syns(world)) {
        from.push_back(syn.source.address.to_string());
    }
    CHECK(from == std::vector<std::string>{"198.18.64.1", "198.18.64.2", "198.18.80.7",
                                           "198.18.64.1", "198.18.64.2"});
}

TEST_CASE("with a source port each address has it once before it is the next") {
    World world(
        "role: client\n"
        "client: {connections: 4, sources: 198.18.64.0/30, source_port: 65534}\n");
    dial_program(world);
    std::vector<std::string> from;
    for (const Segment& syn : syns(world)) {
        from.push_back(syn.source.to_string());
    }
    CHECK(from == std::vector<std::string>{"198.18.64.1:65534", "198.18.64.2:65534",
                                           "198.18.64.1:65535", "198.18.64.2:65535"});
}

TEST_CASE("connections are opened at their times") {
    World world("role: client\nclient: {connections: 2, at: [5s, 0s]}\n");
    dial_program(world);
    CHECK(syns(world).size() == 2);
    CHECK(world.engine.to_be_dialled() == 2);
    world.until(4'999ms);
    CHECK(world.engine.attempt_count() == 2);
    world.until(5s);
    CHECK(world.engine.to_be_dialled() == 0);
    CHECK(world.engine.attempt_count() == 4);
}

TEST_CASE("the next connection begins when the one before is over") {
    World world("role: client\nclient: {connections: 3, after: closed}\n");
    dial_program(world);
    auto first = syns(world);
    REQUIRE(first.size() == 1);
    answer(world, first[0], Flags::syn | Flags::ack);
    answer(world, first[0], Flags::ack | Flags::psh, "hello");
    CHECK(world.engine.attempt_count() == 1);
    answer(world, first[0], Flags::rst | Flags::ack, "", 5);
    auto second = syns(world);
    REQUIRE(second.size() <= 1);
    CHECK(world.engine.attempt_count() == 2);
}

TEST_CASE("or when it has had the beginning of a response") {
    World world("role: client\nclient: {connections: 3, after: response}\n");
    dial_program(world);
    auto first = syns(world);
    REQUIRE(first.size() == 1);
    answer(world, first[0], Flags::syn | Flags::ack);
    CHECK(world.engine.attempt_count() == 1);
    answer(world, first[0], Flags::ack | Flags::psh, "hello");
    CHECK(world.engine.attempt_count() == 2);
    CHECK(world.engine.to_be_dialled() == 1);
}

TEST_CASE("connections are opened each time that their command is fired") {
    World world("role: client\nclient: {connections: 2, on: command go, at: 1s}\n");
    CHECK(world.engine.knows_command("go"));
    CHECK_FALSE(world.engine.knows_command("stop"));
    // The program does not listen yet: it is remembered.
    CHECK(world.engine.fire("go", world.now) == 0);
    dial_program(world);
    CHECK(world.engine.to_be_dialled() == 2);
    world.until(1s);
    CHECK(world.engine.attempt_count() == 2);
    CHECK(world.engine.fire("stop", world.now) == 0);
    CHECK(world.engine.fire("go", world.now) == 2);
    world.until(1'999ms);
    CHECK(world.engine.attempt_count() == 2);
    world.until(2s);
    CHECK(world.engine.attempt_count() == 4);
}

TEST_CASE("commands without end do not make campaigns without end") {
    World world("role: client\nclient: {on: command go, at: 10s}\n");
    dial_program(world);
    for (int i = 0; i < 10'001; ++i) {
        static_cast<void>(world.engine.fire("go", world.now));
    }
    CHECK(world.engine.to_be_dialled() == 10'000);
}

TEST_CASE("with Fast Open what is said at the start rides on the SYN") {
    World world(
        "role: client\ntcp: {fast_open: true}\nrules:\n"
        "  - {on: start, do: {say: \"hello\"}}\n");
    dial_program(world);
    const auto left = syns(world);
    REQUIRE(left.size() == 1);
    CHECK(std::string(left[0].payload.begin(), left[0].payload.end()) == "hello");
}

TEST_CASE("a peer that is gone opens no connection more") {
    World world("role: client\nclient: {on: command go, at: [0s, 1s]}\n");
    dial_program(world);
    CHECK(world.engine.fire("go", world.now) == 2);
    world.pass(0s);
    CHECK(syns(world).size() == 1);
    CHECK(world.engine.to_be_dialled() == 1);
    world.engine.remove_peer(0, world.now);
    CHECK(world.engine.to_be_dialled() == 0);
    CHECK_FALSE(world.engine.knows_command("go"));
    CHECK(world.engine.fire("go", world.now) == 0);
    dial_program(world);
    world.pass(2s);
    CHECK(syns(world).empty());
}

TEST_CASE("rules know the family and the address of a connection") {
    World world(
        "rules:\n"
        "  - {on: receive syn, when: {address: 198.18.0.0/16}, do: drop}\n"
        "  - {on: receive syn, when: {family: 6}, do: reset}\n");
    Segment syn;
    syn.source = dialled;
    syn.destination = {dialled_from, 80};
    syn.flags.bits = Flags::syn;
    syn.seq = SeqNum(1);
    world.arrives(syn);
    CHECK(world.take().empty());
    syn.destination = {wire::IpAddress::v4(0xc6130002), 80};
    world.arrives(syn);
    CHECK(flags_of(world.take()) == "SA");
    syn.source.address = *wire::IpAddress::parse("2001:2::1");
    syn.destination.address = *wire::IpAddress::parse("2001:2::2");
    world.arrives(syn);
    CHECK(flags_of(world.take()) == "RA");
}
