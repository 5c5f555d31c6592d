#include "ghostpeer/wire/mangle.hpp"

#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/reassembly.hpp"
#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::wire;
using namespace ghostpeer::test;

namespace {

Segment decoded(const Bytes& packet) {
    const Decoded result = decode(packet);
    REQUIRE(std::holds_alternative<Segment>(result));
    return std::get<Segment>(result);
}

Oddity oddity(const Bytes& packet) {
    const Decoded result = decode(packet);
    REQUIRE(std::holds_alternative<Oddity>(result));
    return std::get<Oddity>(result);
}

/// `GET / HTTP/1.0\r\n\r\n` as Linux sent it, identification 0 as `encode` has it.
Segment request() { return decoded(linux_data()); }

Segment request_v6() {
    Segment segment = request();
    segment.source.address = *IpAddress::parse("2001:2::1");
    segment.destination.address = *IpAddress::parse("2001:2::2");
    return segment;
}

/// Where two packets of the same size differ.
std::vector<std::size_t> differences(const Bytes& a, const Bytes& b) {
    REQUIRE(a.size() == b.size());
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i]) {
            places.push_back(i);
        }
    }
    return places;
}

using Places = std::vector<std::size_t>;

}  // namespace

TEST_CASE("mangle: without a lie it is what encode writes") {
    CHECK(encode(request(), Distortion{}) == encode(request()));
    CHECK(encode(request_v6(), Distortion{}) == encode(request_v6()));
}

TEST_CASE("mangle: a wrong checksum is one bit, and nothing else differs") {
    const Bytes honest = encode(request());
    const Bytes tcp = encode(request(), Distortion{.wrong_tcp_checksum = true});
    CHECK(differences(honest, tcp) == Places{37});
    CHECK(oddity(tcp) == Oddity::bad_tcp_checksum);
    const Bytes ip = encode(request(), Distortion{.wrong_ip_checksum = true});
    CHECK(differences(honest, ip) == Places{11});
    CHECK(oddity(ip) == Oddity::bad_ip_checksum);
    const Bytes tcp_v6 = encode(request_v6(), Distortion{.wrong_tcp_checksum = true});
    CHECK(differences(encode(request_v6()), tcp_v6) == Places{57});
    CHECK(oddity(tcp_v6) == Oddity::bad_tcp_checksum);
    CHECK(encode(request_v6(), Distortion{.wrong_ip_checksum = true}) == encode(request_v6()));
}

TEST_CASE("mangle: a checksum that is 0 or 0xffff becomes wrong too") {
    Segment segment = request();
    unsigned extremes = 0;
    for (std::uint32_t port = 1; port < 65'536; ++port) {
        segment.source.port = static_cast<std::uint16_t>(port);
        const Bytes honest = encode(segment);
        if ((honest[36] == 0 && honest[37] == 0) || (honest[36] == 0xff && honest[37] == 0xff)) {
            ++extremes;
            CHECK(oddity(encode(segment, Distortion{.wrong_tcp_checksum = true})) ==
                  Oddity::bad_tcp_checksum);
        }
    }
    CHECK(extremes > 0);
}

TEST_CASE("mangle: an option area of any bytes") {
    Segment segment = request();
    const Bytes packet = encode(segment, Distortion{.options = from_hex("02040005")});
    segment.options = {};
    segment.options.mss = 5;
    CHECK(packet == encode(segment));

    const auto area_of = [&](std::size_t n) {
        const Bytes bytes = encode(segment, Distortion{.options = Bytes(n, 1)});
        CHECK(bytes.size() == 40 + (bytes[32] >> 4) * 4U - 20 + segment.payload.size());
        CHECK(decoded(bytes).payload == segment.payload);
        return (bytes[32] >> 4) * 4 - 20;
    };
    CHECK(area_of(0) == 0);
    CHECK(area_of(1) == 4);
    CHECK(area_of(5) == 8);
    CHECK(area_of(40) == 40);
    CHECK(area_of(41) == 40);

    // Padded with end-of-options bytes.
    const Bytes padded = encode(segment, Distortion{.options = from_hex("01")});
    CHECK(Bytes(padded.begin() + 40, padded.begin() + 44) == from_hex("01000000"));
    CHECK(decoded(encode(segment, Distortion{.options = from_hex("0200")})).options == Options{});
    CHECK(oddity(encode(segment, Distortion{.options = from_hex(
                                                "0101131200000000000000000000000000000000")})) ==
          Oddity::signed_tcp);

    const Segment v6 = request_v6();
    const Segment back = decoded(encode(v6, Distortion{.options = from_hex("02040005")}));
    CHECK(back.options.mss == 5);
    CHECK(back.payload == v6.payload);
}

