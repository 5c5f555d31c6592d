#include "ghostpeer/wire/codec.hpp"
#include "packets/packets.hpp"

#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::wire;
using namespace ghostpeer::packets;
using namespace ghostpeer::test;

namespace {

std::optional<Bytes> port_unreachable(std::span<const std::uint8_t> packet) {
    return icmp_error({IcmpKind::port_unreachable}, packet);
}

Bytes echo_request_v4() {
    Bytes packet = from_hex(
        "45000023000140004001 0000c6120001c6120002"
        "0800 0000 1234 0007 70696e67313233");
    repair_v4(packet);
    const auto sum = ones_complement_sum(std::span(packet).subspan(20));
    packet[22] = static_cast<std::uint8_t>(~sum >> 8);
    packet[23] = static_cast<std::uint8_t>(~sum);
    return packet;
}

Bytes v6_packet(std::uint8_t protocol, std::size_t checksum_at, const Bytes& payload) {
    const auto source = *IpAddress::parse("2001:2::1");
    const auto destination = *IpAddress::parse("2001:2::2");
    Bytes packet{0x60, 0, 0, 0, 0, static_cast<std::uint8_t>(payload.size()), protocol, 64};
    packet.insert(packet.end(), source.bytes().begin(), source.bytes().end());
    packet.insert(packet.end(), destination.bytes().begin(), destination.bytes().end());
    packet.insert(packet.end(), payload.begin(), payload.end());
    const auto length = static_cast<std::uint32_t>(payload.size());
    const auto sum =
        ones_complement_sum(payload, pseudo_header_sum(source, destination, protocol, length));
    packet[40 + checksum_at] = static_cast<std::uint8_t>(~sum >> 8);
    packet[41 + checksum_at] = static_cast<std::uint8_t>(~sum);
    return packet;
}

bool sums_up_v6(const Bytes& packet, std::uint8_t protocol) {
    const auto payload = std::span(packet).subspan(40);
    return ones_complement_sum(
               payload,
               pseudo_header_sum(*IpAddress::parse("2001:2::2"), *IpAddress::parse("2001:2::1"),
                                 protocol, static_cast<std::uint32_t>(payload.size()))) == 0xffff;
}

}  // namespace

TEST_CASE("wire: port unreachable is the one that Linux sends, but for the identification") {
    Bytes expected = linux_port_unreachable_v4();
    auto answer = port_unreachable(linux_udp_v4());
    REQUIRE(answer);
    (*answer)[4] = expected[4];
    (*answer)[5] = expected[5];
    repair_v4(*answer);
    CHECK(*answer == expected);
}

TEST_CASE("wire: port unreachable quotes no more than the RFCs allow") {
    Bytes large = linux_udp_v4();
    large.resize(1500, 'x');
    large[2] = 1500 >> 8;
    large[3] = 1500 & 0xff;
    repair_v4(large);
    CHECK(port_unreachable(large)->size() == 576);

    Bytes v6 = v6_packet(17, 6, from_hex("ad150009000d000068656c6c6f"));
    const auto answer = port_unreachable(v6);
    REQUIRE(answer);
    CHECK((*answer)[40] == 1);
    CHECK((*answer)[41] == 4);
    CHECK(sums_up_v6(*answer, 58));
    CHECK(std::equal(v6.begin(), v6.end(), answer->begin() + 48, answer->end()));
    v6.resize(1500, 'x');
    v6[4] = (1500 - 40) >> 8;
    v6[5] = (1500 - 40) & 0xff;
    CHECK(port_unreachable(v6)->size() == 1280);
}

TEST_CASE("wire: no port unreachable where RFC 1122, 3.2.2, forbids it") {
    const auto refused = [](Bytes packet, std::size_t at, std::uint8_t value) {
        packet[at] = value;
        repair_v4(packet);
        return !port_unreachable(packet);
    };
    CHECK_FALSE(port_unreachable(linux_port_unreachable_v4()));
    CHECK_FALSE(port_unreachable(echo_request_v4()));
    CHECK(refused(linux_udp_v4(), 7, 1));     // a fragment
    CHECK(refused(linux_udp_v4(), 16, 224));  // to a group
    CHECK(refused(linux_udp_v4(), 16, 255));
    CHECK(refused(linux_udp_v4(), 12, 224));  // from a group
    CHECK(refused(linux_udp_v4(), 9, 50));    // a protocol without ports
    CHECK_FALSE(refused(linux_udp_v4(), 12, 10));
    Bytes from_nobody = linux_udp_v4();
    std::fill_n(from_nobody.begin() + 12, 4, std::uint8_t{0});
    repair_v4(from_nobody);
    CHECK_FALSE(port_unreachable(from_nobody));
    Bytes to_group = v6_packet(17, 6, from_hex("ad150009000d000068656c6c6f"));
    to_group[24] = 0xff;
    CHECK_FALSE(port_unreachable(to_group));
    CHECK_FALSE(port_unreachable({}));
}

