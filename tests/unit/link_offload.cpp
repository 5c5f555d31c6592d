#include "link/offload.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "link/big_endian.hpp"
#include "link/burst.hpp"

#include <doctest/doctest.h>

#include <numeric>

using namespace ghostpeer;
using namespace ghostpeer::link;
using wire::Bytes;
using wire::Flags;
using wire::Segment;

namespace {

Segment data_segment(bool v4, std::size_t length) {
    Segment segment;
    segment.source = {*wire::IpAddress::parse(v4 ? "198.18.0.1" : "2001:2::1"), 40000};
    segment.destination = {*wire::IpAddress::parse(v4 ? "198.18.0.2" : "2001:2::2"), 80};
    segment.seq = wire::SeqNum(0xffffff00);
    segment.ack = wire::SeqNum(77);
    segment.flags.bits = Flags::ack | Flags::psh;
    segment.window = 500;
    segment.options.timestamps = wire::Timestamps{1, 2};
    segment.payload.resize(length);
    std::iota(segment.payload.begin(), segment.payload.end(), std::uint8_t{0});
    return segment;
}

std::size_t ip_size(const Bytes& packet) { return packet[0] >> 4 == 4 ? 20 : 40; }

/// As the kernel hands it over: the checksum field holds the pseudo header's sum only.
Bytes with_partial_checksum(Bytes packet) {
    const std::size_t tcp = ip_size(packet);
    const auto length = static_cast<std::uint32_t>(packet.size() - tcp);
    const auto addresses =
        tcp == 20 ? ByteView(packet).subspan(12, 8) : ByteView(packet).subspan(8, 32);
    write_u16(packet, tcp + 16, wire::ones_complement_sum(addresses, length + 6));
    return packet;
}

VirtioHeader to_be_cut(const Bytes& packet, std::uint16_t size, std::size_t link_header = 0) {
    const bool v4 = packet[0] >> 4 == 4;
    return {.flags = VirtioHeader::needs_checksum,
            .gso_type = v4 ? VirtioHeader::gso_tcp_v4 : VirtioHeader::gso_tcp_v6,
            .header_length = 0,
            .gso_size = size,
            .checksum_start = static_cast<std::uint16_t>(link_header + ip_size(packet)),
            .checksum_offset = 16};
}

/// Every packet of the batch must be a segment with right checksums.
std::vector<Segment> segments_of(const PacketBatch& batch) {
    std::vector<Segment> segments;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto decoded = wire::decode(batch[i]);
        REQUIRE(std::holds_alternative<Segment>(decoded));
        segments.push_back(std::get<Segment>(decoded));
    }
    return segments;
}

}  // namespace

TEST_CASE("link: a checksum left to the card is filled in") {
    for (const bool v4 : {true, false}) {
        const Bytes right = wire::encode(data_segment(v4, 101));
        const Bytes partial = with_partial_checksum(right);
        PacketBatch batch;
        VirtioHeader header = to_be_cut(right, 0, 14);
        header.gso_type = VirtioHeader::gso_none;
        append_as_on_wire(batch, partial, header, 14);
        REQUIRE(batch.size() == 1);
        CHECK(Bytes(batch[0].begin(), batch[0].end()) == right);

        // Without the flag nothing is touched, so that a wrong checksum stays wrong.
        append_as_on_wire(batch, partial, {}, 14);
        CHECK(Bytes(batch[1].begin(), batch[1].end()) == partial);
    }
}

TEST_CASE("link: a large packet is cut into the segments that a wire would carry") {
    for (const bool v4 : {true, false}) {
        Segment large = data_segment(v4, 3000);
        large.flags.bits = Flags::ack | Flags::psh | Flags::fin | Flags::cwr;
        Bytes packet = with_partial_checksum(wire::encode(large));
        if (v4) {
            write_u16(packet, 4, 0xffff);
        }
        PacketBatch batch;
        append_as_on_wire(batch, packet, to_be_cut(packet, 1400, 14), 14);
        const auto segments = segments_of(batch);
        REQUIRE(segments.size() == 3);
        Bytes payload;
        for (const Segment& segment : segments) {
            CHECK(segment.seq == large.seq + static_cast<std::uint32_t>(payload.size()));
            CHECK(segment.ack == large.ack);
            CHECK(segment.options == large.options);
            payload.insert(payload.end(), segment.payload.begin(), segment.payload.end());
        }
        CHECK(payload == large.payload);
        CHECK(segments[0].payload.size() == 1400);
        CHECK(segments[2].payload.size() == 200);
        CHECK(segments[0].flags.bits == (Flags::ack | Flags::cwr));
        CHECK(segments[1].flags.bits == Flags::ack);
        CHECK(segments[2].flags.bits == (Flags::ack | Flags::psh | Flags::fin));
        if (v4) {
            CHECK(read_u16(batch[0], 4) == 0xffff);
            CHECK(read_u16(batch[2], 4) == 1);
        }
    }
}