TEST_CASE("mangle: the longest payload leaves room for the longest options") {
    for (Segment segment : {request(), request_v6()}) {
        segment.payload.resize(70'000, 'x');
        const Bytes packet = encode(segment, Distortion{.options = Bytes(40, 1)});
        CHECK(packet.size() <= 65'535);
        CHECK(decoded(packet).payload.size() > 65'000);
    }
}

TEST_CASE("mangle: data offset and reserved bits lie under a right checksum") {
    const Segment segment = request();
    const Bytes honest = encode(segment);
    CHECK(honest[32] == 0x80);
    const Bytes shorter = encode(segment, Distortion{.data_offset = 5});
    CHECK(differences(honest, shorter) == Places{32, 36});
    const Segment back = decoded(shorter);
    CHECK(back.options == Options{});
    CHECK(back.payload.size() == segment.payload.size() + 12);
    CHECK(oddity(encode(segment, Distortion{.data_offset = 4})) == Oddity::truncated_tcp);
    CHECK(oddity(encode(segment, Distortion{.data_offset = 15})) == Oddity::truncated_tcp);

    const Bytes reserved = encode(segment, Distortion{.reserved = 15});
    CHECK(reserved[32] == 0x8f);
    CHECK(decoded(reserved) == segment);
    CHECK(encode(request_v6(), Distortion{.data_offset = 5, .reserved = 1})[52] == 0x51);
}

TEST_CASE("mangle: a shorter total length cuts the packet, a longer one makes it incomplete") {
    for (const Segment& segment : {request(), request_v6()}) {
        const Bytes honest = encode(segment);
        const auto total = static_cast<std::uint16_t>(honest.size());
        const auto told = [&](int change) {
            Distortion lie;
            lie.total_length = static_cast<std::uint16_t>(total + change);
            return encode(segment, lie);
        };
        CHECK(told(0) == honest);
        CHECK(told(-4).size() == honest.size());
        const Segment back = decoded(told(-4));
        CHECK(back.payload == Bytes(segment.payload.begin(), segment.payload.end() - 4));
        CHECK(oddity(told(+1)) == Oddity::truncated_ip);
        Distortion none;
        none.total_length = 0;
        CHECK(encode(segment, none).size() == honest.size());
    }
    CHECK(oddity(encode(request(), Distortion{.total_length = 30})) == Oddity::truncated_tcp);
    CHECK(oddity(encode(request_v6(), Distortion{.total_length = 30})) == Oddity::truncated_tcp);
}

TEST_CASE("mangle: lies combine") {
    const Bytes packet = encode(request(), Distortion{.options = from_hex("01010101"),
                                                      .reserved = 3,
                                                      .wrong_tcp_checksum = true,
                                                      .wrong_ip_checksum = true});
    CHECK(packet[32] == 0x63);
    CHECK(oddity(packet) == Oddity::bad_ip_checksum);
}

TEST_CASE("mangle: IPv4 fragments, byte for byte") {
    const Bytes packet = encode(request());  // 70 bytes: 50 behind the IP header
    const auto fragments = fragment(packet, 24, 0x1234);
    REQUIRE(fragments.size() == 3);
    const std::string tail = " c6120001 c6120002";
    Bytes first = from_hex("4500002c 1234 2000 4006 0000" + tail);
    Bytes second = from_hex("4500002c 1234 2003 4006 0000" + tail);
    Bytes third = from_hex("45000016 1234 0006 4006 0000" + tail);
    const Bytes data(packet.begin() + 20, packet.end());
    first.insert(first.end(), data.begin(), data.begin() + 24);
    second.insert(second.end(), data.begin() + 24, data.begin() + 48);
    third.insert(third.end(), data.begin() + 48, data.end());
    for (Bytes* expected : {&first, &second, &third}) {
        const auto sum = ones_complement_sum(std::span(*expected).first(20));
        (*expected)[10] = static_cast<std::uint8_t>(~sum >> 8);
        (*expected)[11] = static_cast<std::uint8_t>(~sum);
    }
    CHECK(fragments[0] == first);
    CHECK(fragments[1] == second);
    CHECK(fragments[2] == third);
    CHECK(oddity(fragments[0]) == Oddity::fragment);
}

TEST_CASE("mangle: IPv6 fragments, byte for byte") {
    const Bytes packet = encode(request_v6());  // 50 bytes behind the IP header
    const auto fragments = fragment(packet, 32, 0xdeadbeef);
    REQUIRE(fragments.size() == 2);
    const std::string addresses =
        "20010002000000000000000000000001 20010002000000000000000000000002";
    Bytes first = from_hex("60000000 0028 2c 40" + addresses + "0600 0001 deadbeef");
    Bytes second = from_hex("60000000 001a 2c 40" + addresses + "0600 0020 deadbeef");
    first.insert(first.end(), packet.begin() + 40, packet.begin() + 72);
    second.insert(second.end(), packet.begin() + 72, packet.end());
    CHECK(fragments[0] == first);
    CHECK(fragments[1] == second);
    CHECK(oddity(fragments[1]) == Oddity::fragment);
}

TEST_CASE("mangle: the size of fragments is rounded down to 8, and is at least 8") {
    const Bytes packet = encode(request());
    CHECK(fragment(packet, 31, 1) == fragment(packet, 24, 1));
    CHECK(fragment(packet, 0, 1).size() == 7);
    CHECK(fragment(packet, 8, 1).size() == 7);
    CHECK(fragment(packet, 50, 1).size() == 2);
    CHECK(fragment(packet, 56, 1) == std::vector<Bytes>{packet});
    CHECK(fragment({}, 8, 1) == std::vector<Bytes>{Bytes{}});
    CHECK(fragment(from_hex("4600"), 8, 1) == std::vector<Bytes>{from_hex("4600")});
    CHECK(fragment(from_hex("45"), 8, 1) == std::vector<Bytes>{from_hex("45")});
}

TEST_CASE("mangle: a wrong IP checksum stays wrong in each fragment") {
    const Bytes packet = encode(request(), Distortion{.wrong_ip_checksum = true});
    for (const Bytes& part : fragment(packet, 24, 7)) {
        CHECK(oddity(part) == Oddity::bad_ip_checksum);
    }
}

TEST_CASE("mangle: malformed options are read as far as they go") {
    CHECK(read_options({}) == Options{});
    Options mss;
    mss.mss = 1460;
    CHECK(read_options(from_hex("020405b4")) == mss);
    CHECK(read_options(from_hex("020405b4 0300")) == mss);       // length 0
    CHECK(read_options(from_hex("020405b4 0801")) == mss);       // length 1
    CHECK(read_options(from_hex("020405b4 080a0102")) == mss);   // beyond the end
    CHECK(read_options(from_hex("020405b4 03")) == mss);         // no length
    CHECK(read_options(from_hex("020405b4 00 030307")) == mss);  // behind the end
    CHECK(read_options(from_hex("01 020405b4")) == mss);         // no multiple of 4
    mss.skipped = {3};
    CHECK(read_options(from_hex("030400ff 020405b4")) == mss);  // a wrong length is skipped
    Bytes longest(40, 1);
    longest.insert(longest.end(), {2, 4, 5, 180});
    CHECK(read_options(longest) == Options{});
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            static_cast<void>(read_options(
                Bytes{static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b), 10, 0}));
        }
    }
}

