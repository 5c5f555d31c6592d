#include "ghostpeer/wire/codec.hpp"

#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace ghostpeer;
using namespace ghostpeer::wire;
using namespace ghostpeer::test;

namespace {

Segment segment_of(const Bytes& packet) {
    const Decoded decoded = decode(packet);
    REQUIRE(std::holds_alternative<Segment>(decoded));
    return std::get<Segment>(decoded);
}

class RandomSegments {
  public:
    explicit RandomSegments(std::uint32_t seed) : random_(seed) {}

    Segment next() {
        Segment segment;
        const bool v4 = chance(2);
        segment.source = endpoint(v4);
        segment.destination = endpoint(v4);
        segment.seq = SeqNum(number());
        segment.ack = SeqNum(number());
        segment.flags.bits = static_cast<std::uint8_t>(number());
        segment.window = static_cast<std::uint16_t>(number());
        segment.urgent = static_cast<std::uint16_t>(number());
        segment.ttl = static_cast<std::uint8_t>(number());
        segment.tos = static_cast<std::uint8_t>(number());
        segment.dont_fragment = !v4 || chance(2);
        segment.payload.resize(chance(3) ? 0 : number() % 3000);
        std::generate(segment.payload.begin(), segment.payload.end(),
                      [this] { return static_cast<std::uint8_t>(number()); });
        add_options(segment.options);
        return segment;
    }

  private:
    std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
    bool chance(std::uint32_t one_in) { return number() % one_in == 0; }

    Endpoint endpoint(bool v4) {
        std::array<std::uint8_t, 16> bytes{0x20, 0x01};
        for (std::size_t i = 2; i < bytes.size(); ++i) {
            bytes[i] = static_cast<std::uint8_t>(number());
        }
        return {v4 ? IpAddress::v4(number()) : IpAddress::v6(bytes),
                static_cast<std::uint16_t>(number())};
    }