TEST_CASE("link: what cannot be cut is passed on as it is") {
    const Bytes packet = wire::encode(data_segment(true, 3000));
    const auto passed_on = [&](const Bytes& bytes, VirtioHeader header) {
        PacketBatch batch;
        append_as_on_wire(batch, bytes, header);
        return batch.size() == 1 && batch[0].size() == bytes.size();
    };
    CHECK_FALSE(passed_on(packet, to_be_cut(packet, 1400)));
    CHECK(passed_on(packet, to_be_cut(packet, 0)));
    CHECK(passed_on(packet, to_be_cut(packet, 3000)));
    VirtioHeader header = to_be_cut(packet, 1400);
    header.gso_type = 3;  // UDP
    CHECK(passed_on(packet, header));
    header.gso_type = VirtioHeader::gso_tcp_v6;
    CHECK(passed_on(packet, header));
    header = to_be_cut(packet, 1400);
    for (std::size_t size = 0; size < 52; ++size) {
        CHECK(passed_on(Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)),
                        header));
    }
    Bytes bent = packet;
    bent[32] = 0x40;  // data offset below 5
    CHECK(passed_on(bent, header));
    const Bytes v6 = wire::encode(data_segment(false, 3000));
    header = to_be_cut(v6, 1400);
    for (const unsigned start : {0U, 39U, 2990U, 65535U}) {
        header.checksum_start = static_cast<std::uint16_t>(start);
        CHECK(passed_on(v6, header));
    }
    header.gso_type = VirtioHeader::gso_none;
    header.checksum_offset = 65535;
    CHECK(passed_on(v6, header));
}

TEST_CASE("link: a burst is the reverse of cutting") {
    for (const bool v4 : {true, false}) {
        Burst burst;
        std::vector<Segment> sent;
        Segment segment = data_segment(v4, 1000);
        segment.flags.bits = Flags::ack;
        for (int i = 0; i < 5; ++i) {
            if (i == 4) {
                segment.payload.resize(10);
                segment.flags.bits = Flags::ack | Flags::psh;
            }
            REQUIRE(burst.hold(wire::encode(segment)));
            sent.push_back(segment);
            segment.seq = segment.end();
            segment.ip_id = static_cast<std::uint16_t>(v4 ? segment.ip_id + 1 : 0);
        }
        CHECK_FALSE(burst.hold(wire::encode(segment)));  // after a short one
        const VirtioHeader header = burst.header();
        CHECK(header.gso_size == 1000);
        const auto whole = burst.packet();
        CHECK(whole.size() == wire::packet_size(sent[0]) + 3010);
        CHECK(whole.size() == (v4 ? read_u16(whole, 2) : read_u16(whole, 4) + 40));
        PacketBatch batch;
        append_as_on_wire(batch, whole, header);
        CHECK(segments_of(batch) == sent);
        burst.clear();
        CHECK(burst.empty());
    }
}

TEST_CASE("link: a single packet leaves a burst unchanged") {
    Burst burst;
    const Bytes packet = wire::encode(data_segment(true, 100));
    REQUIRE(burst.hold(packet));
    CHECK(burst.header().flags == 0);
    CHECK(burst.header().gso_type == VirtioHeader::gso_none);
    const auto held = burst.packet();
    CHECK(Bytes(held.begin(), held.end()) == packet);
}

