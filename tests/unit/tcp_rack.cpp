// Losses found by time, the probe for a lost tail, and what takes a mistake back (RFC 8985).
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

constexpr std::uint32_t start_of(std::uint32_t segment) { return 1 + 1460 * segment; }

/// A round trip of 40 ms has been measured, and both sides have SACK.
void far_away(Conversation& c) {
    syn_received(c, {.sack = true});
    c.passes(40ms);
    c.gets({});
    c.enters(State::established);
    c.silent();
}

void sends_segments(Conversation& c, std::uint32_t count) {
    c.writes(std::string(std::size_t{count} * 1460, 'x'));
    for (std::uint32_t i = 0; i < count; ++i) {
        c.sends(Reason::data, {.seq = start_of(i), .length = 1460, .again = false});
    }
    c.silent();
}

}  // namespace

TEST_CASE("the first of three that two have overtaken is sent again after a quarter round trip") {
    Conversation c;
    far_away(c);
    sends_segments(c, 3);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(3)}}});
    c.silent_for(12ms + 1us);  // a quarter of 40 ms, and 2 ms for the clock
    c.sends(Reason::data, {.seq = 1, .length = 1460, .again = true});
    c.passes(40ms);
    c.gets({.ack = start_of(3)});
    c.silent_for(10s);
}

TEST_CASE("three that were overtaken by three are lost at once") {
    Conversation c;
    far_away(c);
    sends_segments(c, 8);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(3), start_of(6)}}});
    // Half of the eight may be in the network, and two are.
    c.sends(Reason::data, {.seq = start_of(0), .again = true});
    c.sends(Reason::data, {.seq = start_of(1), .again = true});
    c.silent();
    c.passes(40ms);
    c.gets({.ack = start_of(1), .sack = {{start_of(3), start_of(6)}}});
    // The ACK is of a retransmission, which has overtaken the last two as well. Four have arrived
    // by now and two were sent, so that two more may leave (RFC 9937).
    c.sends(Reason::data, {.seq = start_of(2), .again = true});
    c.sends(Reason::data, {.seq = start_of(6), .again = true});
    c.silent();
    c.gets({.ack = start_of(2), .sack = {{start_of(3), start_of(6)}}});
    c.sends(Reason::data, {.seq = start_of(7), .again = true});
    c.silent();
}

TEST_CASE("what was sent after everything that arrived is not lost yet") {
    Conversation c;
    far_away(c);
    sends_segments(c, 4);
    c.passes(20ms);
    c.writes(std::string(1460, 'y'));
    c.sends(Reason::data, {.seq = start_of(4)});
    c.passes(20ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(4)}}});
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.silent();
}

TEST_CASE("a retransmission that is lost is found by time, too") {
    Conversation c;
    far_away(c);
    sends_segments(c, 10);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(10)}}});
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.writes(std::string(1460, 'y'));
    c.sends(Reason::data, {.seq = start_of(10), .again = false});
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(11)}}});
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.silent();
}

TEST_CASE("a path that reorders is given time") {
    Conversation c;
    far_away(c);
    sends_segments(c, 6);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(2)}}});
    c.gets({.ack = start_of(2)});  // late, not lost
    c.silent();
    c.gets({.ack = start_of(2), .sack = {{start_of(3), start_of(6)}}});
    c.silent_for(12ms + 1us);
    c.sends(Reason::data, {.seq = start_of(2), .again = true});
}

TEST_CASE("a lost tail is probed for after two round trips, then the timeout counts from there") {
    Conversation c;
    far_away(c);
    sends_segments(c, 3);
    c.silent_for(82ms);
    c.sends(Reason::data, {.seq = start_of(2), .length = 1460, .again = true});
    c.silent_for(240ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.silent_for(480ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
}

TEST_CASE("a single segment is given the time of a delayed ACK, no longer than the timeout") {
    Conversation c;
    far_away(c);
    c.writes("x");
    c.sends(Reason::data);
    c.silent_for(240ms);
    c.sends(Reason::data, {.seq = 1, .text = "x", .again = true});
    c.silent_for(240ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
    c.silent_for(480ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
}

TEST_CASE("the probe is new data where there is some") {
    Conversation c;
    far_away(c);
    c.writes(std::string(20 * 1460, 'x'));
    c.replies.clear();
    c.silent_for(82ms);
    c.sends(Reason::data, {.seq = start_of(10), .length = 1460, .again = false});
    c.silent_for(240ms - 1us);
}

TEST_CASE(
    "the ACK of a probe that repaired a loss halves the window, that of both copies does not") {
    const auto window_after = [](const In& answer) {
        Conversation c;
        far_away(c);
        sends_segments(c, 10);
        c.passes(82ms);
        c.sends(Reason::data, {.seq = start_of(9), .again = true});
        c.passes(5ms);
        c.gets(answer);
        c.writes(std::string(40 * 1460, 'x'));
        return c.replies.size();
    };
    CHECK(window_after({.ack = start_of(10), .sack = {{start_of(9), start_of(10)}}}) == 20);
    CHECK(window_after({.ack = start_of(10)}) == 20);  // it is not known yet which copy this is
    Conversation c;
    far_away(c);
    sends_segments(c, 10);
    c.passes(82ms);
    c.sends(Reason::data, {.seq = start_of(9), .again = true});
    c.gets({.ack = start_of(10)});
    c.writes(std::string(1460, 'x'));
    c.sends(Reason::data, {.seq = start_of(10)});
    c.gets({.ack = start_of(11)});
    c.writes(std::string(40 * 1460, 'x'));
    CHECK(c.replies.size() == 10);
}

TEST_CASE("duplicate reports of all that was sent again take the reduction back") {
    Conversation c;
    far_away(c);
    sends_segments(c, 10);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(2), start_of(5)}}});
    c.sends(Reason::data, {.seq = start_of(0), .again = true});
    c.silent();
    c.gets({.ack = start_of(10)});
    c.gets({.ack = start_of(10), .sack = {{start_of(0), start_of(1)}}});
    c.writes(std::string(10 * 1460, 'x'));
    CHECK(c.replies.size() == 10);
    // And the next time there is more patience: two quarters of a round trip.
    c.replies.clear();
    c.passes(40ms);
    c.gets({.ack = start_of(10), .sack = {{start_of(11), start_of(13)}}});
    c.silent_for(22ms + 1us);
    c.sends(Reason::data, {.seq = start_of(10), .again = true});
}

TEST_CASE("recovery: reno waits for three, and for the timeout") {
    Conversation c;
    c.config.recovery = tcp::RecoveryKind::reno;
    far_away(c);
    sends_segments(c, 3);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(3)}}});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
}

TEST_CASE("without SACK there is no probe") {
    Conversation c;
    established(c);
    sends_segments(c, 3);
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1, .again = true});
}

TEST_CASE("the reordering timer stands ahead even where the oldest segment is overdue") {
    Conversation c;
    far_away(c);
    sends_segments(c, 4);
    c.passes(40ms);
    c.gets({.ack = 1, .sack = {{start_of(1), start_of(2)}}});
    c.gets({.ack = start_of(1)});  // reported, and yet not acknowledged: the oldest from now on
    c.passes(205ms);
    c.writes(std::string(2 * 1460, 'y'));
    c.replies.clear();
    c.passes(30ms);
    c.gets({.ack = start_of(1), .sack = {{start_of(5), start_of(6)}}});
    REQUIRE(c.tcb.next_deadline());
    CHECK(*c.tcb.next_deadline() > c.now);
}
