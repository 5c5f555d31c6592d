#include "ghostpeer/wire/codec.hpp"
#include "packets/packets.hpp"

#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using namespace ghostpeer;
using namespace ghostpeer::wire;
using namespace ghostpeer::test;

namespace {

/// What decode makes of a packet, as text, so that failures are readable.
std::string verdict(const Bytes& packet, const DecodeOptions& options = {}) {
    const Decoded decoded = decode(packet, options);
    if (const auto* oddity = std::get_if<Oddity>(&decoded)) {
        return std::string(describe(*oddity));
    }
    if (const auto* other = std::get_if<OtherPacket>(&decoded)) {
        return "protocol " + std::to_string(other->protocol);
    }
    return "segment";
}

bool reads_same(const Bytes& a, const Bytes& b) { return decode(a) == decode(b); }

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
    packet.at(at) = value;
    return packet;
}

Bytes repaired(Bytes packet) {
    repair_v4(packet);
    return packet;
}

Bytes insert_v6_header(Bytes packet, std::uint8_t kind, Bytes header) {
    header[0] = packet[6];
    packet[6] = kind;
    packet[5] = static_cast<std::uint8_t>(packet[5] + header.size());
    packet.insert(packet.begin() + 40, header.begin(), header.end());
    return packet;
}

}  // namespace

TEST_CASE("wire: what is no IP packet") {
    CHECK(verdict({}) == "not an IP packet");
    CHECK(verdict({0x50, 0, 0}) == "not an IP packet");
    CHECK(verdict(Bytes(1500, 0xff)) == "not an IP packet");
    Bytes mapped = linux_syn_v6();
    const auto source = IpAddress::v4(1).bytes();
    std::copy(source.begin(), source.end(), mapped.begin() + 8);
    CHECK(verdict(mapped) == "not an IP packet");
}

TEST_CASE("wire: every prefix of a packet is truncated, never a segment") {
    for (const Bytes& packet : {linux_data(), linux_syn_v6()}) {
        for (std::size_t size = 1; size < packet.size(); ++size) {
            CAPTURE(size);
            const auto cut = packet.begin() + static_cast<std::ptrdiff_t>(size);
            REQUIRE(verdict(Bytes(packet.begin(), cut)) == "truncated IP packet");
        }
    }
}

TEST_CASE("wire: lengths of the IPv4 header that cannot be") {
    CHECK(verdict(with(linux_syn(), 0, 0x44)) == "truncated IP packet");  // IHL below 5
    CHECK(verdict(with(linux_syn(), 3, 19)) == "truncated IP packet");    // total below IHL
    CHECK(verdict(with(linux_syn(), 3, 0)) == "truncated IP packet");
    CHECK(verdict(with(linux_syn(), 3, 61)) == "truncated IP packet");  // beyond the packet
    CHECK(verdict(repaired(with(linux_syn(), 3, 39))) == "truncated TCP header");
}

TEST_CASE("wire: bytes after the packet's own length are ignored") {
    Bytes padded = linux_data();
    padded.resize(padded.size() + 6, 0xee);
    CHECK(reads_same(padded, linux_data()));
    padded = linux_syn_v6();
    padded.resize(padded.size() + 6, 0xee);
    CHECK(reads_same(padded, linux_syn_v6()));
}

TEST_CASE("wire: checksums are verified unless the link says otherwise") {
    CHECK(verdict(with(linux_syn(), 10, 0)) == "bad IP checksum");
    CHECK(verdict(with(linux_syn(), 36, 0)) == "bad TCP checksum");
    CHECK(verdict(with(linux_syn_v6(), 57, 0)) == "bad TCP checksum");
    CHECK(verdict(with(linux_syn(), 36, 0), {.verify_checksums = false}) == "segment");
    CHECK(verdict(with(linux_syn(), 10, 0), {.verify_checksums = false}) == "segment");
}

TEST_CASE("wire: fragments are told apart") {
    CHECK(verdict(repaired(with(linux_syn(), 6, 0x20))) ==
          "IP fragment whose packet did not become whole");
    CHECK(verdict(repaired(with(linux_syn(), 7, 0x01))) ==
          "IP fragment whose packet did not become whole");
    CHECK(verdict(insert_v6_header(linux_syn_v6(), 44, Bytes(8))) ==
          "IP fragment whose packet did not become whole");
}

TEST_CASE("wire: the TCP header's own length is checked") {
    CHECK(verdict(repaired(with(linux_syn(), 32, 0x40))) == "truncated TCP header");
    CHECK(verdict(repaired(with(linux_syn(), 32, 0xb0))) == "truncated TCP header");
    CHECK(verdict(repaired(with(linux_syn(), 32, 0x00))) == "truncated TCP header");
    CHECK(verdict(insert_v6_header(linux_syn_v6(), 60, from_hex("0004010400000000"))) ==
          "truncated TCP header");
}