TEST_CASE("link: only plain data is held in a burst") {
    const auto holds = [](const Bytes& packet) {
        Burst burst;
        return burst.hold(packet);
    };
    for (const bool v4 : {true, false}) {
        Segment segment = data_segment(v4, 100);
        CHECK(holds(wire::encode(segment)));
        Bytes corrupt = wire::encode(segment);
        corrupt.back() ^= 1;
        CHECK_FALSE(holds(corrupt));
        segment.flags.bits = Flags::ack | Flags::fin;
        CHECK_FALSE(holds(wire::encode(segment)));
        segment.flags.bits = Flags::syn;
        CHECK_FALSE(holds(wire::encode(segment)));
        segment.flags.bits = 0;
        CHECK_FALSE(holds(wire::encode(segment)));
        segment.flags.bits = Flags::ack;
        segment.payload.clear();
        CHECK_FALSE(holds(wire::encode(segment)));
        const Bytes packet = wire::encode(data_segment(v4, 10));
        for (std::size_t size = 0; size < packet.size(); ++size) {
            CHECK_FALSE(
                holds(Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size))));
        }
    }
    Segment fragmentable = data_segment(true, 100);
    fragmentable.dont_fragment = false;
    CHECK_FALSE(holds(wire::encode(fragmentable)));
}

TEST_CASE("link: a burst is continued only by the same flow with the same header") {
    const auto continues = [](auto change) {
        Burst burst;
        Segment segment = data_segment(true, 1000);
        segment.flags.bits = Flags::ack;
        REQUIRE(burst.hold(wire::encode(segment)));
        segment.seq = segment.end();
        segment.ip_id = 1;
        change(segment);
        return burst.hold(wire::encode(segment));
    };
    CHECK(continues([](Segment&) {}));
    CHECK(continues([](Segment& s) { s.flags.bits |= Flags::psh; }));
    CHECK(continues([](Segment& s) { s.payload.resize(1); }));
    CHECK_FALSE(continues([](Segment& s) { s.payload.resize(1001); }));
    CHECK_FALSE(continues([](Segment& s) { s.seq += 1; }));
    CHECK_FALSE(continues([](Segment& s) { s.seq -= 1000; }));
    CHECK_FALSE(continues([](Segment& s) { s.ack += 1; }));
    CHECK_FALSE(continues([](Segment& s) { s.window = 501; }));
    CHECK_FALSE(continues([](Segment& s) { s.ip_id = 0; }));
    CHECK_FALSE(continues([](Segment& s) { s.ip_id = 2; }));
    CHECK_FALSE(continues([](Segment& s) { s.ttl = 63; }));
    CHECK_FALSE(continues([](Segment& s) { s.tos = 1; }));
    CHECK_FALSE(continues([](Segment& s) { s.destination.port = 81; }));
    CHECK_FALSE(continues([](Segment& s) { s.source.address = wire::IpAddress::v4(7); }));
    CHECK_FALSE(continues([](Segment& s) { s.options.timestamps->value = 9; }));
    CHECK_FALSE(continues([](Segment& s) { s.options = {}; }));
    CHECK_FALSE(continues([](Segment& s) {
        const Segment v6 = data_segment(false, 1000);
        s.source = v6.source;
        s.destination = v6.destination;
    }));

    // A short segment is the last one, even without PSH.
    Burst ended;
    Segment next = data_segment(true, 1000);
    next.flags.bits = Flags::ack;
    REQUIRE(ended.hold(wire::encode(next)));
    next.seq = next.end();
    next.ip_id = 1;
    next.payload.resize(999);
    REQUIRE(ended.hold(wire::encode(next)));
    next.seq = next.end();
    CHECK_FALSE(ended.hold(wire::encode(next)));

    // No more than fits into one IP packet.
    Burst burst;
    Segment segment = data_segment(true, 1400);
    segment.flags.bits = Flags::ack;
    int held = 0;
    for (; held < 1000 && burst.hold(wire::encode(segment)); ++held) {
        segment.seq = segment.end();
        segment.ip_id = static_cast<std::uint16_t>(segment.ip_id + 1);
    }
    CHECK(held == (65535 - 52) / 1400);
}

TEST_CASE("link: a batch keeps its packets apart") {
    PacketBatch batch;
    CHECK(batch.empty());
    for (std::size_t i = 0; i < 200; ++i) {
        const auto packet = batch.append(i);
        std::fill(packet.begin(), packet.end(), static_cast<std::uint8_t>(i));
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto value = static_cast<std::uint8_t>(i);
        REQUIRE(Bytes(batch[i].begin(), batch[i].end()) == Bytes(i, value));
    }
    batch.clear();
    CHECK(batch.empty());
}