TEST_CASE("mangle: what routers look at stands in each fragment of IPv6") {
    Distortion lie;
    lie.extensions = {{0, {}}, {60, {}}, {43, Bytes(2)}, {60, {}}};
    const Bytes packet = encode(request_v6(), lie);  // 4 headers of 8 bytes, 50 bytes of TCP
    const auto fragments = fragment(packet, 32, 7);
    REQUIRE(fragments.size() == 2);  // 58 bytes behind hop-by-hop, destination and routing
    for (const Bytes& part : fragments) {
        CHECK(std::equal(part.begin() + 40, part.begin() + 56, packet.begin() + 40));
        CHECK(part[6] == 0);
        CHECK(part[56] == 44);
        CHECK(part[64] == 60);  // behind the fragment header: destination options
        CHECK(oddity(part) == Oddity::fragment);
    }
    CHECK(fragments[0].size() == 40 + 24 + 8 + 32);
    Reassembly whole;
    CHECK(whole.add(fragments[0], run_start) == Reassembly::Result::held);
    CHECK(whole.add(fragments[1], run_start) == Reassembly::Result::whole);
    CHECK(Bytes(whole.packet().begin(), whole.packet().end()) == packet);
}

TEST_CASE("mangle: a signature comes before other options that are added") {
    Segment segment = request();  // timestamps: 12 bytes of 40
    Distortion lie;
    lie.md5_key = "secret";
    lie.more_options = from_hex("fd0a 0000000000000000");  // there is no room beside 20 bytes
    const auto alone = decode(encode(segment, lie), {true, "secret"});
    REQUIRE(std::holds_alternative<Segment>(alone));
    CHECK(std::get<Segment>(alone).options.skipped == std::array<std::uint8_t, 4>{19});
    lie.more_options = from_hex("fd08 000000000000");
    const auto both = decode(encode(segment, lie), {true, "secret"});
    REQUIRE(std::holds_alternative<Segment>(both));
    CHECK(std::get<Segment>(both).options.skipped == std::array<std::uint8_t, 4>{253, 19});
    lie.more_options.clear();
    lie.options = from_hex("030307");
    CHECK(std::holds_alternative<Segment>(decode(encode(segment, lie), {true, "secret"})));
}

TEST_CASE("mangle: a packet that stays whole leaves, whatever was to become of its fragments") {
    const Bytes packet = encode(request());
    FragmentFates fates;
    fates.lost = {1, 9};
    const auto whole = plan(fragment(packet, 1000, 1), fates);
    REQUIRE(whole.size() == 1);
    CHECK(whole[0].packet == packet);
    CHECK(plan(fragment(packet, 24, 1), fates).size() == 2);
}
