// IP fragments that are put together again.
#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/reassembly.hpp"
#include "support/peer_harness.hpp"

#include <algorithm>
#include <array>
#include <random>

using namespace ghostpeer;
using namespace ghostpeer::wire;
using namespace std::chrono_literals;
using Result = Reassembly::Result;

namespace {

Segment long_segment(bool v4, std::size_t length, std::uint16_t port = 40'000) {
    Segment segment;
    segment.source = {*IpAddress::parse(v4 ? "198.18.0.1" : "2001:2::1"), port};
    segment.destination = {*IpAddress::parse(v4 ? "198.18.0.2" : "2001:2::2"), 80};
    segment.flags.bits = Flags::ack;
    segment.options.timestamps = Timestamps{1, 2};
    segment.dont_fragment = !v4;
    segment.payload.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        segment.payload[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    }
    return segment;
}

std::vector<Bytes> fragments(bool v4, std::size_t length, std::uint16_t size,
                             std::uint32_t id = 9) {
    auto all = fragment(encode(long_segment(v4, length)), size, id);
    for (const Bytes& one : all) {
        REQUIRE(std::get<Oddity>(decode(one)) == Oddity::fragment);
    }
    return all;
}

void set_codepoint(Bytes& packet, unsigned codepoint) {
    if (packet[0] >> 4 == 6) {
        packet[1] = static_cast<std::uint8_t>((packet[1] & 0xcfU) | codepoint << 4U);
        return;
    }
    packet[1] = static_cast<std::uint8_t>((packet[1] & 0xfcU) | codepoint);
    packet[10] = packet[11] = 0;
    const unsigned sum = ~unsigned{ones_complement_sum(std::span(packet).first(20))};
    packet[10] = static_cast<std::uint8_t>(sum >> 8U);
    packet[11] = static_cast<std::uint8_t>(sum);
}

/// What all of them come to, in this order.
Result add_all(Reassembly& reassembly, const std::vector<Bytes>& parts, Instant now = run_start) {
    Result last = Result::refused;
    for (const Bytes& part : parts) {
        last = reassembly.add(part, now);
        if (last != Result::held) {
            break;
        }
    }
    return last;
}

}  // namespace

TEST_CASE("reassembly: fragments of any order come to the packet") {
    for (const bool v4 : {true, false}) {
        Segment segment = long_segment(v4, 5000);
        segment.ip_id = v4 ? 9 : 0;  // that of the fragments
        for (const std::uint16_t size : std::to_array<std::uint16_t>({64, 1000, 1480})) {
            auto parts = fragments(v4, 5000, size);
            std::mt19937 random(size);
            for (int round = 0; round < 8; ++round) {
                Reassembly reassembly;
                CHECK(add_all(reassembly, parts) == Result::whole);
                CHECK(std::get<Segment>(decode(reassembly.packet())) == segment);
                CHECK(reassembly.size() == 0);
                CHECK(reassembly.bytes() == 0);
                std::shuffle(parts.begin(), parts.end(), random);
            }
        }
    }
}

TEST_CASE("reassembly: packets are told apart by their identification and addresses") {
    for (const bool v4 : {true, false}) {
        Reassembly reassembly;
        const auto one = fragments(v4, 200, 128, 1);
        const auto two = fragments(v4, 200, 128, 2);
        REQUIRE(one.size() == 2);
        CHECK(reassembly.add(one[0], run_start) == Result::held);
        CHECK(reassembly.add(two[1], run_start) == Result::held);
        CHECK(reassembly.size() == 2);
        CHECK(reassembly.add(two[0], run_start) == Result::whole);
        CHECK(reassembly.add(one[1], run_start) == Result::whole);
    }
}

TEST_CASE("reassembly: a fragment may come twice, one that overlaps spoils its packet") {
    for (const bool v4 : {true, false}) {
        const auto eighths = fragments(v4, 300, 64);
        const auto sixteenths = fragments(v4, 300, 96);
        Reassembly reassembly;
        CHECK(reassembly.add(eighths[1], run_start) == Result::held);
        CHECK(reassembly.add(eighths[1], run_start) == Result::held);
        CHECK(reassembly.add(eighths[0], run_start) == Result::held);
        // Bytes 0 to 96 and 96 to 192: half of the second is new.
        CHECK(reassembly.add(sixteenths[0], run_start) == Result::held);
        CHECK(reassembly.add(sixteenths[1], run_start) == Result::refused);
        CHECK(reassembly.size() == 0);
        CHECK(reassembly.bytes() == 0);
        CHECK(add_all(reassembly, {eighths.begin() + 2, eighths.end()}) == Result::held);
    }
}

