// Data that we send: the retransmission timer, loss recovery, SACK that we receive.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

/// `count` full segments are on their way, from byte 1 on.
void sends_full_segments(Conversation& c, std::uint32_t count) {
    c.writes(std::string(std::size_t{count} * 1460, 'x'));
    for (std::uint32_t i = 0; i < count; ++i) {
        c.sends(Reason::data, {.seq = 1 + 1460 * i, .length = 1460, .again = false});
    }
    c.silent();
}

constexpr std::uint32_t byte_of(std::uint32_t segment) { return 1 + 1460 * segment; }

}  // namespace

TEST_CASE("data is retransmitted with doubling gaps, then given up without a word") {
    Conversation c;
    established(c);
    c.writes("hello");
    c.sends(Reason::data, {.again = false});
    Duration gap = 200ms;
    for (int i = 0; i < 15; ++i) {
        c.silent_for(gap);
        c.sends(Reason::data,
                {.seq = 1, .flags = ack_bit | psh_bit, .text = "hello", .again = true});
        gap = std::min<Duration>(2 * gap, 120s);
    }
    CHECK(gap == 120s);
    c.silent_for(120s);
    c.enters(State::closed);
    CHECK(c.tcb.timed_out());
    CHECK(c.tcb.heap_bytes() == 0);
    // 200 ms doubled up to 120 s, 16 gaps: Linux's 924.6 s.
    CHECK(c.now - run_start == 10s + 924'600ms);
}

TEST_CASE("before a round trip was measured the initial timeout holds") {
    Conversation c;
    c.config.rto_initial = 3s;
    c.config.rto_max = 10s;
    c.config.syn_ack_retries = 3;
    syn_received(c);
    for (const auto gap : {3s, 6s, 10s}) {
        c.silent_for(gap);
        c.sends(Reason::syn_ack);
    }
    c.silent_for(10s);
    CHECK(c.tcb.timed_out());
}

TEST_CASE("the handshake measures the first round trip") {
    Conversation c;
    syn_received(c);
    c.passes(100ms);
    c.gets({});
    c.writes("x");
    c.sends(Reason::data);
    c.silent_for(300ms);  // SRTT 100 ms, 4 RTTVAR 200 ms
    c.sends(Reason::data, {.again = true});
}

TEST_CASE("an ACK of new data ends the back-off and starts the timer anew") {
    Conversation c;
    c.config.nagle = false;
    established(c);
    c.writes("one");
    c.writes("two");
    c.replies.clear();
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1, .text = "onetwo", .again = true});
    c.silent_for(400ms);
    c.sends(Reason::data, {.seq = 1});
    c.passes(100ms);
    c.gets({.ack = 4});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 4, .text = "two", .again = true});
    c.silent_for(400ms);
    c.sends(Reason::data, {.seq = 4, .text = "two", .again = true});
    c.gets({.ack = 7});
    c.silent_for(1000s);
    CHECK(c.tcb.bytes_acknowledged() == 6);
}

TEST_CASE("the retries count anew after an answer") {
    Conversation c;
    c.config.retries = 2;
    established(c);
    c.writes("abc");
    c.replies.clear();
    for (std::uint32_t acked = 1; acked <= 3; ++acked) {
        c.passes(650ms);
        c.gets({.ack = 1 + acked});
        CHECK(c.tcb.state() == State::established);
    }
    CHECK_FALSE(c.tcb.timed_out());
}

TEST_CASE("without timestamps a retransmission measures nothing (Karn)") {
    Conversation c;
    established(c);
    c.writes("x");
    c.sends(Reason::data);
    c.silent_for(200ms);
    c.sends(Reason::data);
    c.passes(300ms);
    c.gets({.ack = 2});
    c.writes("y");
    c.sends(Reason::data);
    c.silent_for(200ms);
    c.sends(Reason::data, {.again = true});
}