    /// Only sets that fit in 40 bytes; what does not fit is tested apart.
    void add_options(Options& options) {
        const bool many_sacks = chance(4);
        if (chance(2) && !many_sacks) {
            options.timestamps = Timestamps{number(), number()};
        }
        if (chance(3)) {
            options.mss = static_cast<std::uint16_t>(number());
        }
        if (chance(3) && !many_sacks) {
            options.window_scale = static_cast<std::uint8_t>(number());
        }
        options.sack_permitted = chance(3) && !many_sacks;
        const std::uint32_t blocks = many_sacks ? 4 : number() % 3;
        for (std::uint32_t i = 0; i < blocks; ++i) {
            options.sack.push_back({SeqNum(number()), SeqNum(number())});
        }
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("wire: a SYN of Linux is read in full") {
    const Segment syn = segment_of(linux_syn());
    CHECK(syn.source.to_string() == "198.18.0.1:60784");
    CHECK(syn.destination.to_string() == "198.18.0.2:8080");
    CHECK(syn.seq.raw() == 3639001458);
    CHECK(syn.ack.raw() == 0);
    CHECK(syn.flags.bits == Flags::syn);
    CHECK(syn.window == 64240);
    CHECK(syn.ttl == 64);
    CHECK(syn.tos == 0);
    CHECK(syn.dont_fragment);
    CHECK(syn.options == Options{.mss = 1460,
                                 .window_scale = 10,
                                 .sack_permitted = true,
                                 .timestamps = Timestamps{153999987, 0},
                                 .sack = {}});
    CHECK(syn.payload.empty());
    CHECK(syn.length() == 1);
}

TEST_CASE("wire: data and IPv6 are read") {
    const Segment data = segment_of(linux_data());
    CHECK(data.flags.bits == (Flags::psh | Flags::ack));
    CHECK(std::string(data.payload.begin(), data.payload.end()) == "GET / HTTP/1.0\r\n\r\n");
    CHECK(data.options.timestamps == Timestamps{153999988, 290356562});

    const Segment syn = segment_of(linux_syn_v6());
    CHECK(syn.source.to_string() == "[2001:2::1]:46656");
    CHECK(syn.destination.to_string() == "[2001:2::2]:8080");
    CHECK(syn.options.mss == 1440);
    CHECK(syn.ttl == 64);
}

TEST_CASE("wire: segments are written as Linux writes them, byte for byte") {
    for (const Bytes& packet : {linux_syn_ack(), linux_syn(), linux_data(), linux_syn_v6()}) {
        CHECK(encode(segment_of(packet)) == packet);
    }
    CHECK(segment_of(linux_data()).ip_id != 0);
    CHECK(segment_of(linux_syn_v6()).flow_label != 0);
}

TEST_CASE("wire: without DF the packet carries its identification, too") {
    Segment segment = segment_of(linux_data());
    segment.dont_fragment = false;
    segment.ip_id = 0x1234;
    const Bytes packet = encode(segment);
    CHECK(packet[4] == 0x12);
    CHECK(packet[5] == 0x34);
    CHECK(packet[6] == 0);
    CHECK(segment_of(packet) == segment);
}

TEST_CASE("wire: options stand in Linux's order and alignment") {
    const auto options_of = [](const Options& options) {
        Segment segment = segment_of(linux_data());
        segment.options = options;
        segment.payload.clear();
        const Bytes packet = encode(segment);
        CHECK(packet.size() == packet_size(segment));
        CHECK(packet.size() == 20 + tcp_header_size(options));
        return Bytes(packet.begin() + 40, packet.end());
    };
    const SackBlock one{SeqNum(0x11111111), SeqNum(0x22222222)};
    const SackBlock two{SeqNum(0x33333333), SeqNum(0x44444444)};
    CHECK(options_of({}).empty());
    CHECK(options_of({.mss = 1460}) == from_hex("020405b4"));
    CHECK(options_of({.mss = 1460, .window_scale = 7, .sack_permitted = true}) ==
          from_hex("020405b4 01010402 01030307"));
    CHECK(options_of({.timestamps = Timestamps{1, 2}, .sack = {one, two}}) ==
          from_hex("0101080a 00000001 00000002 01010512 11111111 22222222 33333333 44444444"));
    CHECK(options_of({.sack = {one}}) == from_hex("0101050a 11111111 22222222"));
}

TEST_CASE("wire: options may stand in another order, aligned as there") {
    const auto written = [](const Options& options) {
        Segment segment;
        segment.source = {IpAddress::v4(1), 1};
        segment.destination = {IpAddress::v4(2), 2};
        segment.options = options;
        const Bytes packet = encode(segment);
        CHECK(packet.size() == packet_size(segment));
        auto read = std::get<Segment>(decode(packet)).options;
        read.order = options.order;
        CHECK(read == options);
        return Bytes(packet.begin() + 40, packet.end());
    };
    // As p0f knows Windows and FreeBSD: mss,nop,ws,sok,ts and mss,nop,ws,nop,nop,sok.
    Options options{
        .mss = 1460, .window_scale = 8, .sack_permitted = true, .timestamps = Timestamps{1, 2}};
    options.order = {SynOption::mss, SynOption::window_scale, SynOption::sack_permitted,
                     SynOption::timestamps};
    CHECK(written(options) == Bytes{2, 4, 5, 180, 1, 3, 3, 8, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2});
    options.timestamps.reset();
    CHECK(written(options) == Bytes{2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2});
    // Timestamps before: nothing stands in for their NOPs.
    options.timestamps = Timestamps{1, 2};
    options.order = {SynOption::mss, SynOption::window_scale, SynOption::timestamps,
                     SynOption::sack_permitted};
    CHECK(written(options) ==
          Bytes{2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 4, 2});
}

TEST_CASE("wire: options that do not fit aligned are packed, and SACK blocks give way last") {
    const std::vector<SackBlock> blocks(4, {SeqNum(1), SeqNum(2)});
    Segment segment = segment_of(linux_data());
    segment.options = {
        .mss = 1460, .timestamps = Timestamps{1, 2}, .sack = {blocks.begin(), blocks.begin() + 3}};
    CHECK(segment_of(encode(segment)) == segment);

    segment.options = {.timestamps = Timestamps{1, 2}, .sack = blocks};
    CHECK(segment_of(encode(segment)).options.sack.size() == 3);
    segment.options.sack.resize(1000);
    CHECK(encode(segment).size() == packet_size(segment));

    segment.options = {.window_scale = 7, .timestamps = Timestamps{1, 2}, .sack = blocks};
    segment.options.sack.resize(3);
    segment.payload.clear();
    const Bytes packet = encode(segment);
    CHECK(segment_of(packet) == segment);
    CHECK(packet.size() == 80);
    CHECK(packet.back() == 1);  // 39 bytes and a NOP
}

TEST_CASE("wire: what is written is read back the same") {
    RandomSegments segments(42);
    for (int i = 0; i < 3000; ++i) {
        CAPTURE(i);
        const Segment segment = segments.next();
        const Bytes packet = encode(segment);
        REQUIRE(packet.size() == packet_size(segment));
        REQUIRE(segment_of(packet) == segment);
    }
}

TEST_CASE("wire: every single flipped bit is noticed") {
    for (const Bytes& packet : {linux_data(), linux_syn_v6()}) {
        const Segment segment = segment_of(packet);
        for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
            Bytes bent = packet;
            bent[bit / 8] = static_cast<std::uint8_t>(bent[bit / 8] ^ (1U << bit % 8));
            // IPv6 has no checksum of its own; class, label and hop limit are not covered.
            const bool covered = packet[0] >> 4 == 4 || (bit >= 40 && bit < 56) || bit >= 64;
            if (covered) {
                CAPTURE(bit);
                REQUIRE_FALSE(std::holds_alternative<Segment>(decode(bent)));
            }
        }
    }
}

TEST_CASE("wire: an oversized payload is cut to what an IP packet holds") {
    Segment segment = segment_of(linux_data());
    segment.payload.assign(70'000, 'x');
    const Bytes packet = encode(segment);
    CHECK(packet.size() == 65535);
    CHECK(segment_of(packet).payload.size() == 65535 - 20 - 32);
    segment.source.address = segment.destination.address = *IpAddress::parse("2001:2::2");
    CHECK(segment_of(encode(segment)).payload.size() == 65535 - 40 - 32);
}

TEST_CASE("wire: addresses that no host has are written and read all the same") {
    Segment segment = segment_of(linux_data());
    segment.source.address = IpAddress::v4(0);
    segment.destination.address = IpAddress::v4(0xffffffff);
    CHECK(segment_of(encode(segment)) == segment);
}

TEST_CASE("the flow can be read before the packet is decoded, and never beyond its bytes") {
    RandomSegments segments(7);
    for (int i = 0; i < 200; ++i) {
        const Segment segment = segments.next();
        const Bytes packet = encode(segment);
        const auto flow = peek_flow(packet);
        REQUIRE(flow);
        CHECK(*flow == Flow{segment.destination, segment.source});
        for (std::size_t size = 0; size < std::min<std::size_t>(packet.size(), 80); ++size) {
            static_cast<void>(peek_flow(
                Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size))));
        }
    }
    CHECK_FALSE(peek_flow({}));
    Bytes udp = encode(segments.next());
    udp[udp[0] >> 4 == 4 ? 9 : 6] = 17;
    CHECK_FALSE(peek_flow(udp));
}