TEST_CASE("reassembly: no packet has two ends") {
    for (const bool v4 : {true, false}) {
        const auto longer = fragments(v4, 300, 64);
        const auto shorter = fragments(v4, 150, 64);
        for (const auto& [first, second] :
             {std::pair(longer.back(), shorter.back()), std::pair(shorter.back(), longer.back()),
              std::pair(longer[4], shorter.back())}) {
            Reassembly reassembly;
            CHECK(reassembly.add(first, run_start) == Result::held);
            CHECK(reassembly.add(second, run_start) == Result::refused);
            CHECK(reassembly.size() == 0);
        }
    }
}

TEST_CASE("reassembly: what is not whole in time is given up") {
    for (const bool v4 : {true, false}) {
        const Duration patience = v4 ? 30s : 60s;
        const auto parts = fragments(v4, 200, 128);
        Reassembly reassembly;
        CHECK_FALSE(reassembly.next_expiry());
        CHECK(reassembly.add(parts[0], run_start + 5s) == Result::held);
        CHECK(reassembly.next_expiry() == run_start + 5s + patience);
        CHECK(reassembly.expire(run_start + 5s + patience - 1ns) == 0);
        CHECK(reassembly.expire(run_start + 5s + patience) == 1);
        CHECK_FALSE(reassembly.next_expiry());
        CHECK(reassembly.bytes() == 0);
        CHECK(reassembly.add(parts[1], run_start + 5s + patience) == Result::held);
    }
}