TEST_CASE("ten segments leave at first, and two for each one acknowledged") {
    Conversation c;
    established(c);
    c.writes(std::string(100 * 1460, 'x'));
    // Half a congestion window at a time ends with PSH.
    for (std::uint32_t i = 0; i < 10; ++i) {
        const std::uint8_t push = i % 5 == 4 ? psh_bit : 0;
        c.sends(Reason::data, {.seq = byte_of(i),
                               .flags = static_cast<std::uint8_t>(ack_bit | push),
                               .length = 1460});
    }
    c.silent();
    c.gets({.ack = byte_of(1)});
    c.sends(Reason::data, {.seq = byte_of(10)});
    c.sends(Reason::data, {.seq = byte_of(11)});
    c.silent();
}

TEST_CASE("the third duplicate ACK brings the lost segment again, further ones new data") {
    Conversation c;
    established(c);
    c.writes(std::string(20 * 1460, 'x'));
    c.replies.clear();
    // Limited Transmit (RFC 3042): the first two let one new segment leave each.
    c.gets({.ack = 1});
    c.sends(Reason::data, {.seq = byte_of(10), .again = false});
    c.gets({.ack = 1});
    c.sends(Reason::data, {.seq = byte_of(11), .again = false});
    c.silent();
    c.gets({.ack = 1});
    c.sends(Reason::data, {.seq = 1, .length = 1460, .again = true});
    // For every second one that arrives, one leaves (RFC 9937).
    for (std::uint32_t i = 12; i < 14; ++i) {
        c.gets({.ack = 1});
        c.silent();
        c.gets({.ack = 1});
        c.sends(Reason::data, {.seq = byte_of(i), .again = false});
    }
    // Half of the ten may be outstanding, without the two that Limited Transmit has let out.
    c.gets({.ack = byte_of(12)});
    for (std::uint32_t i = 14; i < 17; ++i) {
        c.sends(Reason::data, {.seq = byte_of(i), .again = false});
    }
    c.silent();
}

TEST_CASE("a partial ACK shows the next loss (NewReno)") {
    Conversation c;
    established(c);
    sends_full_segments(c, 10);
    for (int i = 0; i < 3; ++i) {
        c.gets({.ack = 1});
    }
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.gets({.ack = byte_of(4)});
    c.sends(Reason::data, {.seq = byte_of(4), .again = true});
    c.silent();
    c.gets({.ack = byte_of(10)});
    c.silent_for(10s);
}