TEST_CASE("wire: a protocol that nobody speaks is named in the answer") {
    Bytes packet = linux_udp_v4();
    packet[9] = 132;
    repair_v4(packet);
    CHECK(std::get<OtherPacket>(decode(packet)).foreign);
    const auto answer = protocol_unreachable(packet);
    REQUIRE(answer);
    CHECK((*answer)[20] == 3);
    CHECK((*answer)[21] == 2);
    CHECK(ones_complement_sum(std::span(*answer).subspan(20)) == 0xffff);
    CHECK(std::equal(packet.begin(), packet.end(), answer->begin() + 28, answer->end()));
    packet[16] = 224;
    repair_v4(packet);
    CHECK_FALSE(protocol_unreachable(packet));

    // Behind a header of destination options.
    const Bytes packet_v6 = v6_packet(60, 2, from_hex("8400010400000000 01020304"));
    const auto answer_v6 = protocol_unreachable(packet_v6);
    REQUIRE(answer_v6);
    CHECK((*answer_v6)[40] == 4);
    CHECK((*answer_v6)[41] == 1);
    CHECK((*answer_v6)[47] == 40);  // where the number stands
    CHECK(sums_up_v6(*answer_v6, 58));
    for (const unsigned spoken : {2U, 17U, 58U, 59U}) {
        CAPTURE(spoken);
        const auto other = decode(v6_packet(static_cast<std::uint8_t>(spoken), 6, Bytes(8)));
        CHECK_FALSE(
            (std::holds_alternative<OtherPacket>(other) && std::get<OtherPacket>(other).foreign));
    }
}

TEST_CASE("wire: an echo request is answered with its own data") {
    const Bytes request = echo_request_v4();
    const auto reply = echo_reply(request);
    REQUIRE(reply);
    CHECK(reply->size() == request.size());
    CHECK((*reply)[20] == 0);
    CHECK(std::equal(reply->begin() + 24, reply->end(), request.begin() + 24, request.end()));
    CHECK(std::equal(reply->begin() + 12, reply->begin() + 16, request.begin() + 16));
    CHECK(std::equal(reply->begin() + 16, reply->begin() + 20, request.begin() + 12));
    CHECK(ones_complement_sum(std::span(*reply).first(20)) == 0xffff);
    CHECK(ones_complement_sum(std::span(*reply).subspan(20)) == 0xffff);

    const Bytes request_v6 = v6_packet(58, 2, from_hex("8000 0000 1234 0007 70696e67"));
    const Decoded decoded = decode(request_v6);
    REQUIRE(std::holds_alternative<OtherPacket>(decoded));
    CHECK(std::get<OtherPacket>(decoded).echo_request);
    const auto reply_v6 = echo_reply(request_v6);
    REQUIRE(reply_v6);
    CHECK((*reply_v6)[40] == 129);
    CHECK(sums_up_v6(*reply_v6, 58));
    CHECK(std::equal(reply_v6->begin() + 44, reply_v6->end(), request_v6.begin() + 44));
}

TEST_CASE("wire: only a right echo request is answered") {
    Bytes bent = echo_request_v4();
    bent.back() ^= 1;
    CHECK_FALSE(echo_reply(bent));
    CHECK_FALSE(echo_reply(*echo_reply(echo_request_v4())));
    CHECK_FALSE(echo_reply(linux_udp_v4()));
    CHECK_FALSE(echo_reply(linux_syn()));
    CHECK_FALSE(echo_reply({}));
}

TEST_CASE("wire: ICMP errors, byte for byte") {
    const Bytes quoted = linux_data();
    const auto error = [&](IcmpKind kind, std::string_view head, std::uint16_t mtu = 0) {
        const auto packet = icmp_error({kind, mtu}, quoted);
        REQUIRE(packet);
        Bytes expected = from_hex(head);
        expected.insert(expected.end(), quoted.begin(), quoted.end());
        const auto sum = ones_complement_sum(expected);
        expected[2] = static_cast<std::uint8_t>(~sum >> 8);
        expected[3] = static_cast<std::uint8_t>(~sum);
        CHECK(Bytes(packet->begin() + 20, packet->end()) == expected);
        CHECK(packet->size() == (*packet)[2] * 256U + (*packet)[3]);
        CHECK((*packet)[9] == 1);
        CHECK(std::equal(packet->begin() + 12, packet->begin() + 16, quoted.begin() + 16));
        CHECK(std::equal(packet->begin() + 16, packet->begin() + 20, quoted.begin() + 12));
        CHECK(ones_complement_sum(std::span(*packet).first(20)) == 0xffff);
    };
    error(IcmpKind::port_unreachable, "0303 0000 00000000");
    error(IcmpKind::host_unreachable, "0301 0000 00000000");
    error(IcmpKind::net_unreachable, "0300 0000 00000000");
    error(IcmpKind::admin_prohibited, "030d 0000 00000000");
    error(IcmpKind::ttl_exceeded, "0b00 0000 00000000");
    error(IcmpKind::fragmentation_needed, "0304 0000 000004b0", 1200);
    error(IcmpKind::port_unreachable, "0303 0000 00000000", 1200);
}

