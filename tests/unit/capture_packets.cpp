#include "capture/clock.hpp"
#include "capture/link_layer.hpp"
#include "capture/packet.hpp"
#include "capture/stream.hpp"
#include "capture/words.hpp"
#include "packets/packets.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace ghostpeer;
using namespace ghostpeer::capture;
using namespace ghostpeer::test;
using namespace std::chrono_literals;
using packets::LinkType;
using wire::Bytes;

namespace {

[[nodiscard]] Bytes some_packet(std::size_t payload = 0) {
    MadeCapture ignored;
    MadeConversation one(ignored);
    return wire::encode(one.make(true, wire::Flags::ack, 1, 1, payload));
}

[[nodiscard]] Bytes framed(std::initializer_list<int> head, const Bytes& packet) {
    Bytes bytes;
    for (const int one : head) {
        bytes.push_back(static_cast<std::uint8_t>(one));
    }
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
}

/// As much as libpcap is given of a file.
[[nodiscard]] Bytes pcap(std::uint32_t magic, std::uint32_t link, std::uint32_t seconds,
                         std::uint32_t fraction, const Bytes& packet) {
    Bytes bytes;
    const auto put = [&](std::uint32_t value, int size = 4) {
        for (int i = 0; i < size; ++i) {
            bytes.push_back(static_cast<std::uint8_t>(value >> (8U * static_cast<unsigned>(i))));
        }
    };
    put(magic);
    put(2, 2);
    put(4, 2);
    put(0);
    put(0);
    put(65535);
    put(link);
    put(seconds);
    put(fraction);
    put(static_cast<std::uint32_t>(packet.size()));
    put(static_cast<std::uint32_t>(packet.size()));
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
}
constexpr std::uint32_t microseconds = 0xa1b2c3d4;
constexpr std::uint32_t nanoseconds = 0xa1b23c4d;

}  // namespace

TEST_CASE("capture: every link type leads to the IP packet") {
    const Bytes ip = some_packet();
    const auto inner = [&](LinkType type, const Bytes& bytes) {
        const auto frame = open_frame(type, bytes);
        REQUIRE(frame);
        CHECK(Bytes(frame->ip.begin(), frame->ip.end()) == ip);
        return frame->vlan;
    };
    CHECK(inner(LinkType::ethernet, framed({1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 0x08, 0x00}, ip)) ==
          0);
    CHECK(
        inner(LinkType::ethernet, framed({1, 2,    3,    4, 5, 6,    1,    2,    3,    4,    5,
                                          7, 0x88, 0xa8, 0, 9, 0x81, 0x00, 0x20, 0x07, 0x08, 0x00},
                                         ip)) == 7);
    inner(LinkType::ethernet,
          framed({1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0x00, 0x21},
                 ip));
    inner(LinkType::cooked, framed({0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x08, 0x00}, ip));
    inner(LinkType::cooked_v2,
          framed({0x08, 0x00, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0}, ip));
    inner(LinkType::raw, ip);
    inner(LinkType::null, framed({2, 0, 0, 0}, ip));
    inner(LinkType::loop, framed({0, 0, 0, 2}, ip));
    CHECK_FALSE(
        open_frame(LinkType::ethernet, framed({1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 6}, ip)));
    for (std::size_t size = 0; size < 14; ++size) {
        CHECK_FALSE(open_frame(LinkType::ethernet, Bytes(size, 8)));
    }
}

TEST_CASE("capture: what a snap length or a network card has done is undone") {
    PacketOpener opener;
    Bytes packet = some_packet(1000);
    const Bytes cut(packet.begin(), packet.begin() + 100);
    auto opened = opener.open(cut, packet.size(), 0s);
    const auto* tcp = std::get_if<TcpPacket>(&opened);
    REQUIRE(tcp != nullptr);
    CHECK(tcp->length == 1000);
    CHECK(tcp->segment.payload.size() == 60);

    packet[2] = packet[3] = 0;  // as a packet of segmentation offload, whose length does not fit
    opened = opener.open(packet, packet.size(), 0s);
    tcp = std::get_if<TcpPacket>(&opened);
    REQUIRE(tcp != nullptr);
    CHECK(tcp->length == 1000);

    opened = opener.open(Bytes(cut.begin(), cut.begin() + 30), packet.size(), 0s);
    REQUIRE(std::get_if<NoSegment>(&opened) != nullptr);
    CHECK(*std::get_if<NoSegment>(&opened) == NoSegment::cut);
    opened = opener.open(Bytes(60, 0), 60, 0s);
    CHECK(*std::get_if<NoSegment>(&opened) == NoSegment::malformed);
}

TEST_CASE("capture: places do not wrap, and holes are filled once") {
    Stream stream;
    stream.begin(wire::SeqNum(0xffffff00), 0);
    CHECK(stream.take(wire::SeqNum(0xffffff00), 0, 1).place == 0);
    Carried carried = stream.take(wire::SeqNum(0x00000101), 0x100, 0x100);
    CHECK(carried.place == 0x201);
    CHECK(carried.ahead);
    CHECK(carried.fresh == 0x100);
    carried = stream.take(wire::SeqNum(0xffffff01), 0x300, 0x300);
    CHECK(carried.place == 1);
    CHECK(carried.late);
    CHECK(carried.filled == 0x200);
    CHECK(carried.fresh == 0);
    CHECK(stream.take(wire::SeqNum(0xffffff01), 0x100, 0x100).again);
    CHECK(stream.acknowledge(wire::SeqNum(0x00000201)));
    CHECK(stream.not_seen() == 0);
    CHECK(stream.is_strange_ack(wire::SeqNum(0x00000201) + (1U << 31U)));
    CHECK(stream.take(wire::SeqNum(0x00000201) + 0x7f000000U, 1, 1).far);
}

