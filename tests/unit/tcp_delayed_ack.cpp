// How long an acknowledgement waits, and what ends the wait.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

/// The program has asked once, and the answer was acknowledged; `at` is what comes next.
struct Next {
    std::uint32_t seq;
    std::uint32_t ack;
};

Next ask_once(Conversation& c) {
    c.gets({.text = "one?"});
    c.sends(Reason::ack, {.seq = 1, .ack = 5});
    c.writes("one.");
    c.sends(Reason::data, {.seq = 1, .ack = 5});
    c.gets({.seq = 5, .ack = 5});
    c.silent();
    return {5, 5};
}

}  // namespace

TEST_CASE(
    "the first sixteen segments are acknowledged at once, read or not; later ones wait 40 ms") {
    Conversation c;
    c.reads = false;
    established(c);
    std::uint32_t seq = 1;
    for (int i = 0; i < 16; ++i) {
        c.gets({.seq = seq, .text = "ping"});
        seq += 4;
        c.sends(Reason::ack, {.ack = seq});
    }
    c.gets({.seq = seq, .text = "ping"});
    c.silent_for(40ms);
    c.sends(Reason::ack, {.ack = seq + 4, .flags = ack_bit});
    c.silent_for(10s);
}

TEST_CASE("a small window has fewer quick ACKs") {
    Conversation c;
    c.config.window = 6 * 536;
    c.reads = false;
    established(c);
    for (std::uint32_t i = 0; i < 3; ++i) {
        c.gets({.seq = 1 + i, .text = "x"});
        c.sends(Reason::ack, {.ack = 2 + i});
    }
    c.gets({.seq = 4, .text = "x"});
    c.silent_for(40ms);
    c.sends(Reason::ack);
}

TEST_CASE("the end of a write is acknowledged when the application has read it") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    established(c);
    c.gets({.text = "line\n"});
    c.passes(7ms);
    c.silent();
    c.read_all();
    c.sends(Reason::ack, {.ack = 6});
    c.silent_for(1s);
}

TEST_CASE("a full segment without PSH waits for a second one, even when it is read") {
    Conversation c;
    slow_acks(c);
    established(c);
    c.gets({.text = std::string(1460, 'x')});
    c.silent_for(40ms);
    c.sends(Reason::ack, {.ack = 1461});
    c.gets({.seq = 1461, .flags = ack_bit | psh_bit, .text = std::string(1460, 'x')});
    c.sends(Reason::ack, {.ack = 2921});
}

TEST_CASE("after the first answer, answers carry the ACK: one segment for each request") {
    Conversation c;
    established(c);
    auto [seq, ack] = ask_once(c);
    for (int i = 0; i < 5; ++i) {
        c.gets({.seq = seq, .ack = ack, .text = "more?"});
        c.passes(3ms);
        c.silent();
        c.writes("more.");
        seq += 5;
        c.sends(Reason::data, {.seq = ack, .ack = seq});
        ack += 5;
        c.gets({.seq = seq, .ack = ack});
        c.silent();
    }
    c.silent_for(1s);
}

TEST_CASE("write-write-read stalls from the second request on, for 40 ms") {
    Conversation c;
    established(c);
    const auto [seq, ack] = ask_once(c);
    c.passes(5ms);
    // The client's Nagle holds the second half back until this is acknowledged.
    c.gets({.seq = seq, .ack = ack, .text = "half "});
    c.silent_for(40ms);
    c.sends(Reason::ack, {.ack = seq + 5, .flags = ack_bit});
    c.gets({.seq = seq + 5, .ack = ack, .text = "a request"});
    c.sends(Reason::ack, {.ack = seq + 14});  // the answer was missed: not interactive any longer
}

TEST_CASE("two writes in a row are acknowledged when both are read, an answer to come or not") {
    Conversation c;
    established(c);
    const auto [seq, ack] = ask_once(c);
    c.gets({.seq = seq, .ack = ack, .text = "a"});
    c.silent();
    c.gets({.seq = seq + 1, .ack = ack, .text = "b"});
    c.sends(Reason::ack, {.ack = seq + 2});
}

TEST_CASE("what is sent later than an ACK would have waited is no answer") {
    Conversation c;
    established(c);
    c.gets({.text = "one?"});
    c.sends(Reason::ack);
    c.passes(41ms);
    c.writes("late");
    c.sends(Reason::data);
    c.gets({.seq = 5, .ack = 5, .text = "two?"});
    c.sends(Reason::ack, {.ack = 9});
}

