// Packets of other protocols: UDP to port 53, and what nobody speaks.
#include "ghostpeer/wire/checksum.hpp"
#include "packets/packets.hpp"
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using peer::Settings;

TEST_CASE("UDP packets to port 53 are the driver's, where it asks for them") {
    const auto client = wire::Endpoint{*wire::IpAddress::parse("198.18.0.1"), 5000};
    const auto server = wire::Endpoint{*wire::IpAddress::parse("8.8.8.8"), 53};
    const wire::Datagram query{client, server, {1, 2, 3}};
    std::vector<wire::Datagram> taken;
    SUBCASE("asked for") {
        Settings settings = test_settings();
        settings.name_server = true;
        World world("service: echo\n", settings);
        world.arrives(packets::encode(query));
        world.engine.take_datagrams(taken);
        REQUIRE(taken.size() == 1);
        CHECK(taken[0] == query);
        CHECK(world.other_packets().empty());
        world.engine.send_datagram({server, client, {4, 5}}, world.now);
        world.pass(0s);
        REQUIRE(world.other_packets().size() == 1);
        CHECK(packets::decode_datagram(world.other_packets()[0]) ==
              wire::Datagram{server, client, {4, 5}});
        world.arrives(packets::encode(wire::Datagram{client, {server.address, 54}, {1}}));
        world.engine.take_datagrams(taken);
        CHECK(taken.size() == 1);
        CHECK(world.other_packets().size() == 2);  // port unreachable
        // More than the MTU cannot be sent.
        world.engine.send_datagram({server, client, wire::Bytes(1473)}, world.now);
        world.pass(0s);
        CHECK(world.other_packets().size() == 2);
    }
    SUBCASE("not asked for") {
        World world("service: echo\n");
        world.arrives(packets::encode(query));
        world.engine.take_datagrams(taken);
        CHECK(taken.empty());
        CHECK(world.other_packets().size() == 1);
    }
    SUBCASE("they do not pile up without end") {
        Settings settings = test_settings();
        settings.name_server = true;
        World world("service: echo\n", settings);
        for (int i = 0; i < 2000; ++i) {
            world.arrives(packets::encode(query));
        }
        world.engine.take_datagrams(taken);
        CHECK(taken.size() == 1000);
    }
}

TEST_CASE("a protocol that nobody speaks is answered, one to a group is not") {
    World world("service: echo\n");
    for (const char* to : {"198.18.0.2", "224.0.0.1"}) {
        wire::Bytes packet = packets::encode(wire::Datagram{
            {*wire::IpAddress::parse("198.18.0.1"), 5000}, {*wire::IpAddress::parse(to), 54}, {1}});
        // UDP becomes SCTP.
        packet[9] = 132;
        packet[10] = 0;
        packet[11] = 0;
        const auto sum = wire::ones_complement_sum(std::span(packet).first(20));
        packet[10] = static_cast<std::uint8_t>(~sum >> 8);
        packet[11] = static_cast<std::uint8_t>(~sum);
        world.arrives(packet);
    }
    REQUIRE(world.other_packets().size() == 1);
    CHECK(world.other_packets()[0][20] == 3);
    CHECK(world.other_packets()[0][21] == 2);
}
