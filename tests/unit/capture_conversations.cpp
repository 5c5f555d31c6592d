#include "capture/list.hpp"
#include "support/captures.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::capture;
using namespace ghostpeer::test;
using namespace std::chrono_literals;
using Flags = wire::Flags;

namespace {

constexpr std::uint8_t ack = Flags::ack;
constexpr std::uint8_t push = Flags::psh | Flags::ack;
constexpr std::uint8_t fin = Flags::fin | Flags::ack;
constexpr std::uint8_t rst = Flags::rst | Flags::ack;
constexpr std::uint8_t syn_ack = Flags::syn | Flags::ack;

[[nodiscard]] Conversation only(MadeCapture& capture, const ReadOptions& options = {}) {
    Capture read = read_capture(capture, options);
    REQUIRE(read.conversations.size() == 1);
    return std::move(read.conversations.front());
}

[[nodiscard]] const Oddity* find(const Conversation& told, OddityKind kind) {
    const auto at = std::find_if(told.oddities.begin(), told.oddities.end(),
                                 [&](const Oddity& one) { return one.kind == kind; });
    return at == told.oddities.end() ? nullptr : &*at;
}

[[nodiscard]] std::string words(const Conversation& told, OddityKind kind) {
    const Oddity* const odd = find(told, kind);
    return odd == nullptr ? "" : odd->words;
}

}  // namespace

TEST_CASE("capture: an ordinary conversation has nothing odd, and its numbers are known") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.client(11ms, push, 1, 1, 100);
    one.server(21ms, ack, 1, 101);
    one.server(22ms, push, 1, 101, 1000);
    one.client(23ms, ack, 101, 1001);
    one.client(24ms, fin, 101, 1001);
    one.server(34ms, fin, 1001, 102);
    one.client(35ms, ack, 102, 1002);
    ReadOptions options;
    options.keep.all = true;
    const Conversation told = only(made, options);
    CHECK(told.oddities.empty());
    CHECK(told.ended == Ended::closed);
    CHECK(told.ended_by == Side::client);
    CHECK(told.of(Side::client).bytes == 100);
    CHECK(told.of(Side::server).bytes == 1000);
    CHECK(told.rtt == 10'020us);
    CHECK(told.perspective == Perspective::client);
    CHECK(say_end(told) == "closed by the client");
    REQUIRE(told.segments.size() == 10);
    CHECK(told.segments[0].kind == tcp::Kind::syn);
    CHECK(told.segments[3].place == 1);
    CHECK(told.segments[3].fresh == 100);
    CHECK(told.segments[5].ack_place == 101);
    CHECK(told.segments[5].offered == 500U << 7U);
    CHECK(told.segments[5].payload.size() == 1000);
    CHECK(told.segments[9].packet == 10);
}

TEST_CASE("capture: a SYN that is never answered") {
    MadeCapture made;
    MadeConversation one(made);
    for (const Duration at : {0s, 1s, 3s, 7s}) {
        one.client(at, Flags::syn, 0, 0);
    }
    const Conversation told = only(made);
    CHECK(told.ended == Ended::unanswered);
    CHECK(words(told, OddityKind::syn_repeated) == "SYN sent 4 times in 7 s");
    CHECK(find(told, OddityKind::one_direction) == nullptr);
}

TEST_CASE("capture: a refusal, and the next attempt from the same port") {
    MadeCapture made;
    MadeConversation one(made);
    one.client(0s, Flags::syn, 0, 0);
    one.server(2ms, rst, 0, 1);
    one.client_isn = 9'000'000;
    one.handshake(1s);
    const Capture read = read_capture(made, {});
    REQUIRE(read.conversations.size() == 2);
    CHECK(read.conversations[0].ended == Ended::refused);
    CHECK(words(read.conversations[0], OddityKind::refused) == "refused: RST 2 ms after the SYN");
    CHECK(read.conversations[1].attempt == 2);
    CHECK(read.conversations[1].ended == Ended::open);
}