TEST_CASE("wire: of malformed TCP options counts what can be read") {
    const auto options_of = [](std::initializer_list<std::uint8_t> bytes) {
        const Decoded decoded = decode(syn_with_options(bytes));
        REQUIRE(std::holds_alternative<Segment>(decoded));
        return std::get<Segment>(decoded).options;
    };
    SUBCASE("a length that cannot be ends the options") {
        CHECK(options_of({2, 0, 5, 0xb4, 4, 2, 1, 1}) == Options{});
        CHECK(options_of({2, 1, 5, 0xb4, 4, 2, 1, 1}) == Options{});
        CHECK(options_of({2, 5, 5, 0xb4}) == Options{});  // runs over the header
        CHECK(options_of({99, 255, 0, 0}) == Options{});
        CHECK(options_of({1, 1, 1, 8}) == Options{});  // no length at all
        CHECK(options_of({2, 4, 5, 0xb4, 8, 0, 0, 0}).mss == 1460);
    }
    SUBCASE("a known option of another length is passed over") {
        CHECK(options_of({2, 3, 5, 1, 4, 2, 1, 1}).sack_permitted);
        CHECK(options_of({2, 2, 4, 2}).sack_permitted);
        CHECK(options_of({3, 4, 7, 7, 2, 4, 5, 0xb4}).mss == 1460);
        CHECK(options_of({4, 3, 0, 1}) == Options{.skipped = {4}});
        CHECK(options_of({8, 4, 0, 0, 3, 3, 7, 1}).window_scale == 7);
        CHECK(options_of({5, 2, 1, 1}) == Options{.skipped = {5}});
        // Half a SACK block.
        CHECK(options_of({5, 6, 0, 0, 0, 0, 1, 1}) == Options{.skipped = {5}});
    }
}

TEST_CASE("wire: a signed segment is for nobody here") {
    CHECK(verdict(syn_with_options(
              {1, 1, 19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})) ==
          "TCP segment with an MD5 signature (RFC 2385)");
}

TEST_CASE("wire: options that are odd and still right") {
    const auto options_of = [](std::initializer_list<std::uint8_t> bytes) {
        const Decoded decoded = decode(syn_with_options(bytes));
        REQUIRE(std::holds_alternative<Segment>(decoded));
        return std::get<Segment>(decoded).options;
    };
    CHECK(options_of({}) == Options{});
    CHECK(options_of({1, 1, 1, 1}) == Options{});
    CHECK(options_of({0, 2, 0, 0}) == Options{});  // nothing counts after the end
    CHECK(options_of({2, 4, 5, 0xb4, 0, 2, 4, 1}).mss == 1460);
    CHECK(options_of({2, 4, 0, 1, 2, 4, 0, 2}).mss == 2);  // the last one counts
    CHECK(options_of({253, 6, 1, 2, 3, 4, 3, 3, 200, 0, 0, 0}).window_scale == 200);
    CHECK(options_of({254, 2, 34, 2}) == Options{.skipped = {254, 34}});  // unknown, no data
}

TEST_CASE("wire: IP options and IPv6 extension headers are skipped") {
    Bytes packet = linux_data();
    packet[0] = 0x46;
    packet[3] = static_cast<std::uint8_t>(packet[3] + 4);
    const Bytes router_alert = from_hex("94040000");
    packet.insert(packet.begin() + 20, router_alert.begin(), router_alert.end());
    repair_v4(packet);
    CHECK(reads_same(packet, linux_data()));

    const Bytes options = from_hex("0000010400000000");
    const Bytes longer = from_hex("0001010c000000000000000000000000");
    Bytes v6 = insert_v6_header(linux_syn_v6(), 60, longer);
    v6 = insert_v6_header(v6, 0, options);
    CHECK(reads_same(v6, linux_syn_v6()));
    v6[41] = 200;  // the header's own length
    CHECK(verdict(v6) == "truncated IP packet");
    // A jumbogram: payload length 0 and a hop-by-hop header that says more.
    Bytes jumbo = insert_v6_header(linux_syn_v6(), 0, from_hex("0000c20400010000"));
    jumbo[4] = jumbo[5] = 0;
    CHECK(verdict(jumbo) == "truncated IP packet");
}

TEST_CASE("wire: other protocols are described") {
    const Decoded udp = decode(linux_udp_v4());
    REQUIRE(std::holds_alternative<OtherPacket>(udp));
    CHECK(std::get<OtherPacket>(udp).protocol == 17);
    CHECK(std::get<OtherPacket>(udp).destination_port == 9);
    CHECK(std::get<OtherPacket>(udp).source.to_string() == "198.18.0.1");
    CHECK(std::get<OtherPacket>(udp).destination.to_string() == "198.18.0.2");
    CHECK_FALSE(std::get<OtherPacket>(udp).echo_request);
    CHECK(verdict(repaired(with(linux_syn(), 9, 132))) == "protocol 132");
    CHECK(verdict(with(linux_syn_v6(), 6, 59)) == "protocol 59");
    CHECK(verdict(with(linux_syn_v6(), 6, 43)) == "protocol 43");
}

TEST_CASE("wire: no bytes whatever make decode fail") {
    std::mt19937 random(7);
    const std::vector<Bytes> seeds{linux_syn(), linux_data(), linux_syn_v6(), linux_udp_v4()};
    for (int i = 0; i < 20000; ++i) {
        Bytes packet = seeds[random() % seeds.size()];
        for (unsigned changes = random() % 8 + 1; changes > 0; --changes) {
            packet[random() % packet.size()] = static_cast<std::uint8_t>(random());
        }
        packet.resize(random() % 4 == 0 ? random() % packet.size() : packet.size());
        const Decoded decoded = decode(packet, {.verify_checksums = false});
        (void)packets::icmp_error({IcmpKind::port_unreachable}, packet);
        (void)packets::echo_reply(packet);
        if (const auto* segment = std::get_if<Segment>(&decoded)) {
            Segment written = *segment;
            written.options.skipped = {};  // which are told, but not written
            const bool same = decode(encode(*segment)) == Decoded(written);
            REQUIRE(same);
        }
    }
}
