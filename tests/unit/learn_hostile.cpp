// What is learned from captures that nobody would make by accident.
#include "learn/learn.hpp"
#include "packets/packets.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace ghostpeer;
using namespace std::chrono_literals;
using namespace ghostpeer::test;

namespace {

/// A conversation whose packets are changed at random, in bytes and in time.
[[nodiscard]] capture::Capture spoiled(std::uint32_t seed) {
    using Flags = wire::Flags;
    std::mt19937 random(seed);
    MadeCapture whole;
    MadeConversation one(whole);
    one.handshake(1000s);
    std::uint32_t up = 1;
    std::uint32_t down = 1;
    for (int i = 0; i < 12; ++i) {
        const auto at = 1000s + std::chrono::milliseconds(20 * i);
        one.client(at, Flags::psh | Flags::ack, up, down, 30);
        up += 30;
        one.server(at + 10ms, Flags::psh | Flags::ack, down, up, 40);
        down += 40;
    }
    one.client(2000s, Flags::fin | Flags::ack, up, down);
    one.server(2000s + 10ms, Flags::fin | Flags::ack, down, up + 1);
    MadeCapture made;
    packets::CapturedPacket packet;
    while (whole.next(packet)) {
        wire::Bytes bytes(packet.bytes.begin(), packet.bytes.end());
        Duration at = packet.at;
        // Beyond the addresses, so that it stays this conversation; now and then anything.
        if (random() % 2 == 0) {
            const std::size_t from = random() % 8 == 0 ? 0 : 24;
            for (unsigned i = random() % 4; i > 0; --i) {
                bytes[from + random() % (bytes.size() - from)] =
                    static_cast<std::uint8_t>(random());
            }
        }
        if (random() % 8 == 0) {
            at = std::chrono::seconds(random() % 4 == 0 ? random() : random() % 3000);
        }
        const std::size_t times = random() % 6 == 0 ? random() % 3 : 1;
        for (std::size_t i = 0; i < times; ++i) {
            made.add(at, bytes, random() % 10 == 0 ? 20 + random() % 60 : 0);
        }
    }
    capture::ReadOptions options;
    options.keep.all = true;
    return capture::read_capture(made, options);
}

}  // namespace

TEST_CASE("learn: whatever stands in a capture, a profile is made that can be loaded") {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        const capture::Capture capture = spoiled(seed);
        for (const capture::Conversation& told : capture.conversations) {
            CHECK(told.end >= told.begin);
            learn::Options options;
            options.peer = seed % 2 == 0 ? capture::Side::client : capture::Side::server;
            options.redact = seed % 3 == 0;
            options.strict = seed % 5 == 0;
            options.effort = 20'000;
            const auto lesson = learn::learn({&told}, options, packets::library());
            INFO(seed);
            INFO(lesson.error);
            CHECK(lesson.error.empty() != lesson.profile.text.empty());
            CHECK((lesson.error.empty() || told.segments.empty()));
        }
    }
}