TEST_CASE("ACKs that carry data or move the window are no duplicates") {
    Conversation c;
    established(c);
    sends_full_segments(c, 10);
    for (std::uint32_t i = 0; i < 5; ++i) {
        c.gets({.seq = 1 + i, .ack = 1, .text = "x"});
        c.sends(Reason::ack);
        c.gets({.seq = 2 + i, .ack = 1, .window = static_cast<std::uint16_t>(60'000 + i)});
    }
    c.silent();
}

TEST_CASE("SACK brings exactly the missing segments again") {
    Conversation c;
    established(c, {.sack = true});
    sends_full_segments(c, 10);
    // 0 and 4 are lost.
    c.gets({.ack = 1, .sack = {{byte_of(1), byte_of(2)}}});
    c.gets({.ack = 1, .sack = {{byte_of(1), byte_of(3)}}});
    c.silent();
    c.gets({.ack = 1, .sack = {{byte_of(1), byte_of(4)}}});
    c.sends(Reason::data, {.seq = 1, .length = 1460, .again = true});
    c.silent();
    c.gets({.ack = 1, .sack = {{byte_of(5), byte_of(6)}, {byte_of(1), byte_of(4)}}});
    c.gets({.ack = 1, .sack = {{byte_of(5), byte_of(7)}, {byte_of(1), byte_of(4)}}});
    c.sends(Reason::data, {.seq = byte_of(4), .length = 1460, .again = true});
    c.gets({.ack = 1, .sack = {{byte_of(5), byte_of(10)}, {byte_of(1), byte_of(4)}}});
    c.silent();
    c.gets({.ack = byte_of(4), .sack = {{byte_of(5), byte_of(10)}}});
    c.silent();
    c.gets({.ack = byte_of(10)});
    c.silent_for(10s);
    CHECK(c.tcb.heap_bytes() <= 200);  // for a report that nothing was lost
}

TEST_CASE(
    "after a timeout everything is sent again, in slow start, but not what SACK reports anew") {
    Conversation c;
    c.config.recovery = tcp::RecoveryKind::reno;
    established(c, {.sack = true});
    sends_full_segments(c, 10);
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1, .length = 1460, .again = true});
    c.silent();
    c.gets({.ack = byte_of(1), .sack = {{byte_of(2), byte_of(9)}}});
    c.sends(Reason::data, {.seq = byte_of(1), .length = 1460, .again = true});
    c.sends(Reason::data, {.seq = byte_of(9), .length = 1460, .again = true});
    c.silent();
    c.gets({.ack = byte_of(10)});
    c.silent_for(10s);
}

TEST_CASE("nonsense in SACK blocks is ignored") {
    Conversation c;
    established(c, {.sack = true});
    sends_full_segments(c, 4);
    const std::uint32_t end = byte_of(4);
    for (int i = 0; i < 10; ++i) {
        c.gets({.ack = 1,
                .sack = {{end, end + 1000}, {0, 100}, {3000, 2000}, {0x8000'0000U, 0x9000'0000U}}});
        c.gets({.ack = 1, .sack = {{2, end + 1}, {5, 5}, {0xffff'ff00U, 1}}});
    }
    c.silent();
    c.gets({.ack = end});
    c.silent_for(10s);
}

TEST_CASE("SACK that was not agreed on is not heard") {
    Conversation c;
    established(c);
    sends_full_segments(c, 10);
    c.gets({.ack = 1, .sack = {{byte_of(1), byte_of(9)}}});
    c.silent();
}

TEST_CASE("sequence numbers wrap amid a transfer") {
    Conversation c;
    established(c);
    c.writes(std::string(100, 'x'));
    const Segment data = c.sends(Reason::data);
    CHECK(data.seq > SeqNum{0xffff'ff00U});
    CHECK(data.end() < SeqNum{0x100});
    CHECK(data.end().raw() < 0x100);
    c.gets({.ack = 50});
    CHECK(c.tcb.bytes_acknowledged() == 49);
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 50, .length = 51});
    c.gets({.ack = 101});
    CHECK(c.tcb.bytes_acknowledged() == 100);
}

TEST_CASE("send_room is what is left of the send buffer") {
    Conversation c;
    c.config.nagle = false;
    c.config.send_buffer = 1000;
    established(c);
    CHECK(c.tcb.send_room() == 1000);
    c.writes(std::string(400, 'x'));
    CHECK(c.tcb.send_room() == 600);
    c.writes(std::string(900, 'x'));
    CHECK(c.tcb.send_room() == 0);
    c.gets({.ack = 1301});
    CHECK(c.tcb.send_room() == 1000);
}

TEST_CASE("after a timeout what SACK had reported is not sent again") {
    Conversation c;
    c.config.recovery = tcp::RecoveryKind::reno;
    established(c, {.sack = true});
    sends_full_segments(c, 4);
    c.gets({.ack = 1, .sack = {{byte_of(2), byte_of(3)}}});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.gets({.ack = byte_of(1)});
    c.sends(Reason::data, {.seq = byte_of(1), .again = true});
    c.sends(Reason::data, {.seq = byte_of(3), .again = true});
    c.silent();
}

TEST_CASE("what SACK had reported and is missing after all was thrown away, and so was the rest") {
    Conversation c;
    c.config.recovery = tcp::RecoveryKind::reno;
    established(c, {.sack = true});
    sends_full_segments(c, 4);
    c.gets({.ack = 1, .sack = {{byte_of(1), byte_of(3)}}});
    c.gets({.ack = byte_of(1)});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = byte_of(1), .again = true});
    c.gets({.ack = byte_of(2)});
    c.sends(Reason::data, {.seq = byte_of(2), .again = true});
    c.sends(Reason::data, {.seq = byte_of(3), .again = true});
}

TEST_CASE("the window does not grow while the application leaves it unused") {
    Conversation c;
    established(c);
    for (std::uint32_t i = 0; i < 20; ++i) {
        c.writes(std::string(1000, 'x'));
        c.sends(Reason::data);
        c.gets({.ack = 1001 + 1000 * i});
    }
    c.writes(std::string(40 * 1460, 'x'));
    CHECK(c.replies.size() == 10);
}

TEST_CASE("an echoed timestamp counts for nothing without a retransmission") {
    Conversation c;
    c.config.nagle = false;
    established(c, {.tsval = 100});
    c.writes("timed");
    c.writes("not timed");
    c.replies.clear();
    c.gets({.ack = 6, .tsval = 100, .tsecr = 1});
    c.gets({.ack = 15, .tsval = 100, .tsecr = 1});
    c.writes("x");
    c.sends(Reason::data);
    c.silent_for(200ms);
    c.sends(Reason::data, {.again = true});
}

TEST_CASE("what is sent while losses are repaired measures nothing") {
    Conversation c;
    established(c);
    sends_full_segments(c, 10);
    for (int i = 0; i < 3; ++i) {
        c.gets({.ack = 1});
    }
    c.sends(Reason::data, {.seq = 1, .again = true});
    for (int i = 0; i < 6; ++i) {
        c.gets({.ack = 1});
    }
    c.writes("new");
    c.sends(Reason::data, {.seq = byte_of(10), .again = false});
    c.passes(150ms);
    c.gets({.ack = byte_of(10) + 3});
    c.writes("next");
    c.sends(Reason::data);
    c.silent_for(200ms);
    c.sends(Reason::data, {.again = true});
}

TEST_CASE("congestion window: slow start, avoidance, halving, collapse") {
    tcp::CongestionWindow window;
    window.start(1000, 10);
    CHECK(window.bytes() == 10'000);
    window.on_ack(1000, 1000, 1000);
    CHECK(window.bytes() == 10'000);
    window.on_ack(1000, 10'000, 1000);
    CHECK(window.bytes() == 11'000);
    window.on_fast_retransmit(11'000, 1000);
    CHECK(window.bytes() == 5500);
    window.on_ack(5500, 5500, 1000);
    CHECK(window.bytes() == 6500);
    window.on_timeout(6500, 1000, true);
    CHECK(window.bytes() == 1000);
    CHECK(window.threshold() == 3250);
    window.on_timeout(1000, 1000, false);
    CHECK(window.threshold() == 3250);
    window.on_timeout(1000, 1000, true);
    CHECK(window.threshold() == 2000);
    window.start(65'000, 10);
    CHECK(window.bytes() == 130'000);
    window.start(48, 10);
    CHECK(window.bytes() == 480);
}

TEST_CASE("the retransmission timeout follows RFC 6298, with Linux's floor") {
    const tcp::Config config;
    tcp::RttEstimator rtt;
    CHECK(rtt.rto(config, 0) == 1s);
    CHECK(rtt.rto(config, 3) == 8s);
    CHECK(rtt.rto(config, 255) == 120s);
    rtt.sample(100ms);
    CHECK(rtt.rto(config, 0) == 300ms);
    rtt.sample(900ms);
    // RTTVAR (3 * 50 + 800) / 4 = 237.5 ms, SRTT (7 * 100 + 900) / 8 = 200 ms
    CHECK(rtt.smoothed() == 200ms);
    CHECK(rtt.rto(config, 0) == 1150ms);
    CHECK(rtt.rto(config, 1) == 2300ms);
    tcp::RttEstimator fast;
    fast.sample(-1s);
    CHECK(fast.rto(config, 0) == 200ms);
    fast.sample(std::chrono::hours(100'000));
    CHECK(fast.rto(config, 0) == 120s);
}