TEST_CASE("reassembly: a flood of first fragments meets the bound") {
    for (const bool v4 : {true, false}) {
        Reassembly::Limits limits;
        limits.bytes = 100'000;
        Reassembly reassembly(limits);
        std::size_t held = 0;
        for (std::uint32_t id = 0; id < 1000; ++id) {
            held += reassembly.add(fragments(v4, 1000, 512, id)[0], run_start) == Result::held;
            REQUIRE(reassembly.bytes() <= limits.bytes);
        }
        CHECK(held > 90);
        CHECK(held < 200);
        CHECK(reassembly.expire(run_start + 60s) == held);
        CHECK(add_all(reassembly, fragments(v4, 1000, 512)) == Result::whole);
        // Nor may one packet take more than there is.
        const auto tiny = fragments(v4, 60'000, 24);
        CHECK(add_all(reassembly, {tiny.begin(), tiny.end() - 1}) == Result::refused);
        CHECK(reassembly.bytes() <= limits.bytes);
    }
}

TEST_CASE("reassembly: sizes that cannot be are refused") {
    auto v4 = fragments(true, 200, 128);
    auto v6 = fragments(false, 200, 128);
    for (auto* parts : {&v4, &v6}) {
        const bool is_v4 = parts == &v4;
        Reassembly reassembly;
        Bytes beyond = parts->back();  // its end lies beyond 65535
        (is_v4 ? beyond[6] : beyond[42]) = is_v4 ? 0x1f : 0xff;
        (is_v4 ? beyond[7] : beyond[43]) = is_v4 ? 0xff : 0xf8;
        CHECK(reassembly.add(beyond, run_start) == Result::refused);
        CHECK(reassembly.add({}, run_start) == Result::refused);
        CHECK(reassembly.add(encode(long_segment(is_v4, 10)), run_start) == Result::refused);
        CHECK(reassembly.size() == 0);
    }
    // IPv6: a multiple of eight in each but the last; IPv4: what is too much is cut off.
    Bytes odd = v6[0];
    odd.pop_back();
    odd[5] = static_cast<std::uint8_t>(odd[5] - 1);
    Reassembly reassembly;
    CHECK(reassembly.add(odd, run_start) == Result::refused);
    // RFC 7112: the first has the TCP header.
    CHECK(reassembly.add(fragments(false, 200, 16)[0], run_start) == Result::refused);
    CHECK(add_all(reassembly, fragments(true, 200, 16)) == Result::whole);
}

TEST_CASE("reassembly: an IPv6 packet of one fragment stands by itself (RFC 6946)") {
    const Segment segment = long_segment(false, 200);
    Bytes atomic = encode(segment);
    const auto length = static_cast<std::uint16_t>(atomic.size() - 40 + 8);
    atomic.insert(atomic.begin() + 40, {6, 0, 0, 0, 0, 0, 0, 9});
    atomic[4] = static_cast<std::uint8_t>(length >> 8);
    atomic[5] = static_cast<std::uint8_t>(length);
    atomic[6] = 44;
    REQUIRE(std::get<Oddity>(decode(atomic)) == Oddity::fragment);
    Reassembly reassembly;
    const auto parts = fragments(false, 200, 128, 9);
    CHECK(reassembly.add(parts[0], run_start) == Result::held);
    CHECK(reassembly.add(atomic, run_start) == Result::whole);
    CHECK(std::get<Segment>(decode(reassembly.packet())) == segment);
    CHECK(reassembly.add(parts[1], run_start) == Result::whole);
}

TEST_CASE("reassembly: congestion that one fragment met is the packet's (RFC 3168, 5.3)") {
    struct Case {
        unsigned first, second;
        std::optional<unsigned> whole;
    };
    constexpr unsigned not_ect = 0;
    constexpr unsigned ect_1 = 1;
    constexpr unsigned ect_0 = 2;
    constexpr unsigned ce = 3;
    for (const bool v4 : {true, false}) {
        for (const Case& one :
             {Case{ect_0, ect_0, ect_0}, Case{ect_0, ce, ce}, Case{ce, ect_1, ce}, Case{ce, ce, ce},
              Case{not_ect, not_ect, not_ect}, Case{ce, not_ect, {}}, Case{not_ect, ce, {}}}) {
            auto parts = fragments(v4, 200, 128);
            set_codepoint(parts[0], one.first);
            set_codepoint(parts[1], one.second);
            Reassembly reassembly;
            CHECK(add_all(reassembly, parts) == (one.whole ? Result::whole : Result::refused));
            CHECK(reassembly.size() == 0);
            if (one.whole) {
                CHECK(std::get<Segment>(decode(reassembly.packet())).tos == *one.whole);
            }
        }
    }
}

TEST_CASE("fragments to the peer are put together, and others are told") {
    using testing::World;
    for (const char* address : {"198.18.0.2", "2001:2::2"}) {
        World world("service: echo\n");
        testing::Socket socket(world, 40'000, address);
        socket.connect();
        Segment data = socket.segment(Flags::ack | Flags::psh);
        data.payload.assign(300, 'x');
        data.dont_fragment = false;
        for (const Bytes& part : fragment(encode(data), 128, 1)) {
            world.arrives(part);
        }
        CHECK(socket.receive() == std::string(300, 'x'));
        CHECK(world.all<event::Notice>().empty());
        // The first part of another, and never the rest.
        world.arrives(fragment(encode(data), 128, 2)[0]);
        CHECK(world.all<event::Notice>().empty());
        world.pass(61s);
        REQUIRE(world.all<event::Notice>().size() == 1);
        CHECK(world.engine.counters().oddities.at(static_cast<std::size_t>(Oddity::fragment)) == 1);
    }
}

TEST_CASE("a ping that does not fit into a packet is answered by fragments") {
    using testing::World;
    for (const bool v4 : {true, false}) {
        World world("service: echo\n");
        Bytes request = encode(long_segment(v4, 3000));
        const std::size_t header = v4 ? 20 : 40;
        (v4 ? request[9] : request[6]) = v4 ? 1 : 58;
        std::fill_n(request.begin() + static_cast<std::ptrdiff_t>(header), 8, 0);
        request[header] = v4 ? 8 : 128;
        const auto protocol = std::uint8_t{58};
        const std::uint16_t pseudo =
            v4 ? std::uint16_t{0}
               : pseudo_header_sum(*IpAddress::parse("2001:2::1"), *IpAddress::parse("2001:2::2"),
                                   protocol, static_cast<std::uint32_t>(request.size() - header));
        const unsigned sum =
            ~unsigned{ones_complement_sum(std::span(request).subspan(header), pseudo)};
        request[header + 2] = static_cast<std::uint8_t>(sum >> 8U);
        request[header + 3] = static_cast<std::uint8_t>(sum);
        if (v4) {
            set_codepoint(request, 0);  // the header's checksum
        }
        for (const Bytes& part : fragment(request, 1480, 4)) {
            world.arrives(part);
        }
        Reassembly reassembly;
        REQUIRE(world.other_packets().size() == 3);
        for (const Bytes& part : world.other_packets()) {
            CHECK(part.size() <= 1500);
        }
        REQUIRE(add_all(reassembly, world.other_packets()) == Result::whole);
        CHECK(reassembly.packet().size() == request.size());
        CHECK(reassembly.packet()[header] == (v4 ? 0 : 129));
    }
}
