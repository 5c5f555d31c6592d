// Data that arrives: order, acknowledgements and their delay, SACK that we send.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("every second full segment is acknowledged at once") {
    Conversation c;
    slow_acks(c);
    established(c);
    const std::string full(1460, 'x');
    c.gets({.seq = 1, .text = full});
    c.silent();
    c.passes(39ms);
    c.gets({.seq = 1461, .text = full});
    c.sends(Reason::ack, {.ack = 2921});
    c.silent_for(1s);
}

TEST_CASE("an ACK that is not delayed leaves before the application's answer") {
    Conversation c;
    established(c);
    c.gets({.text = "question"});
    c.writes("answer");
    c.sends(Reason::ack, {.seq = 1, .ack = 9});
    c.sends(Reason::data, {.seq = 1, .ack = 9});
}

TEST_CASE("without a delay every segment is acknowledged at once") {
    Conversation c;
    slow_acks(c);
    c.config.delayed_ack.reset();
    established(c);
    c.gets({.text = "a"});
    c.sends(Reason::ack, {.ack = 2});
}

TEST_CASE("a delayed ACK that is overtaken by an immediate one is not sent twice") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    established(c);
    c.gets({.text = "a"});
    c.silent();
    c.gets({.seq = 1});
    c.sends(Reason::keepalive_reply, {.ack = 2});
    c.silent_for(1s);
}

TEST_CASE("data out of order wait for the gap, and each is answered at once") {
    Conversation c;
    slow_acks(c);
    established(c);
    for (int i = 0; i < 5; ++i) {
        c.gets({.seq = 11U + 5U * static_cast<unsigned>(i), .text = "abcde"});
        c.sends(Reason::duplicate_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
        c.silent();
    }
    CHECK(c.received.empty());
    c.gets({.seq = 1, .text = "0123456789"});
    c.sends(Reason::ack, {.ack = 36});
    c.silent();
    CHECK(c.received == "0123456789abcdeabcdeabcdeabcdeabcde");
    CHECK(c.tcb.heap_bytes() == 0);
    CHECK(c.tcb.bytes_received() == 35);
}

TEST_CASE("overlaps of every kind keep each byte once, the first that came") {
    Conversation c;
    established(c);
    c.gets({.seq = 5, .text = "EFGH"});   // 5..8
    c.gets({.seq = 3, .text = "cdefg"});  // before and into it
    c.gets({.seq = 7, .text = "ghij"});   // from within, beyond
    c.gets({.seq = 13, .text = "MN"});
    c.gets({.seq = 4, .text = "????????????????"});  // over all of it, fills 11, 12 and beyond
    CHECK(c.received.empty());
    c.gets({.seq = 1, .text = "abX"});
    CHECK(c.received == "abXdEFGHij??MN?????");
    CHECK(c.tcb.rcv().nxt == Conversation::their_iss + 20);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("a segment that is partly old delivers the rest") {
    Conversation c;
    established(c);
    c.gets({.text = "hello"});
    c.sends(Reason::ack, {.ack = 6});
    c.gets({.seq = 3, .text = "llo, world"});
    c.sends(Reason::ack, {.ack = 13});
    CHECK(c.received == "hello, world");
}

TEST_CASE("data that had been received are answered at once, each time") {
    Conversation c;
    slow_acks(c);
    established(c);
    c.gets({.text = "hello"});
    c.passes(40ms);
    c.sends(Reason::ack, {.ack = 6});
    for (int i = 0; i < 5; ++i) {
        c.gets({.text = "hello"});
        c.sends(Reason::duplicate_ack, {.ack = 6});
        c.gets({.seq = 2, .text = "el"});
        c.sends(Reason::duplicate_ack, {.ack = 6});
    }
    CHECK(c.received == "hello");
}

TEST_CASE("payload beyond the window is cut off, wholly outside it is challenged") {
    Conversation c;
    c.config.window = 10;
    established(c);
    c.gets({.text = "0123456789abc"});
    c.sends(Reason::ack, {.ack = 11});
    CHECK(c.received == "0123456789");
    c.gets({.seq = 21, .text = "x"});
    c.sends(Reason::challenge_ack, {.ack = 11});
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("SACK reports what is held, the latest first") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 11, .text = "aaaaa"});
    c.sends(Reason::duplicate_ack, {.ack = 1, .sack = Blocks{{11, 16}}});
    c.gets({.seq = 21, .text = "bbbbb"});
    c.sends(Reason::duplicate_ack, {.ack = 1, .sack = Blocks{{21, 26}, {11, 16}}});
    c.gets({.seq = 31, .text = "ccccc"});
    c.gets({.seq = 41, .text = "ddddd"});
    c.gets({.seq = 51, .text = "eeeee"});
    c.sends(Reason::duplicate_ack);
    c.sends(Reason::duplicate_ack);
    c.sends(Reason::duplicate_ack,
            {.ack = 1, .sack = Blocks{{51, 56}, {41, 46}, {31, 36}, {21, 26}}});
    c.gets({.seq = 16, .text = "xxxxx"});
    c.sends(Reason::duplicate_ack,
            {.ack = 1, .sack = Blocks{{11, 26}, {51, 56}, {41, 46}, {31, 36}}});
    c.gets({.seq = 1, .text = "0123456789"});
    c.sends(Reason::ack, {.ack = 26, .sack = Blocks{{51, 56}, {41, 46}, {31, 36}}});
}

