// The ports that a peer dials from, where it cannot have any.
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("a peer that has ports of its own dials from these, and waits for one that is free") {
    World world("role: client\nclient: {connections: 4}\n");
    const wire::Endpoint program{wire::IpAddress::v4(0x7f000001), 8080};
    world.engine.dial({0, program.address, program, {61'002, 61'001}}, world.now);
    world.pass(0s);
    const auto syns = world.take();
    REQUIRE(syns.size() == 2);
    CHECK(syns[0].source.port == 61'002);
    CHECK(syns[1].source.port == 61'001);

    Segment refusal;
    refusal.source = syns[1].destination;
    refusal.destination = syns[1].source;
    refusal.flags.bits = Flags::rst | Flags::ack;
    refusal.ack = syns[1].seq + 1;
    world.arrives(refusal);
    world.pass(99ms);
    CHECK(world.take().empty());
    world.pass(1ms);
    const auto next = world.take();
    REQUIRE(next.size() == 1);
    CHECK(next[0].source.port == 61'001);
    CHECK(world.engine.to_be_dialled() == 1);
}
