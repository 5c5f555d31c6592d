// What comes from elsewhere than the peer, and what stands between IP and TCP.
#include "profile_samples.hpp"
#include "support/peer_harness.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "wire/md5.hpp"

#include <array>
#include <span>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

namespace {

std::string act(const std::string& action) {
    return rule_problems("{on: send data, do: " + action + "}");
}

/// The ICMP packets that one action made on a connection.
std::vector<wire::Bytes> icmp(const std::string& what, std::string_view to = "198.18.0.2") {
    World world("rules:\n  - {on: receive data, do: {icmp: " + what + "}, optional: true}\n");
    Socket socket(world, 40'000, to);
    socket.connect();
    socket.send_data("abc");
    return world.other_packets();
}

/// Offsets of IPv4 fragments, in bytes.
std::vector<int> offsets(const std::vector<wire::Bytes>& packets) {
    std::vector<int> all;
    all.reserve(packets.size());
    for (const auto& packet : packets) {
        all.push_back(((packet[6] << 8 | packet[7]) & 0x1fff) * 8);
    }
    return all;
}

/// A peer that says 100 bytes, in fragments that have these fates.
std::string in_fragments(const std::string& fates) {
    return "tcp: {timestamps: off}\n"
           "rules:\n"
           "  - {on: enter established, do: {say: {bytes: 100}}}\n"
           "  - {on: send data, first: 1, do: {fragment: {size: 48, " +
           fates + "}}}\n";
}

std::vector<int> fragments(const std::string& fates) {
    World world(in_fragments(fates));
    Socket socket(world);
    socket.connect();
    return offsets(world.other_packets());
}

/// The first segment that left for a reason, as it was on the wire.
wire::Bytes packet_with(const std::string& fields, std::string_view to = "198.18.0.2") {
    World world("rules:\n  - {on: enter established, do: {send: {" + fields + "}}}\n");
    Socket socket(world, 40'000, to);
    socket.send_syn();
    const auto answers = world.take();
    REQUIRE(answers.size() == 1);
    socket.rcv_nxt = answers[0].seq + 1;
    world.engine.on_packet(wire::encode(socket.segment(Flags::ack)), world.now);
    std::vector<peer::Emission> emissions;
    world.engine.take_packets(emissions);
    REQUIRE(emissions.size() == 1);
    return emissions[0].packet;
}

}  // namespace

TEST_CASE("icmp: from a router, with all kinds that there are") {
    const auto from = icmp("{kind: host-unreachable, from: 198.18.255.1}");
    REQUIRE(from.size() == 1);
    CHECK(wire::Bytes(from[0].begin() + 12, from[0].begin() + 16) == wire::Bytes{198, 18, 255, 1});
    CHECK(from[0][20] == 3);
    CHECK(from[0][21] == 1);
    const auto quench = icmp("source-quench");
    REQUIRE(quench.size() == 1);
    CHECK(quench[0][20] == 4);
    const auto problem = icmp("{kind: parameter-problem, pointer: 20}");
    REQUIRE(problem.size() == 1);
    CHECK(problem[0][20] == 12);
    CHECK(problem[0][24] == 20);
    const auto redirect = icmp("{kind: redirect, gateway: 198.18.0.9}");
    REQUIRE(redirect.size() == 1);
    CHECK(redirect[0][20] == 5);
    CHECK(redirect[0][21] == 1);
    CHECK(wire::Bytes(redirect[0].begin() + 24, redirect[0].begin() + 28) ==
          wire::Bytes{198, 18, 0, 9});
    CHECK(wire::decode_icmp_error(from[0]).has_value());
}

TEST_CASE("icmp: what one version of IP does not have is not sent there") {
    CHECK(icmp("source-quench", "2001:2::2").empty());
    CHECK(icmp("policy-failed").empty());
    CHECK(icmp("{kind: host-unreachable, from: \"2001:2::9\"}").empty());
    const auto scope = icmp("beyond-scope", "2001:2::2");
    REQUIRE(scope.size() == 1);
    CHECK(scope[0][40] == 1);
    CHECK(scope[0][41] == 2);
}

TEST_CASE("icmp: a redirect of IPv6 has the checksum and the limit of a neighbour's") {
    const auto redirect = icmp("{kind: redirect, gateway: \"fe80::9\"}", "2001:2::2");
    REQUIRE(redirect.size() == 1);
    const wire::Bytes& packet = redirect[0];
    CHECK(packet[7] == 255);
    CHECK(packet[40] == 137);
    CHECK(packet[48] == 0xfe);
    CHECK(packet[80] == 4);  // the redirected header
    CHECK(packet.size() % 8 == 0);
    const auto body = std::span(packet).subspan(40);
    const auto pseudo = wire::pseudo_header_sum(*wire::IpAddress::parse("2001:2::2"),
                                                *wire::IpAddress::parse("2001:2::1"), 58,
                                                static_cast<std::uint32_t>(body.size()));
    CHECK(wire::ones_complement_sum(body, pseudo) == 0xffff);
}

TEST_CASE("a forged segment from another address is none of the connection") {
    World world(
        "rules:\n"
        "  - {on: receive data, do: {send: {flags: R, from: \"198.18.0.9:81\"}}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    const auto left = world.take();
    const auto forged = std::find_if(
        left.begin(), left.end(), [](const Segment& segment) { return segment.has(Flags::rst); });
    REQUIRE(forged != left.end());
    CHECK(forged->source.to_string() == "198.18.0.9:81");
    socket.send_data("def");
    CHECK(!world.take().empty());
    CHECK(world.engine.live_connections() == 1);
}

TEST_CASE("single fragments are lost, sent twice, later, earlier") {
    CHECK(fragments("lose: 2") == std::vector{0, 96});
    CHECK(fragments("twice: [1, 3]") == std::vector{0, 0, 48, 96, 96});
    CHECK(fragments("order: reversed") == std::vector{96, 48, 0});
    CHECK(fragments("overlap: 8") == std::vector{0, 40, 88});
    World late(in_fragments("late: {2: 100ms}"));
    Socket socket(late);
    socket.connect();
    CHECK(offsets(late.other_packets()) == std::vector{0, 96});
    late.until(99ms);
    CHECK(late.other_packets().size() == 2);
    late.until(100ms);
    CHECK(offsets(late.other_packets()) == std::vector{0, 96, 48});
    CHECK(act("{fragment: {lose: 1}}").find("`fragment` needs a `size`") != std::string::npos);
    CHECK(act("{fragment: {size: 16, overlap: 16}}") ==
          "`overlap` has to be shorter than `size`\n");
}

TEST_CASE("options that the peer does not speak stand behind its own") {
    const auto packet = packet_with("fast_open: 0123456789abcdef, accecn: [1, 2, 3]");
    const auto decoded = wire::decode(packet);
    const auto* segment = std::get_if<Segment>(&decoded);
    REQUIRE(segment != nullptr);
    CHECK(segment->options.skipped == std::array<std::uint8_t, 4>{34, 172, 0, 0});
    CHECK(act("{set: {fast_open: ''}}").find("`fast_open` takes `off`, `request`, or a cookie") !=
          std::string::npos);
    CHECK(act("{set: {options: '01', fast_open: request}}").find("cannot stand beside") !=
          std::string::npos);
}

TEST_CASE("a segment is signed as RFC 2385 says") {
    const auto packet = packet_with("md5: secret, payload: hello");
    CHECK(std::get<wire::Oddity>(wire::decode(packet)) == wire::Oddity::signed_tcp);
    const auto tcp = std::span(packet).subspan(20);
    const std::size_t header = std::size_t{tcp[12]} / 16 * 4;
    const auto expected = wire::signature(tcp, header, *wire::IpAddress::parse("198.18.0.2"),
                                          *wire::IpAddress::parse("198.18.0.1"), "secret");
    CHECK(
        std::equal(expected.begin(), expected.end(), tcp.begin() + static_cast<long>(header - 16)));
    const std::string abc = "abc";
    const auto digest = wire::md5({reinterpret_cast<const std::uint8_t*>(abc.data()), abc.size()});
    CHECK(digest[0] == 0x90);
    CHECK(digest[15] == 0x72);
    CHECK(act("{set: {md5: ''}}").find("`md5` takes a key of 1 to 80 bytes") != std::string::npos);
}

TEST_CASE("IP options and extension headers stand before the segment") {
    const auto v4 = packet_with("ip_options: 94040000");
    CHECK(v4[0] == 0x46);
    CHECK(v4[20] == 0x94);
    CHECK(std::holds_alternative<Segment>(wire::decode(v4)));
    const auto v6 =
        packet_with("extension_headers: [hop-by-hop, {destination: 01040000 0000}]", "2001:2::2");
    CHECK(v6[6] == 0);
    CHECK(v6[40] == 60);
    CHECK(v6[48] == 6);
    CHECK(std::holds_alternative<Segment>(wire::decode(v6)));
    CHECK(act("{set: {extension_headers: hop-by-hp}}").find("did you mean `hop-by-hop`?") !=
          std::string::npos);
}

TEST_CASE("what sources and gateways may be is checked") {
    CHECK(act("{set: {from: 198.18.0.9}}").empty());
    CHECK(act("{send: {from: ':81'}}").empty());
    CHECK(act("{send: {from: '[2001:2::9]:81'}}").empty());
    CHECK(act("{send: {from: 300.1.1.1}}").find("`from` takes an address, a port or both") !=
          std::string::npos);
    CHECK(rule_problems("{on: receive data, do: {set: {from: 198.18.0.9}}}")
              .find("`from` is for segments that leave") != std::string::npos);
    CHECK(act("{icmp: redirect}").find("needs a gateway") != std::string::npos);
    CHECK(act("{icmp: {kind: host-unreachable, gateway: 198.18.0.9}}")
              .find("only a redirect names a gateway") != std::string::npos);
    CHECK(act("{icmp: {kind: host-unreachable, pointer: 3}}").find("point at a byte") !=
          std::string::npos);
}

TEST_CASE("a source of the other version of IP is refused where that is known, else said") {
    const auto rule = [](const std::string& when, const std::string& action) {
        return rule_problems("{on: send data, when: {" + when + "}, do: " + action + "}");
    };
    CHECK(rule("family: 6", "{set: {from: 198.18.0.9}}") ==
          "198.18.0.9 is no address of IPv6, and the rule is for that alone\n");
    CHECK(rule("address: 198.18.0.0/16", "{send: {from: '[2001:2::9]:81'}}")
              .find("2001:2::9 is no address of IPv4") != std::string::npos);
    CHECK(rule("family: 6", "{icmp: {kind: host-unreachable, from: 198.18.0.9}}")
              .find("198.18.0.9 is no address of IPv6") != std::string::npos);
    CHECK(rule("family: 6", "{icmp: source-quench}").find("ICMPv6 has no `source-quench`") !=
          std::string::npos);
    CHECK(rule("address: [198.18.0.2, '2001:2::2']", "{set: {from: 198.18.0.9}}").empty());
    CHECK(rule("family: 4", "{set: {from: 198.18.0.9}}").empty());

    for (const std::string action : {"set", "send"}) {
        World world("rules:\n  - {on: send syn-ack, do: {" + action +
                    ": {from: \"198.18.0.9:81\"}}, optional: true}\n");
        Socket socket(world, 40'000, "2001:2::2");
        socket.send_syn();
        const auto left = world.take();
        REQUIRE(left.size() == 1);
        CHECK(left[0].source.to_string() == "[2001:2::2]:80");
        CHECK(world.rule(0).fired == 0);
        CHECK(world.all<event::Notice>().at(0).text ==
              "`" + action +
                  "` did nothing: the address of its `from` is not of the connection's version of "
                  "IP.");
    }
}

TEST_CASE("a SYN-ACK that seems to come from elsewhere is no answer") {
    World world("rules:\n  - {on: send syn-ack, do: {set: {from: ':81'}}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.engine.attempts().at(0).ending == event::Ending::unanswered);
}

TEST_CASE("lost fragments are told and counted") {
    const auto outcome = [](const std::string& fates, std::size_t size = 48) {
        World world(
            "tcp: {timestamps: off}\nrules:\n"
            "  - {on: enter established, do: {say: {bytes: 100}}}\n"
            "  - {on: send data, first: 1, do: {fragment: {size: " +
            std::to_string(size) + ", " + fates + "}}, optional: true}\n");
        Socket socket(world);
        socket.connect();
        const auto& told = world.all<event::Segment>();
        const auto& forgery = told.back().forgery;
        return std::tuple(told.back().fate, forgery && forgery->changes.back() == "lose",
                          world.rule(1).withheld, world.rule(1).fired);
    };
    CHECK(outcome("lose: 2") == std::tuple(Fate::edited, true, 1, 1));
    CHECK(outcome("lose: [1, 2, 3]") == std::tuple(Fate::dropped, true, 1, 1));
    CHECK(outcome("lose: 9") == std::tuple(Fate::edited, false, 0, 1));
    CHECK(outcome("lose: 1", 1000) == std::tuple(Fate::edited, false, 0, 0));  // it stays whole
}

TEST_CASE("a late fragment does not leave through a blackhole") {
    World world(
        "rules:\n"
        "  - {on: enter established, do: {say: {bytes: 100}}}\n"
        "  - {on: enter established, after: 50ms, do: {blackhole: out}}\n"
        "  - {on: send data, first: 1, do: {fragment: {size: 48, late: {2: 100ms}}}}\n");
    Socket socket(world);
    socket.connect();
    const auto before = world.other_packets().size();
    world.until(150ms);
    CHECK(world.other_packets().size() == before);
    CHECK(world.rule(1).withheld == 1);
}

TEST_CASE("IP options and signatures count in the size of a packet that is cut") {
    // 60 bytes of TCP and 4 of options of IP: behind the header, 60 are there to be cut.
    World world(
        "tcp: {timestamps: off, md5: secret}\nrules:\n"
        "  - {on: send syn-ack, do: {fragment: 24}}\n");
    Socket socket(world);
    wire::Distortion how;
    how.md5_key = "secret";
    world.arrives(wire::encode(socket.segment(Flags::syn), how));
    CHECK(world.other_packets().size() == 2);
    CHECK(world.rule(0).fired == 1);
}
