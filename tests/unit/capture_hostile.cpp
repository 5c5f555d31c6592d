// Captures that somebody made to be trouble for whoever reads them.
#include "capture/hash.hpp"
#include "capture/list.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

using namespace ghostpeer;
using namespace ghostpeer::capture;
using namespace ghostpeer::test;
using namespace std::chrono_literals;
using Flags = wire::Flags;

namespace {

constexpr std::uint8_t plain_ack = Flags::ack;
constexpr std::uint8_t with_push = Flags::psh | Flags::ack;
constexpr std::uint8_t reset_ack = Flags::rst | Flags::ack;

[[nodiscard]] wire::IpAddress six(std::uint64_t low) {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
    for (unsigned i = 0; i < 8; ++i) {
        bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
    }
    return wire::IpAddress::v6(bytes);
}

/// Addresses with which a hash without a key has one value for all of these ports.
[[nodiscard]] std::uint64_t colliding(std::uint16_t port) {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
    std::uint64_t inverse = factor;  // Newton: twice as many bits each time
    for (int i = 0; i < 6; ++i) {
        inverse *= 2 - factor * inverse;
    }
    // mix(hash(address), port) is to be `wanted`, which was mixed once more at the address' end.
    const auto back = [&](std::uint64_t mixed) { return (mixed ^ mixed >> 32U) * inverse; };
    constexpr std::uint64_t wanted = 0x0123456789abcdefU;
    const std::uint64_t last = back(back(wanted) ^ port);  // hash: mix(…, 0)
    std::array<std::uint8_t, 8> prefix{0x20, 0x01, 0x0d, 0xb8};
    std::uint64_t word = 0;
    std::memcpy(&word, prefix.data(), sizeof word);
    return back(last) ^ mix(17, word);
}

/// Processor time, which a busy machine does not change much.
[[nodiscard]] double seconds_for(std::uint16_t conversations, bool hostile) {
    MadeCapture made;
    MadeConversation one(made);
    for (std::uint16_t i = 0; i < conversations; ++i) {
        const auto port = static_cast<std::uint16_t>(1024 + i);
        wire::Segment syn = one.make(true, Flags::syn, 0, 0);
        const std::uint64_t low = hostile ? colliding(port) : std::uint64_t{port} << 20U;
        syn.source = {six(low), port};
        syn.destination = {*wire::IpAddress::parse("ffff::1"), 80};
        made.add(0s, wire::encode(syn));
    }
    const std::clock_t begin = std::clock();
    const Capture read = read_capture(made, {});
    CHECK(read.conversations.size() == conversations);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("capture: addresses and ports that were chosen to collide are found as fast as others") {
    const auto hash_of = [](std::uint16_t port) {
        const wire::IpAddress address = six(colliding(port));
        return mix(hash(address.bytes()), port);
    };
    REQUIRE(hash_of(1024) == hash_of(4711));  // so that the test is one
    const double ordinary = seconds_for(8000, false);
    CHECK(seconds_for(8000, true) < 4 * ordinary + 0.05);
}

TEST_CASE("capture: however much is odd before, how it ended is told") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    Duration at = 1s;
    std::uint32_t place = 1;
    for (int i = 0; i < 60; ++i) {  // ACKs that stop, again and again
        for (const Duration after : {0ms, 200ms, 600ms, 1400ms}) {
            one.client(at + after, with_push, place, 1, 10);
        }
        place += 10;
        one.server(at + 2s, plain_ack, 1, place);
        at += 3s;
    }
    one.server(at, reset_ack, 1, place);
    const Capture read = read_capture(made, {});
    REQUIRE(read.conversations.size() == 1);
    const auto& oddities = read.conversations[0].oddities;
    CHECK(oddities.size() <= most_oddities);
    CHECK(std::any_of(oddities.begin(), oddities.end(),
                      [](const Oddity& one) { return one.kind == OddityKind::reset; }));
    CHECK(std::any_of(oddities.begin(), oddities.end(),
                      [](const Oddity& one) { return one.kind == OddityKind::retransmissions; }));
}

TEST_CASE("capture: a clock that is set back or by years, and the conversation goes on") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(1'000'000s);
    one.client(1'000'001s, with_push, 1, 1, 10);
    one.server(1'000s, plain_ack, 1, 11);  // back
    one.client(1'001s, with_push, 11, 1, 10);
    one.server(8'000'000'000s, plain_ack, 1, 21);  // by centuries
    one.client(0s, reset_ack, 21, 1);
    ReadOptions options;
    options.keep.all = true;
    const Capture read = read_capture(made, options);
    REQUIRE(read.conversations.size() == 1);
    const Conversation& told = read.conversations[0];
    CHECK(told.end - told.begin < 10s);
    for (std::size_t i = 1; i < told.segments.size(); ++i) {
        CHECK(told.segments[i].at >= told.segments[i - 1].at);
    }
    REQUIRE(read.notes.size() == 1);
    CHECK(read.notes[0].starts_with("The clock was set 3 times while this was captured"));
}

TEST_CASE("capture: times by which no sum may grow out of its type") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    constexpr auto a_year = 24h * 366;
    std::uint32_t said = 1;
    for (int year = 1; year < 100; ++year) {
        one.client(a_year * year, with_push, said++, 1, 1);
    }
    for (int year = 0; year < 240; ++year) {  // back to the beginning, and on
        one.client(a_year * year, with_push, said++, 1, 1);
    }
    const Capture read = read_capture(made, {});
    REQUIRE(read.conversations.size() == 1);
    CHECK(read.conversations[0].end - read.conversations[0].begin < a_year * 100);
}

TEST_CASE("capture: attempts are counted for so many clients as conversations are told") {
    MadeCapture made;
    for (std::uint16_t i = 0; i < 20; ++i) {
        MadeConversation one(made);
        one.port = static_cast<std::uint16_t>(40000 + i);
        one.handshake(std::chrono::seconds(i));
    }
    const Capture read = read_capture(made, {});
    REQUIRE(read.conversations.size() == 20);
    CHECK(read.conversations[19].attempt == 20);
}

TEST_CASE("capture: a SYN-ACK that came late is no round trip") {
    MadeCapture made;
    MadeConversation one(made);
    one.client(0s, Flags::syn, 0, 0);
    one.server(500ms, Flags::syn | plain_ack, 0, 1);
    one.client(500ms + 20us, plain_ack, 1, 1);
    one.client(501ms, with_push, 1, 1, 100);
    one.server(503ms, plain_ack, 1, 101);
    one.client(600ms, with_push, 101, 1, 100);
    one.client(800ms, with_push, 101, 1, 100);
    one.server(800ms + 10us, plain_ack, 1, 201);  // of which of the two, nobody knows
    const Capture read = read_capture(made, {});
    REQUIRE(read.conversations.size() == 1);
    CHECK(read.conversations[0].rtt_server == 2ms);
    CHECK(read.conversations[0].rtt == 2ms + 20us);
}

TEST_CASE("capture: an RST before the SYN-ACK has numbers of nobody") {
    MadeCapture made;
    MadeConversation one(made);
    one.client(0s, Flags::syn, 0, 0);
    wire::Segment forged = one.make(false, reset_ack, 0, 1001);
    forged.seq = wire::SeqNum(0);
    made.add(1ms, wire::encode(forged));
    one.server(50ms, Flags::syn | plain_ack, 0, 1);
    one.client(50ms + 20us, plain_ack, 1, 1);
    one.client(51ms, with_push, 1, 1, 10);
    one.server(61ms, with_push, 1, 11, 20);
    ReadOptions options;
    options.keep.all = true;
    const Capture read = read_capture(made, options);
    REQUIRE(read.conversations.size() == 1);
    REQUIRE(read.conversations[0].segments.size() == 6);
    CHECK(read.conversations[0].segments[1].place == 0);
    CHECK(read.conversations[0].segments[2].place == 0);
    CHECK(read.conversations[0].segments[5].place == 1);
    CHECK(read.conversations[0].of(Side::server).bytes == 20);
}