TEST_CASE("wire: ICMPv6 errors, byte for byte") {
    const Bytes quoted = linux_syn_v6();
    const auto error = [&](IcmpKind kind, std::string_view head, std::uint16_t mtu = 0) {
        const auto packet = icmp_error({kind, mtu}, quoted);
        REQUIRE(packet);
        Bytes expected = from_hex(head);
        expected.insert(expected.end(), quoted.begin(), quoted.end());
        Bytes seen(packet->begin() + 40, packet->end());
        CHECK(sums_up_v6(*packet, 58));
        seen[2] = seen[3] = 0;
        CHECK(seen == expected);
    };
    error(IcmpKind::port_unreachable, "0104 0000 00000000");
    error(IcmpKind::host_unreachable, "0103 0000 00000000");
    error(IcmpKind::net_unreachable, "0100 0000 00000000");
    error(IcmpKind::admin_prohibited, "0101 0000 00000000");
    error(IcmpKind::ttl_exceeded, "0300 0000 00000000");
    error(IcmpKind::fragmentation_needed, "0200 0000 00000500", 1280);
    error(IcmpKind::fragmentation_needed, "0200 0000 0000ffff", 65535);
}

TEST_CASE("wire: the kinds of ICMP errors and their words") {
    for (int i = 0; i <= static_cast<int>(IcmpKind::fragmentation_needed); ++i) {
        const auto kind = static_cast<IcmpKind>(i);
        CHECK(parse_icmp_kind(name(kind)) == kind);
    }
    CHECK(name(IcmpKind::fragmentation_needed) == "frag-needed");
    CHECK_FALSE(parse_icmp_kind("echo"));
}

TEST_CASE("wire: an error about a segment is read back, and nothing else is taken for one") {
    Segment segment;
    segment.source = {*IpAddress::parse("198.18.0.2"), 80};
    segment.destination = {*IpAddress::parse("198.18.0.1"), 40'000};
    segment.seq = SeqNum(0xfffffff0);
    segment.payload.assign(1000, 'x');
    for (const bool v4 : {true, false}) {
        CAPTURE(v4);
        if (!v4) {
            segment.source.address = *IpAddress::parse("2001:2::2");
            segment.destination.address = *IpAddress::parse("2001:2::1");
        }
        for (const auto kind :
             {IcmpKind::port_unreachable, IcmpKind::host_unreachable, IcmpKind::net_unreachable,
              IcmpKind::admin_prohibited, IcmpKind::ttl_exceeded, IcmpKind::fragmentation_needed}) {
            const auto error = icmp_error({kind, 1300}, encode(segment));
            REQUIRE(error);
            const auto report = decode_icmp_error(*error);
            REQUIRE(report);
            CHECK(report->kind == kind);
            CHECK(report->flow == Flow{segment.source, segment.destination});
            CHECK(report->seq == segment.seq);
            CHECK(report->mtu == (kind == IcmpKind::fragmentation_needed ? 1300 : 0));
            // Damaged, or cut short at any length.
            for (std::size_t at = v4 ? 20 : 40; at < error->size(); at += 37) {
                Bytes damaged = *error;
                damaged[at] ^= 0x10;
                CHECK_FALSE(decode_icmp_error(damaged));
            }
            for (std::size_t size = 0; size < error->size(); size += 7) {
                CHECK_FALSE(decode_icmp_error(std::span(*error).first(size)));
            }
        }
    }
    CHECK_FALSE(decode_icmp_error(encode(segment)));
    CHECK_FALSE(decode_icmp_error(echo_request_v4()));
    CHECK_FALSE(decode_icmp_error(*port_unreachable(linux_udp_v4())));
}

TEST_CASE("icmp: what comes back is told by its own name, and a redirect is no error") {
    Segment segment;
    segment.source = {*IpAddress::parse("198.18.0.2"), 80};
    segment.destination = {*IpAddress::parse("198.18.0.1"), 40'000};
    Segment v6 = segment;
    v6.source.address = *IpAddress::parse("2001:2::2");
    v6.destination.address = *IpAddress::parse("2001:2::1");
    const auto read = [](IcmpKind kind, const Segment& about) -> std::optional<IcmpKind> {
        IcmpMessage message{kind};
        if (is_redirect(kind)) {
            message.gateway = about.source.address;
        }
        const auto error = icmp_error(message, encode(about));
        REQUIRE(error);
        const auto report = decode_icmp_error(*error);
        return report ? std::optional(report->kind) : std::nullopt;
    };
    for (std::size_t i = 0; i < icmp_kind_count; ++i) {
        const auto kind = static_cast<IcmpKind>(i);
        CAPTURE(name(kind));
        const bool counts = is_unreachable(kind) || kind == IcmpKind::fragmentation_needed;
        if (exists(kind, true)) {
            CHECK(read(kind, segment) == (counts ? std::optional(kind) : std::nullopt));
        }
        if (exists(kind, false)) {
            CHECK(read(kind, v6).has_value() == counts);
        }
    }
    CHECK(read(IcmpKind::host_prohibited, v6) == IcmpKind::admin_prohibited);
    CHECK(read(IcmpKind::beyond_scope, v6) == IcmpKind::beyond_scope);
}