TEST_CASE("capture: a silence, and who broke it") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.server(20ms, push, 1, 1, 1200);
    one.client(21ms, ack, 1, 1201);
    one.client(31s + 20ms, fin, 1, 1201);
    const Conversation told = only(made);
    CHECK(words(told, OddityKind::silence) ==
          "silence 31 s after 1.2 kB of the server, then the client closes");
    CHECK(find(told, OddityKind::silence)->packet == 4);
}

TEST_CASE("capture: a reset behind a FIN, from somebody else") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.client(1s, fin, 1, 1);
    one.server_ttl = 64;
    one.server(1s + 2ms, Flags::rst, 1, 0);
    const Conversation told = only(made);
    CHECK(told.ended == Ended::reset);
    CHECK(words(told, OddityKind::rst_after_fin) ==
          "RST of the server 2 ms after the client's FIN");
    CHECK(words(told, OddityKind::rst_other_ttl) ==
          "a middlebox: TTL of the RST differs from the server's by 9");
}

TEST_CASE("capture: a window that stays closed") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.client(1s, push, 1, 1, 1000);
    one.window = 0;
    one.server(1s + 10ms, ack, 1, 1001);
    one.window = 500;
    for (const Duration at : {2s, 5s, 20s}) {
        one.client(at, ack, 1000, 1);  // a window probe
        one.window = 0;
        one.server(at + 10ms, ack, 1, 1001);
        one.window = 500;
    }
    one.server(41s + 10ms, ack, 1, 1001);
    ReadOptions options;
    options.keep.all = true;
    const Conversation told = only(made, options);
    CHECK(words(told, OddityKind::zero_window) == "zero window of the server for 40 s");
    CHECK(told.segments[5].kind == tcp::Kind::window_probe);
    CHECK(find(told, OddityKind::keepalives) == nullptr);
}

TEST_CASE("capture: keepalives that nobody answers, after a long idle time") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.client(1s, push, 1, 1, 10);
    one.server(1s + 10ms, ack, 1, 11);
    for (const Duration at : {351s, 361s, 371s}) {
        one.client(at, ack, 10, 1);
    }
    const Conversation told = only(made);
    CHECK(told.ended == Ended::lost);
    CHECK(told.ended_by == Side::client);
    CHECK(words(told, OddityKind::keepalives_unanswered) ==
          "keepalives of the client unanswered: 3");
    CHECK(words(told, OddityKind::idle_timeout) ==
          "probably a NAT timeout: silence for the client after 350 s idle");
}

TEST_CASE("capture: ACKs that stop, and what is sent again") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.client(1s, push, 1, 1, 10);
    one.server(1s + 10ms, ack, 1, 11);
    for (const Duration at : {2000ms, 2200ms, 2600ms, 3400ms}) {
        one.client(at, push, 11, 1, 10);
    }
    const Conversation told = only(made);
    const Oddity* const stop = find(told, OddityKind::acks_stop);
    REQUIRE(stop != nullptr);
    CHECK(stop->side == Side::server);
    CHECK(stop->packet == 6);
    CHECK(stop->count == 3);
    CHECK(told.ended == Ended::lost);
    CHECK(words(told, OddityKind::retransmissions) ==
          "retransmissions 60.0 % of the client's segments (3)");
    CHECK(told.of(Side::client).bytes == 20);
    CHECK(told.of(Side::client).bytes_again == 30);
}

TEST_CASE("capture: segments that overtake, and bytes that are not in the capture") {
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    one.server(20ms, push, 101, 1, 100);
    one.server(21ms, push, 1, 1, 100);
    one.server(22ms, push, 501, 1, 100);
    one.client(23ms, ack, 1, 601);
    one.server(24ms, push, 601, 1, 100);
    one.client(25ms, ack, 1, 701);
    const Conversation told = only(made);
    CHECK(words(told, OddityKind::out_of_order) ==
          "1 segment of the server late, overtaken by others");
    CHECK(words(told, OddityKind::not_captured) ==
          "300 bytes of the server acknowledged, but not in the capture");
    CHECK(find(told, OddityKind::retransmissions) == nullptr);
    CHECK(told.of(Side::server).bytes == 400);
}