TEST_CASE("capture: however a stream is torn, of its holes only the last are remembered") {
    Stream stream;
    stream.begin(wire::SeqNum(0), 1);
    static_cast<void>(stream.take(wire::SeqNum(1'000'000), 1, 1));
    for (std::uint32_t i = 0; i < 1000; ++i) {
        static_cast<void>(stream.take(wire::SeqNum(10 * i + 5), 1, 1));  // in the middle of a hole
        CHECK(stream.holes() <= Stream::most_holes);
    }
    for (std::uint32_t i = 0; i < 1000; ++i) {
        static_cast<void>(stream.take(wire::SeqNum(2'000'000 + 10 * i), 1, 1));
        CHECK(stream.holes() <= Stream::most_holes);
    }
}

TEST_CASE("capture: times go on, whatever a clock was set to") {
    Clock clock;
    CHECK(clock.take(1000s) == 0s);
    CHECK(clock.take(1001s) == 1s);
    CHECK(clock.take(1000s + 999ms) == 1s);  // out of order
    CHECK(clock.take(1002s) == 2s);
    CHECK(clock.out_of_order() == 1);
    CHECK(clock.take(10s) == 2s);  // set back
    CHECK(clock.take(11s) == 3s);
    CHECK(clock.take(9'000'000'000s) == 3s);  // by centuries
    CHECK(clock.take(9'000'000'001s) == 4s);
    CHECK(clock.set() == 2);
    Duration last{};
    for (int i = 0; i < 1000; ++i) {  // as far as may be, again and again
        static_cast<void>(clock.take(0s));
        last = clock.take(24h * 365);
    }
    CHECK(last < 24h * 366 * 100);
}

TEST_CASE("capture: libpcap reads microseconds and nanoseconds, and says what is wrong") {
    const Bytes packet = some_packet();
    constexpr std::uint32_t raw = 101;
    for (const auto& [magic, expected] :
         {std::pair(microseconds, 123'000ns), std::pair(nanoseconds, 123ns)}) {
        const Bytes bytes = pcap(magic, raw, 7, 123, packet);
        const auto file = packets::open_with_libpcap(bytes);
        REQUIRE(file);
        CHECK((*file)->link_type() == LinkType::raw);
        packets::CapturedPacket read;
        REQUIRE((*file)->next(read));
        CHECK(read.at == 7s + expected);
        CHECK(Bytes(read.bytes.begin(), read.bytes.end()) == packet);
        CHECK_FALSE((*file)->next(read));
        CHECK((*file)->failure().empty());
    }
    Bytes cut = pcap(nanoseconds, raw, 7, 0, packet);
    cut.resize(cut.size() - 3);
    const auto file = packets::open_with_libpcap(cut);
    REQUIRE(file);
    const Capture read = read_capture(**file, {});
    REQUIRE(read.notes.size() == 2);
    CHECK(read.notes[0].starts_with("The file cannot be read beyond packet 0 (truncated dump"));
    CHECK(read.notes[1] == "There is no TCP in it: 0 packets, none of them TCP over IPv4 or IPv6.");

    const auto problem = [](const Bytes& bytes) {
        const auto opened = packets::open_with_libpcap(bytes);
        REQUIRE_FALSE(opened);
        return opened.error();
    };
    constexpr std::uint32_t wifi = 127;
    CHECK(problem(pcap(microseconds, wifi, 0, 0, packet))
              .starts_with("The memory has link type IEEE802_11_RADIO (802.11 plus radiotap "
                           "header), which is not read: Ethernet,"));
    CHECK(problem({0x1f, 0x8b, 8, 0, 0, 0}).find("zcat FILE | ghostpeer learn -") !=
          std::string::npos);
    CHECK(problem({'{', '"', 'a', '"', ':'}).find("'ghostpeer judge'") != std::string::npos);
    CHECK(problem({'h', 'e', 'l', 'l', 'o'}).find("reads pcap and pcapng") != std::string::npos);
}

TEST_CASE("capture: the same packet on two interfaces is one") {
    MadeCapture made(LinkType::cooked);
    MadeConversation one(made);
    const auto add = [&](Duration at, int interface, const wire::Segment& segment) {
        made.add(at, framed({0, interface, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0},
                            wire::encode(segment)));
    };
    constexpr std::uint8_t push = wire::Flags::psh | wire::Flags::ack;
    const auto data = one.make(true, push, 1, 1, 10);
    add(0s, 0, data);
    add(30us, 4, data);
    add(200ms, 0, one.make(true, push, 1, 1, 10));  // sent again: with another identification
    const Capture read = read_capture(made, {});
    CHECK(read.duplicates == 1);
    REQUIRE(read.conversations.size() == 1);
    CHECK(read.conversations[0].of(Side::client).retransmissions == 1);
    CHECK(read.notes[0].starts_with("1 packet captured twice"));
}

TEST_CASE("capture: lengths and amounts as people say them") {
    CHECK(say(340us) == "340 us");
    CHECK(say(2ms) == "2 ms");
    CHECK(say(1250ms) == "1.25 s");
    CHECK(say(31s) == "31 s");
    CHECK(say(350s) == "350 s");
    CHECK(say(2h + 5min) == "2 h 5 min");
    CHECK(say_bytes(1) == "1 byte");
    CHECK(say_bytes(12'000) == "12 kB");
    CHECK(say_bytes(3'400'000) == "3.4 MB");
}
