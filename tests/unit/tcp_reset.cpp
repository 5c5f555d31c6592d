// RST, SYN and ACK that do not fit: RFC 9293, 3.10.7.4 and RFC 5961.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("only a RST at RCV.NXT ends the connection, one elsewhere in the window is challenged") {
    for (const auto& reach : {established, fin_wait_1, fin_wait_2}) {
        Conversation c;
        reach(c, {});
        c.gets({.seq = 0, .flags = rst_bit});
        c.gets({.seq = 100'000, .flags = rst_bit});
        c.silent();
        const State before = c.tcb.state();
        c.gets({.seq = 2, .flags = rst_bit | ack_bit});
        c.sends(Reason::challenge_ack, {.ack = 1, .flags = ack_bit});
        CHECK(c.tcb.state() == before);
        c.gets({.seq = 1, .flags = rst_bit});
        c.enters(State::closed);
        c.silent();
        CHECK_FALSE(c.tcb.timed_out());
    }
    for (const auto& reach : {close_wait, closing, last_ack}) {
        Conversation c;
        reach(c, {});
        c.gets({.seq = 2, .flags = rst_bit});
        c.enters(State::closed);
    }
}

TEST_CASE("a RST is heard while the window is closed") {
    Conversation c;
    c.config.window = 5;
    c.reads = false;
    established(c);
    c.gets({.text = "12345"});
    c.sends(Reason::ack, {.ack = 6, .window = 0});
    c.gets({.seq = 6, .flags = rst_bit});
    c.enters(State::closed);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("a SYN on a connection is challenged, wherever it stands") {
    for (const std::uint32_t seq : {0U, 1U, 5U, 1'000'000U}) {
        CAPTURE(seq);
        Conversation c;
        established(c);
        c.gets({.seq = seq, .flags = syn_bit});
        c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
        CHECK(c.tcb.state() == State::established);
    }
}

TEST_CASE("challenge ACKs leave twice a second at most") {
    Conversation c;
    established(c);
    for (int i = 0; i < 100; ++i) {
        c.gets({.seq = 50, .flags = rst_bit});
        c.gets({.seq = 50, .flags = syn_bit});
        c.gets({.seq = 100'000});
    }
    c.sends(Reason::challenge_ack);
    c.silent_for(500ms);
    c.gets({.seq = 50, .flags = rst_bit});
    c.sends(Reason::challenge_ack);
    c.gets({.seq = 50, .flags = rst_bit});
    c.silent();
}

TEST_CASE("an ACK of what was never sent is challenged, and nothing else of it is heard") {
    Conversation c;
    established(c);
    c.writes("hello");
    c.sends(Reason::data);
    c.gets({.ack = 7, .text = "spoofed"});
    c.sends(Reason::challenge_ack, {.seq = 6, .ack = 1});
    CHECK(c.received.empty());
    CHECK(c.tcb.snd().una == Conversation::our_iss + 1);
    c.gets({.ack = 6});
    CHECK(c.tcb.snd().una == Conversation::our_iss + 6);
}

TEST_CASE("an ACK older than any window is challenged, one a little old is tolerated") {
    Conversation c;
    established(c, {.window = 1000});
    c.writes("hello");
    c.gets({.ack = 6, .window = 1000});
    c.writes(std::string(1000, 'x'));
    c.gets({.ack = 1006, .window = 1000});
    c.replies.clear();
    c.gets({.ack = 6, .text = "tolerated"});
    c.sends(Reason::ack);
    c.gets({.seq = 10, .ack = 5, .text = "spoofed"});
    c.sends(Reason::challenge_ack);
    CHECK(c.received == "tolerated");
}

TEST_CASE("an ACK of what stands before the first byte is challenged, whatever the window") {
    Conversation c;
    established(c);
    c.gets({.ack = 0, .text = "spoofed"});
    c.sends(Reason::challenge_ack);
    CHECK(c.received.empty());
    c.writes("hello");
    c.gets({.ack = 6});
    c.replies.clear();
    c.gets({.ack = 1, .text = "tolerated"});
    CHECK(c.received == "tolerated");
}

TEST_CASE("an ACK without payload that is out of the window is answered by ours") {
    Conversation c;
    established(c);
    c.gets({.seq = 64242});
    c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1});
    c.gets({.seq = 64241});
    c.silent();
}

TEST_CASE("an ACK without payload from before our last ACK is answered by ours") {
    Conversation c;
    established(c);
    c.gets({.text = "hello"});
    c.sends(Reason::ack, {.ack = 6});
    c.gets({.seq = 3});
    c.sends(Reason::challenge_ack, {.ack = 6});
}

TEST_CASE("one that its own data overtook is heard in silence while our ACK is delayed") {
    Conversation c;
    c.reads = false;
    c.config.quick_acks = 0;
    established(c);
    c.writes("data");
    c.sends(Reason::data);
    c.gets({.text = "hello"});
    c.gets({.seq = 1, .ack = 5});
    c.silent();
    CHECK(c.tcb.bytes_acknowledged() == 4);
    c.gets({.seq = 3, .flags = rst_bit});
    c.silent();
    CHECK(c.tcb.state() == State::established);
}

TEST_CASE("keepalive probes are answered, at most twice a second") {
    Conversation c;
    established(c);
    for (int i = 0; i < 5; ++i) {
        c.gets({.seq = 0});
        c.sends(Reason::keepalive_reply, {.seq = 1, .ack = 1, .flags = ack_bit});
        c.passes(499ms);
        c.gets({.seq = 0});
        c.silent();
        c.passes(1ms);
    }
}

TEST_CASE("challenges do not use up the answers to probes") {
    Conversation c;
    established(c);
    c.gets({.seq = 50, .flags = rst_bit});
    c.sends(Reason::challenge_ack);
    c.gets({.seq = 0});
    c.sends(Reason::keepalive_reply);
}

TEST_CASE("a keepalive probe with a byte of garbage is answered as a duplicate") {
    Conversation c;
    established(c);
    c.gets({.text = "x"});
    c.sends(Reason::ack);
    c.gets({.text = "?"});
    c.sends(Reason::duplicate_ack, {.ack = 2});
    CHECK(c.received == "x");
}

TEST_CASE("a segment without ACK is dropped") {
    Conversation c;
    established(c);
    c.gets({.flags = 0, .text = "x"});
    c.gets({.flags = fin_bit});
    c.silent();
    CHECK(c.received.empty());
    CHECK(c.tcb.state() == State::established);
}

TEST_CASE("a RST of ours stands where the other side listens, even if it took window back") {
    Conversation c;
    established(c, {.window = 5000});
    c.writes(std::string(5000, 'x'));
    c.replies.clear();
    c.gets({.ack = 1461, .window = 100});
    c.aborts();
    c.sends(Reason::rst, {.seq = 1561, .flags = rst_bit | ack_bit});
}

TEST_CASE("what rounding to the scale takes back does not move our segments") {
    Conversation c;
    established(c, {.window = 7, .scale = 7});
    CHECK(c.tcb.snd().wnd == 896);
    c.writes(std::string(896, 'x'));
    c.sends(Reason::data, {.seq = 1, .length = 896});
    c.gets({.ack = 100, .text = "a", .window = 6});  // the edge is 99 + 768, 29 bytes less
    c.sends(Reason::ack, {.seq = 897, .ack = 2});
    c.gets({.seq = 2, .ack = 100, .text = "b", .window = 5});
    c.sends(Reason::ack, {.seq = 100 + 640, .ack = 3});
}

TEST_CASE("a RST at the end of what is held out of order resets, one before it does not") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 101, .text = std::string(100, 'x')});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{101, 201}}});
    c.gets({.seq = 200, .flags = rst_bit});
    c.sends(Reason::challenge_ack);
    c.gets({.seq = 201, .flags = rst_bit});
    c.enters(State::closed);
    c.silent();
}

TEST_CASE("a RST with the FIN's own number resets once the FIN has come, and not before") {
    Conversation c;
    established(c);
    c.gets({.seq = 0, .flags = rst_bit});
    CHECK(c.tcb.state() == State::established);
    c.gets({.flags = fin_bit | ack_bit});
    c.enters(State::close_wait);
    c.gets({.seq = 1, .flags = rst_bit});
    c.enters(State::closed);
}
