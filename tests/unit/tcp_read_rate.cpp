// The window grows with the rate at which the application reads.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

constexpr std::uint32_t full = 1460;

/// A round trip of 50 ms, known from the handshake.
void round_trip_of_50ms(Conversation& c) {
    syn_received(c, {.scale = 7});
    c.passes(50ms);
    c.gets({.window = 500});
    c.enters(State::established);
}

/// One round trip's worth of full segments; returns the window of the last ACK, in bytes.
std::uint32_t flight(Conversation& c, std::uint32_t& seq, std::uint32_t segments) {
    std::uint32_t window = 0;
    for (std::uint32_t i = 0; i < segments; ++i) {
        c.gets({.seq = seq, .text = std::string(full, 'x')});
        seq += full;
    }
    c.passes(50ms);
    while (!c.replies.empty()) {
        window = std::uint32_t{c.replies.front().segment.window} << 7U;
        c.replies.pop_front();
    }
    return window;
}

}  // namespace

TEST_CASE("who doubles its rate each round trip finds twice the room, up to the limit") {
    Conversation c;
    round_trip_of_50ms(c);
    std::uint32_t seq = 1;
    std::uint32_t window = 0;
    for (std::uint32_t segments = 10; segments <= 2560; segments *= 2) {
        window = flight(c, seq, segments);
        if (segments > 20) {
            CHECK(window >= std::min(2 * segments * full, 6U << 20U));
        }
        CHECK(window <= 6U << 20U);
    }
    CHECK(window == 6U << 20U);
    CHECK(c.received.size() == seq - 1);
}

TEST_CASE("a window that begins elsewhere grows as well, as far as it may") {
    Conversation c;
    c.config.window = 20'000;
    c.config.window_grows = true;
    c.config.window_max = 300'000;
    round_trip_of_50ms(c);
    CHECK(c.tcb.rcv().wnd <= 20'000);
    std::uint32_t seq = 1;
    std::uint32_t window = 0;
    for (std::uint32_t segments = 10; segments <= 160; segments *= 2) {
        window = flight(c, seq, segments);
        CHECK(window <= 300'000);
    }
    CHECK(window > 290'000);
}

TEST_CASE("a steady pace needs no more room") {
    Conversation c;
    round_trip_of_50ms(c);
    std::uint32_t seq = 1;
    for (int i = 0; i < 5; ++i) {
        flight(c, seq, 10);
    }
    const std::uint32_t window = flight(c, seq, 10);
    for (int i = 0; i < 20; ++i) {
        CHECK(flight(c, seq, 10) == window);
    }
    CHECK(window <= 65536);
}

TEST_CASE("a window that the profile fixes stays, and so does one without a scale") {
    Conversation c;
    SUBCASE("fixed") {
        c.config.window = 50'000;
        round_trip_of_50ms(c);
    }
    SUBCASE("no scale") {
        syn_received(c);
        c.passes(50ms);
        c.gets({});
        c.enters(State::established);
    }
    std::uint32_t seq = 1;
    for (std::uint32_t segments = 10; segments <= 30; segments += 5) {
        flight(c, seq, segments);
        CHECK(c.tcb.rcv().wnd <= 65'535);
    }
}

TEST_CASE("an application that does not read gets no more room") {
    Conversation c;
    round_trip_of_50ms(c);
    c.reads = false;
    std::uint32_t seq = 1;
    for (int i = 0; i < 4; ++i) {
        flight(c, seq, 10);
    }
    CHECK(c.tcb.rcv().wnd + 40 * full <= 65'536);
    CHECK(c.tcb.heap_bytes() <= 2 * 65'536);  // what a vector takes
}
