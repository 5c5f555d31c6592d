// Captures as tools of other makers write them.
#include "packets/packets.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::capture;
using namespace ghostpeer::test;
using namespace std::chrono_literals;

namespace {

/// A pcapng file, block by block, in little-endian order.
class Pcapng {
  public:
    Pcapng() {
        wire::Bytes body;
        put(body, 0x1a2b3c4d);
        put(body, 1);           // version 1.0
        put(body, 0xffffffff);  // of any length
        put(body, 0xffffffff);
        block(0x0a0d0d0a, body);
    }
    /// Its times are in nanoseconds.
    void interface(std::uint16_t link) {
        wire::Bytes body;
        put(body, link);
        put(body, 262144);
        put(body, 9 | 1U << 16U);  // if_tsresol, of one byte
        put(body, 9);
        put(body, 0);
        block(1, body);
    }
    void packet(std::uint32_t interface, Duration at, const wire::Bytes& bytes) {
        const auto time = static_cast<std::uint64_t>(at.count());
        wire::Bytes body;
        put(body, interface);
        put(body, static_cast<std::uint32_t>(time >> 32U));
        put(body, static_cast<std::uint32_t>(time));
        put(body, static_cast<std::uint32_t>(bytes.size()));
        put(body, static_cast<std::uint32_t>(bytes.size()));
        body.insert(body.end(), bytes.begin(), bytes.end());
        block(6, body);
    }
    [[nodiscard]] const wire::Bytes& bytes() const noexcept { return bytes_; }

  private:
    static void put(wire::Bytes& into, std::uint32_t value) {
        for (unsigned i = 0; i < 4; ++i) {
            into.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    }
    void block(std::uint32_t type, wire::Bytes body) {
        body.resize((body.size() + 3) / 4 * 4);
        const auto length = static_cast<std::uint32_t>(body.size() + 12);
        put(bytes_, type);
        put(bytes_, length);
        bytes_.insert(bytes_.end(), body.begin(), body.end());
        put(bytes_, length);
    }
    wire::Bytes bytes_;
};

constexpr std::uint16_t link_raw = 101;
constexpr std::uint16_t link_sll2 = 276;
constexpr std::uint8_t acking = wire::Flags::ack;
constexpr std::uint8_t pushing = wire::Flags::psh | wire::Flags::ack;

[[nodiscard]] Capture read_whole(const Pcapng& file) {
    const auto opened = packets::open_with_libpcap(file.bytes());
    REQUIRE(opened);
    ReadOptions options;
    options.keep.all = true;
    return read_capture(**opened, options);
}

/// As Linux cooks it: the interface, and whether it came or went.
[[nodiscard]] wire::Bytes cooked(std::uint8_t interface, std::uint8_t way,
                                 const wire::Segment& segment) {
    wire::Bytes bytes{8, 0, 0, 0, 0, 0, 0, interface, 0, 1, way, 6, 1, 2, 3, 4, 5, 6, 0, 0};
    const wire::Bytes ip = wire::encode(segment);
    bytes.insert(bytes.end(), ip.begin(), ip.end());
    return bytes;
}

}  // namespace

TEST_CASE("capture: pcapng of two interfaces, in nanoseconds, with Linux' second cooking") {
    MadeCapture unused;
    MadeConversation one(unused);
    Pcapng file;
    file.interface(link_sll2);
    file.interface(link_sll2);
    const auto both = [&](Duration at, const wire::Segment& segment) {
        file.packet(0, at, cooked(2, 4, segment));
        file.packet(1, at + 3us, cooked(5, 0, segment));  // the same on its way through a bridge
    };
    both(1s + 1ns, one.make(true, wire::Flags::syn, 0, 0));
    both(1s + 10ms + 7ns, one.make(false, wire::Flags::syn | acking, 0, 1));
    both(1s + 11ms, one.make(true, acking, 1, 1));
    both(1s + 12ms, one.make(true, pushing, 1, 1, 100));
    const Capture read = read_whole(file);
    CHECK(read.link_type == "Linux cooked v2");
    CHECK(read.packets == 8);
    CHECK(read.duplicates == 4);
    REQUIRE(read.conversations.size() == 1);
    const Conversation& told = read.conversations[0];
    REQUIRE(told.segments.size() == 4);
    CHECK(told.segments[1].at == 10ms + 6ns);
    CHECK(told.of(Side::client).retransmissions == 0);
    CHECK(told.of(Side::client).bytes == 100);
}

TEST_CASE("capture: interfaces of other link types are said, and what stands before is told") {
    MadeCapture unused;
    MadeConversation one(unused);
    Pcapng file;
    file.interface(link_raw);
    file.packet(0, 1s, wire::encode(one.make(true, wire::Flags::syn, 0, 0)));
    file.interface(link_sll2);
    file.packet(1, 2s, cooked(2, 0, one.make(false, wire::Flags::syn | acking, 0, 1)));
    const Capture read = read_whole(file);
    CHECK(read.conversations.size() == 1);
    REQUIRE_FALSE(read.notes.empty());
    CHECK(read.notes[0].starts_with("The file cannot be read beyond packet 1 ("));
}

TEST_CASE("capture: a mirror of two ports, and packets of segmentation offload") {
    MadeCapture made(packets::LinkType::ethernet);
    MadeConversation one(made);
    const auto mirrored = [&](Duration at, const wire::Segment& segment) {
        wire::Bytes frame{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0};
        wire::Bytes ip = wire::encode(segment);
        if (segment.payload.size() > 60'000) {
            ip[2] = ip[3] = 0;  // as cards are given it
        }
        frame.insert(frame.end(), ip.begin(), ip.end());
        made.add(at, frame);
        made.add(at + 20us, frame);
    };
    mirrored(0s, one.make(true, wire::Flags::syn, 0, 0));
    mirrored(10ms, one.make(false, wire::Flags::syn | acking, 0, 1));
    mirrored(11ms, one.make(true, acking, 1, 1));
    mirrored(12ms, one.make(true, pushing, 1, 1, 64'000));
    mirrored(22ms, one.make(false, acking, 1, 64'001));
    const Capture read = read_capture(made, {});
    CHECK(read.duplicates == 5);
    REQUIRE(read.conversations.size() == 1);
    const Conversation& told = read.conversations[0];
    CHECK(told.of(Side::client).bytes == 64'000);
    CHECK(told.of(Side::client).retransmissions == 0);
    CHECK(std::any_of(told.oddities.begin(), told.oddities.end(),
                      [](const Oddity& odd) { return odd.kind == OddityKind::offload; }));
}