TEST_CASE("beside timestamps there is room for three blocks") {
    Conversation c;
    established(c, {.sack = true, .tsval = 1});
    for (std::uint32_t i = 1; i <= 4; ++i) {
        c.gets({.seq = 1 + 10 * i, .text = "aaaaa", .tsval = 1});
    }
    c.replies.erase(c.replies.begin(), c.replies.end() - 1);
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{41, 46}, {31, 36}, {21, 26}}});
}

TEST_CASE("without SACK no blocks are sent") {
    Conversation c;
    established(c);
    c.gets({.seq = 11, .text = "aaaaa"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{}});
}

TEST_CASE("duplicates are reported once (RFC 2883)") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.text = "hello"});
    c.sends(Reason::ack, {.sack = Blocks{}});
    c.gets({.text = "hello"});
    c.sends(Reason::duplicate_ack, {.ack = 6, .sack = Blocks{{1, 6}}});
    CHECK(c.tcb.heap_bytes() == 0);
    c.gets({.seq = 11, .text = "aaaaa"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{11, 16}}});
    c.gets({.seq = 11, .text = "aaaaa"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{11, 16}, {11, 16}}});
    c.gets({.seq = 14, .text = "aaccc"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{14, 16}, {11, 19}}});
    c.gets({.seq = 25, .text = "d"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{25, 26}, {11, 19}}});
    c.gets({.seq = 18, .text = "ceeeeeede"});  // the first of two parts
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{18, 19}, {11, 27}}});
    c.gets({.seq = 6, .text = "bbbbb"});
    c.sends(Reason::ack, {.ack = 27, .sack = Blocks{}});
}

TEST_CASE("what is held out of order is bounded") {
    Conversation c;
    c.config.send_buffer = 4096;
    c.config.window = 4096;
    established(c, {.sack = true});
    for (std::uint32_t i = 0; i < 5000; ++i) {
        c.gets({.seq = 10 + 2 * (i % 2000), .text = "x"});
    }
    CHECK(c.tcb.heap_bytes() < 3 * 4096);
    CHECK(c.replies.size() == 5000);
}

