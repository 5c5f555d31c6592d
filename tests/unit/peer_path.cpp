// ICMP errors about the peer's own segments.
#include "ghostpeer/wire/icmp.hpp"
#include "packets/packets.hpp"
#include "support/peer_harness.hpp"

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using wire::IcmpKind;

namespace {

/// What a router says of a segment that the peer has sent.
wire::Bytes error_about(const Segment& segment, IcmpKind kind, std::uint16_t mtu = 0) {
    const auto error = packets::icmp_error({kind, mtu}, wire::encode(segment));
    REQUIRE(error);
    return *error;
}

std::vector<std::size_t> sizes(const std::vector<Segment>& segments) {
    std::vector<std::size_t> all(segments.size());
    std::transform(segments.begin(), segments.end(), all.begin(),
                   [](const Segment& segment) { return segment.payload.size(); });
    return all;
}

using Sizes = std::vector<std::size_t>;
constexpr const char* source = "service: {source: {bytes: 2920}}\n";

}  // namespace

TEST_CASE("a router's word about a segment is heeded at once, and by later connections") {
    for (const auto& [to, mtu, small] :
         {std::tuple{"198.18.0.2", 1000, 960U}, {"2001:2::2", 1280, 1220U}}) {
        const std::string address = to;
        CAPTURE(address);
        World world(source);
        Socket socket(world, 40'000, to);
        socket.connect();
        const auto sent = world.take();
        const std::size_t full = sent.at(0).payload.size();
        CHECK(full >= 1440);
        world.arrives(error_about(sent.at(0), IcmpKind::fragmentation_needed,
                                  static_cast<std::uint16_t>(mtu)));
        const auto again = sizes(world.take());
        CHECK(Sizes(again.begin(), again.begin() + 2) == Sizes{small, full - small});
        CHECK(world.all<event::Notice>().back().what == "path-mtu");
        world.pass(1s);
        Socket next(world, 40'001, to);
        world.take();
        next.send_syn();
        CHECK(world.take().at(0).options.mss == small);
        world.pass(600s);
        Socket last(world, 40'002, to);
        world.take();
        last.send_syn();
        CHECK(world.take().at(0).options.mss == full);
    }
}

TEST_CASE("no word makes segments shorter than a host may be asked to") {
    World world(source);
    Socket socket(world);
    socket.connect();
    auto sent = world.take();
    CHECK(sent.at(0).dont_fragment);
    world.arrives(error_about(sent.at(0), IcmpKind::fragmentation_needed, 68));
    sent = world.take();
    CHECK(sent.at(0).payload.size() == 512);
    CHECK_FALSE(sent.at(0).dont_fragment);

    World world6(source);
    Socket socket6(world6, 40'000, "2001:2::2");
    socket6.connect();
    sent = world6.take();
    world6.arrives(error_about(sent.at(0), IcmpKind::fragmentation_needed, 1279));
    CHECK(world6.take().empty());
}

TEST_CASE("a word that is forged, or about segments that may be cut, is not heard") {
    World world(source);
    Socket socket(world);
    socket.connect();
    Segment sent = world.take().at(0);
    sent.seq -= 1;
    world.arrives(error_about(sent, IcmpKind::fragmentation_needed, 600));
    sent.seq += 1;
    sent.destination.port += 1;
    world.arrives(error_about(sent, IcmpKind::fragmentation_needed, 600));
    CHECK(world.take().empty());

    World cut(std::string(source) + "ip: {dont_fragment: false}\n");
    Socket other(cut);
    other.connect();
    cut.arrives(error_about(cut.take().at(0), IcmpKind::fragmentation_needed, 600));
    CHECK(cut.take().empty());
}

TEST_CASE("an open connection outlives the network's complaints") {
    World world(source);
    Socket socket(world);
    socket.connect();
    const auto sent = world.take();
    for (const auto kind : {IcmpKind::port_unreachable, IcmpKind::host_unreachable,
                            IcmpKind::net_unreachable, IcmpKind::ttl_exceeded}) {
        world.arrives(error_about(sent.at(0), kind));
    }
    CHECK(world.take().empty());
    CHECK(world.engine.live_connections() == 1);
}

TEST_CASE("a handshake that the network refuses is over") {
    World world("service: echo\n");
    Socket socket(world);
    socket.send_syn();
    const auto syn_ack = world.take();
    world.arrives(error_about(syn_ack.at(0), IcmpKind::port_unreachable));
    CHECK(world.engine.live_connections() == 1);
    world.arrives(error_about(syn_ack.at(0), IcmpKind::host_unreachable));
    CHECK(world.engine.live_connections() == 0);

    World client("role: client\n");
    client.engine.dial(
        {0, *wire::IpAddress::parse("198.18.0.2"), {*wire::IpAddress::parse("198.18.0.1"), 8080}},
        client.now);
    client.pass(0s);
    const auto syn = client.take();
    REQUIRE(syn.size() == 1);
    client.arrives(error_about(syn[0], IcmpKind::port_unreachable));
    CHECK(client.engine.live_connections() == 0);
    CHECK(client.all<event::Notice>().back().what == "unreachable");
}

TEST_CASE("an error that has a name of its own is told by it, and believed as by Linux") {
    const auto refuses = [](IcmpKind kind, std::string_view to) {
        World world("service: echo\n");
        Socket socket(world, 40'000, to);
        socket.send_syn();
        world.arrives(error_about(world.take().at(0), kind));
        return world.engine.live_connections() == 0;
    };
    CHECK_FALSE(refuses(IcmpKind::host_prohibited, "198.18.0.2"));
    CHECK(refuses(IcmpKind::parameter_problem, "198.18.0.2"));
    CHECK(refuses(IcmpKind::policy_failed, "2001:2::2"));
    CHECK_FALSE(refuses(IcmpKind::beyond_scope, "2001:2::2"));
    CHECK(refuses(IcmpKind::host_prohibited, "2001:2::2"));  // 1/1, administratively prohibited

    World client("role: client\n");
    client.engine.dial(
        {0, *wire::IpAddress::parse("198.18.0.2"), {*wire::IpAddress::parse("198.18.0.1"), 8080}},
        client.now);
    client.pass(0s);
    client.arrives(error_about(client.take().at(0), IcmpKind::host_prohibited));
    CHECK(client.all<event::Notice>().back().text.find("(host-prohibited)") != std::string::npos);
}