TEST_CASE("the wait grows with the pace of the data, up to 200 ms") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    syn_received(c);
    c.passes(300ms);  // the round trip; a short one would bound the wait
    c.gets({});
    c.enters(State::established);
    c.gets({.text = "a"});
    c.silent_for(40ms);
    c.sends(Reason::ack);  // nothing carried it: 80 ms next time
    c.gets({.seq = 2, .text = "b"});
    c.silent_for(80ms);
    c.sends(Reason::ack);
    c.gets({.seq = 3, .text = "c"});
    c.silent_for(160ms);
    c.sends(Reason::ack);
    c.gets({.seq = 4, .text = "d"});
    c.silent_for(200ms);
    c.sends(Reason::ack);
}

TEST_CASE("the delay is the configured one, whatever the pace") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    c.config.delayed_ack = 3s;
    c.config.delayed_ack_max = 3s;
    established(c);
    for (std::uint32_t i = 0; i < 3; ++i) {
        c.gets({.seq = 1 + i, .text = "a"});
        c.silent_for(3s);
        c.sends(Reason::ack, {.ack = 2 + i});
    }
}

TEST_CASE("an ACK whose time has nearly come goes along with the next segment") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    established(c);
    c.gets({.text = "a"});
    c.passes(29ms);
    c.gets({.seq = 2, .text = "b"});
    c.silent();
    c.passes(2ms);
    c.gets({.seq = 3, .text = "c"});
    c.sends(Reason::ack, {.ack = 4});
}

TEST_CASE("after a pause and after a loss, segments are acknowledged at once again") {
    Conversation c;
    c.config.quick_acks = 2;
    established(c);
    c.gets({.text = "a"});
    c.sends(Reason::ack);
    c.writes("x");
    c.sends(Reason::data);
    c.gets({.seq = 2, .ack = 2, .text = "b"});
    c.silent_for(40ms);
    c.sends(Reason::ack);
    c.writes("y");
    c.sends(Reason::data);
    SUBCASE("a segment that had been received comes again") {
        c.gets({.seq = 2, .ack = 3, .text = "b"});
        c.sends(Reason::duplicate_ack);
        c.reads = false;
        c.gets({.seq = 3, .ack = 3, .text = "c"});
        c.sends(Reason::ack, {.ack = 4});
    }
    SUBCASE("more than a retransmission timeout of silence") {
        c.gets({.seq = 3, .ack = 3, .text = "c"});
        c.passes(40ms);
        c.sends(Reason::ack);
        c.passes(2s);
        c.reads = false;
        c.gets({.seq = 4, .ack = 3, .text = "d"});
        c.sends(Reason::ack, {.ack = 5});
    }
}

TEST_CASE("a second full segment waits where the application does not read") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    established(c);
    c.gets({.text = std::string(1460, 'x')});
    c.gets({.seq = 1461, .text = std::string(1460, 'x')});
    c.silent_for(40ms);
    c.sends(Reason::ack, {.ack = 2921});
    c.gets({.seq = 2921, .text = std::string(1460, 'x')});
    c.gets({.seq = 4381, .text = std::string(1460, 'x')});
    c.silent();
    c.read_all();
    c.sends(Reason::ack, {.ack = 5841});
}

TEST_CASE("a FIN waits for the application's, which carries the ACK") {
    Conversation c;
    established(c);
    c.gets({.text = "hello"});
    c.sends(Reason::ack);
    c.gets({.seq = 6, .flags = fin_bit | ack_bit});
    c.enters(State::close_wait);
    c.silent();
    SUBCASE("the application closes at once") {
        c.closes();
        c.sends(Reason::fin, {.seq = 1, .ack = 7, .flags = fin_bit | ack_bit});
        c.gets({.seq = 7, .ack = 2});
        c.silent_for(1s);
    }
    SUBCASE("it does not") {
        c.silent_for(40ms);
        c.sends(Reason::ack_of_fin, {.seq = 1, .ack = 7, .flags = ack_bit});
        c.silent_for(1s);
    }
}

TEST_CASE("data and FIN in one segment are acknowledged by the answer") {
    Conversation c;
    established(c);
    c.gets({.flags = fin_bit | psh_bit | ack_bit, .text = "hi"});
    c.enters(State::close_wait);
    c.silent();
    c.writes("hi");
    c.sends(Reason::data, {.seq = 1, .ack = 4});
    c.silent_for(100ms);
}

TEST_CASE("without a delay data and FIN have ACKs of their own") {
    Conversation c;
    c.config.delayed_ack.reset();
    established(c);
    ask_once(c);
    c.gets({.seq = 5, .ack = 5, .text = "two?"});
    c.sends(Reason::ack, {.ack = 9});
    c.gets({.seq = 9, .ack = 5, .flags = fin_bit | ack_bit});
    c.sends(Reason::ack_of_fin, {.ack = 10});
}