TEST_CASE("segments in order take no memory once they are read") {
    Conversation c;
    established(c);
    for (std::uint32_t i = 0; i < 100; ++i) {
        c.gets({.seq = 1 + 1000 * i, .text = std::string(1000, 'x')});
        CHECK(c.tcb.heap_bytes() == 0);
    }
    CHECK(c.tcb.bytes_received() == 100'000);
}

TEST_CASE("RCV.WND is what was offered less what has arrived since") {
    Conversation c;
    slow_acks(c);
    c.reads = false;
    established(c);
    c.gets({.text = "hello"});
    c.silent();
    CHECK(c.tcb.rcv().wnd == 64235);
}

TEST_CASE("data that leave with SACK blocks keep to the MSS") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 11, .text = "aaaaa"});
    c.sends(Reason::duplicate_ack);
    c.writes(std::string(1460, 'x'));
    c.sends(Reason::data, {.length = 1448, .sack = Blocks{{11, 16}}});
    c.sends(Reason::data, {.length = 12, .sack = Blocks{{11, 16}}});

    Conversation small;
    established(small, {.mss = 88, .sack = true});
    small.gets({.seq = 11, .text = "aaaaa"});
    small.sends(Reason::duplicate_ack);
    small.writes(std::string(88, 'x'));
    small.sends(Reason::data, {.length = 88, .sack = Blocks{}});
}

TEST_CASE("what fills a gap is acknowledged at once, however small") {
    Conversation c;
    slow_acks(c);
    established(c);
    c.gets({.text = std::string(1000, 'x')});
    c.passes(40ms);
    c.sends(Reason::ack);
    c.gets({.seq = 1002, .text = "b"});
    c.sends(Reason::duplicate_ack, {.ack = 1001});
    c.gets({.seq = 1001, .text = "a"});
    c.sends(Reason::ack, {.ack = 1003});
    c.reads = false;
    c.gets({.seq = 1003, .text = "c"});
    c.silent_for(40ms);
    c.sends(Reason::ack, {.ack = 1004});
}

TEST_CASE("the urgent byte is out of band, and its number counts") {
    constexpr std::uint8_t urg_bit = Flags::urg;
    Conversation c;
    established(c);
    SUBCASE("the last of a segment") {
        c.gets({.flags = ack_bit | urg_bit, .text = "abcdef", .urgent = 6});
        CHECK(c.received == "abcde");
    }
    SUBCASE("in the middle") {
        c.gets({.flags = ack_bit | urg_bit, .text = "abcdef", .urgent = 2});
        CHECK(c.received == "acdef");
    }
    SUBCASE("the pointer is 0") {
        c.gets({.flags = ack_bit | urg_bit, .text = "abcdef", .urgent = 0});
        CHECK(c.received == "bcdef");
    }
    SUBCASE("announced by the segment before") {
        c.gets({.flags = ack_bit | urg_bit, .text = "abc", .urgent = 5});
        c.gets({.seq = 4, .text = "def"});
        CHECK(c.received == "abcdf");
    }
    SUBCASE("announced by one that is ahead") {
        c.gets({.seq = 4, .flags = ack_bit | urg_bit, .text = "def", .urgent = 2});
        c.gets({.text = "abc"});
        CHECK(c.received == "abcdf");
    }
    SUBCASE("a later one takes its place") {
        c.gets({.flags = ack_bit | urg_bit, .text = "ab", .urgent = 4});
        c.gets({.seq = 3, .flags = ack_bit | urg_bit, .text = "cdef", .urgent = 4});
        CHECK(c.received == "abcde");
    }
    SUBCASE("it is not urgent any longer") {
        c.gets({.text = "abc"});
        c.gets({.seq = 4, .flags = ack_bit | urg_bit, .text = "def", .urgent = 3});
        c.gets({.seq = 1, .flags = ack_bit | urg_bit, .text = "abc", .urgent = 1});
        CHECK(c.received == "abcde");
    }
    CHECK(c.tcb.bytes_received() == 6);
    CHECK(c.tcb.rcv().nxt == Conversation::their_iss + 7);
}