TEST_CASE("capture: one that begins in the middle, or has one direction") {
    MadeCapture made;
    MadeConversation one(made);
    one.server(0s, push, 70'001, 501, 1000);
    one.client(1ms, ack, 501, 71'001);
    one.server(2ms, push, 71'001, 501, 1000);
    const Conversation told = only(made);
    CHECK(told.roles == Roles::ports);
    CHECK(told.server().port == 80);
    CHECK(told.of(Side::server).bytes == 2000);
    CHECK(find(told, OddityKind::begins_in_middle) != nullptr);
    CHECK(find(told, OddityKind::not_captured) == nullptr);

    MadeCapture half;
    MadeConversation two(half);
    two.client(0s, Flags::syn, 0, 0);
    two.client(10ms, ack, 1, 1);
    two.client(11ms, push, 1, 1, 10);
    CHECK(words(only(half), OddityKind::one_direction) == "only what the client sent was captured");
}

TEST_CASE("capture: what the two ends cannot do") {
    MadeCapture made;
    MadeConversation one(made);
    one.client(0s, Flags::syn, 0, 0);
    wire::Segment answer = one.make(false, syn_ack, 0, 1);
    answer.options = {};
    answer.options.mss = 1380;
    made.add(10ms, wire::encode(answer));
    one.client(11ms, ack, 1, 1);
    const Conversation told = only(made);
    CHECK(words(told, OddityKind::small_mss) == "MSS 1380 of the server");
    CHECK(words(told, OddityKind::no_option) == "the server's SYN+ACK has no SACK, window scaling");
}

TEST_CASE("capture: where it was made") {
    const auto perspective = [](Duration to_server, Duration to_client) {
        MadeCapture made;
        MadeConversation one(made);
        one.client(0s, Flags::syn, 0, 0);
        one.server(to_server, syn_ack, 0, 1);
        one.client(to_server + to_client, ack, 1, 1);
        return only(made).perspective;
    };
    CHECK(perspective(10ms, 20us) == Perspective::client);
    CHECK(perspective(20us, 10ms) == Perspective::server);
    CHECK(perspective(10ms, 4ms) == Perspective::middle);
    CHECK(perspective(20us, 20us) == Perspective::client);  // by the TTLs
    MadeCapture made;
    MadeConversation one(made);
    one.handshake(0s);
    ReadOptions options;
    options.from = Perspective::middle;
    CHECK(only(made, options).perspective == Perspective::middle);
}

TEST_CASE("capture: which conversations are kept, and what of them") {
    const auto read = [](const ReadOptions& options) {
        MadeCapture made;
        for (std::uint16_t i = 0; i < 5; ++i) {
            MadeConversation one(made);
            one.port = static_cast<std::uint16_t>(40000 + i);
            one.handshake(std::chrono::seconds(i));
            one.client(std::chrono::seconds(i) + 20ms, push, 1, 1, 100);
        }
        return read_capture(made, options);
    };
    ReadOptions options;
    options.keep.numbers = {3};
    const Capture one = read(options);
    CHECK(one.conversations[2].segments.size() == 4);
    CHECK(one.conversations[3].segments.empty());
    options = {};
    options.keep.peer = wire::Endpoint{wire::IpAddress::v4(0x0a000002), 0};
    options.most_segments = 6;
    options.most_payload = 100;
    const Capture bounded = read(options);
    CHECK(bounded.conversations[0].segments.size() == 4);
    CHECK(bounded.conversations[1].segments.size() == 2);
    CHECK(bounded.conversations[1].cut_at_packet == 7);
    CHECK(find(bounded.conversations[1], OddityKind::bound) != nullptr);
    options = {};
    options.most_conversations = 3;
    const Capture few = read(options);
    CHECK(few.conversations.size() == 3);
    CHECK(few.not_listed == 8);
    REQUIRE(few.notes.size() == 1);
    CHECK(few.notes[0].starts_with("More than 3 conversations: 8 packets of others are left out."));
    options = {};
    options.most_at_once = 2;
    const Capture early = read(options);
    CHECK(early.conversations.size() == 5);
    CHECK(early.notes[0].starts_with("More than 2 conversations at one time: 3 that were silent"));
}
