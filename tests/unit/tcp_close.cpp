// Every order in which two sides can close.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("we close first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, CLOSED after 60 s") {
    Conversation c;
    time_wait(c);
    CHECK(c.tcb.heap_bytes() == 0);
    c.silent_for(60s);
    c.enters(State::closed);
    CHECK(c.tcb.next_deadline() == std::nullopt);
    CHECK_FALSE(c.tcb.timed_out());
}

TEST_CASE("FIN and the ACK of ours in one segment lead to TIME-WAIT") {
    Conversation c;
    fin_wait_1(c);
    c.gets({.seq = 1, .ack = 2, .flags = fin_bit | ack_bit});
    c.enters(State::fin_wait_2);
    c.enters(State::time_wait);
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2, .flags = ack_bit});
    c.silent();
}

TEST_CASE("simultaneous close: FIN-WAIT-1, CLOSING, TIME-WAIT") {
    Conversation c;
    closing(c);
    c.gets({.seq = 2, .ack = 2});
    c.enters(State::time_wait);
    c.silent_for(60s);
    c.enters(State::closed);
}

TEST_CASE("CLOSING: the other FIN comes again with the ACK of ours, and is acknowledged again") {
    Conversation c;
    closing(c);
    c.gets({.seq = 1, .ack = 2, .flags = fin_bit | ack_bit});
    c.enters(State::time_wait);
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2});
}

TEST_CASE("they close first: CLOSE-WAIT, LAST-ACK, CLOSED") {
    Conversation c;
    last_ack(c);
    c.gets({.seq = 2, .ack = 2});
    c.enters(State::closed);
    c.silent();
    CHECK(c.tcb.next_deadline() == std::nullopt);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("CLOSE-WAIT still sends, and lasts as long as the application wishes") {
    Conversation c;
    close_wait(c);
    CHECK(c.tcb.at_end_of_stream());
    CHECK(c.tcb.fin_received());
    c.silent_for(std::chrono::hours(10));
    c.writes("answer");
    c.sends(Reason::data, {.seq = 1, .ack = 2, .text = "answer"});
    c.gets({.seq = 2, .ack = 7});
    c.closes();
    c.enters(State::last_ack);
    c.sends(Reason::fin, {.seq = 7, .ack = 2});
    c.gets({.seq = 2, .ack = 8});
    c.enters(State::closed);
}

TEST_CASE("a FIN with payload is one segment and one ACK") {
    Conversation c;
    established(c);
    c.gets({.flags = fin_bit | ack_bit, .text = "bye"});
    c.enters(State::close_wait);
    c.silent_for(40ms);
    c.sends(Reason::ack_of_fin, {.ack = 5});
    c.silent();
    CHECK(c.received == "bye");
}

TEST_CASE("a FIN that comes before its data waits for them") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 6, .flags = fin_bit | ack_bit, .text = "world"});
    c.sends(Reason::duplicate_ack, {.ack = 1, .sack = Blocks{{6, 12}}});
    CHECK(c.tcb.state() == State::established);
    c.gets({.seq = 6, .flags = fin_bit | ack_bit, .text = "world"});
    c.sends(Reason::duplicate_ack, {.ack = 1, .sack = Blocks{{6, 12}, {6, 12}}});
    c.gets({.text = "hello"});
    c.enters(State::close_wait);
    c.sends(Reason::ack_of_fin, {.ack = 12});
    c.silent();
    CHECK(c.received == "helloworld");
}

TEST_CASE("a bare FIN that comes before the data waits for them") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 6, .flags = fin_bit | ack_bit});
    c.sends(Reason::duplicate_ack, {.ack = 1, .sack = Blocks{{6, 7}}});
    c.gets({.text = "hello"});
    c.enters(State::close_wait);
    c.sends(Reason::ack_of_fin, {.ack = 7});
    CHECK(c.received == "hello");
}

TEST_CASE("what stands behind a FIN is never read, whichever came first") {
    Conversation c;
    established(c, {.sack = true});
    c.gets({.seq = 8, .text = "beyond"});
    c.gets({.seq = 6, .flags = fin_bit | ack_bit});
    c.sends(Reason::duplicate_ack);
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{6, 7}, {8, 14}}});
    c.gets({.seq = 3, .text = "llo and more"});
    c.sends(Reason::duplicate_ack, {.sack = Blocks{{6, 7}, {3, 15}}});
    c.gets({.text = "he"});
    c.enters(State::close_wait);
    c.sends(Reason::ack_of_fin, {.ack = 7});
    CHECK(c.received == "hello");
    c.gets({.seq = 7, .ack = 1, .text = "beyond"});
    c.silent_for(1s);  // RFC 9293, 3.10.7.4, seventh step: the text is ignored
    CHECK(c.received == "hello");
}

TEST_CASE("a FIN amid data that came in order is nonsense and forgotten") {
    Conversation c;
    established(c);
    c.gets({.seq = 3, .flags = fin_bit | ack_bit});
    c.sends(Reason::duplicate_ack, {.ack = 1});
    c.gets({.text = "hello"});
    c.sends(Reason::ack, {.ack = 6});
    CHECK(c.tcb.state() == State::established);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("a repeated FIN is acknowledged each time, in every state behind it") {
    for (const auto& reach : {close_wait, last_ack, closing, time_wait}) {
        Conversation c;
        reach(c, {});
        for (int i = 0; i < 3; ++i) {
            c.gets({.seq = 1, .ack = 1, .flags = fin_bit | ack_bit});
            c.sends(Reason::ack_of_fin, {.ack = 2, .flags = ack_bit});
            c.silent();
        }
    }
}

TEST_CASE("our FIN is retransmitted with back-off until it is acknowledged") {
    Conversation c;
    fin_wait_1(c);
    for (const auto wait : {200ms, 400ms, 800ms}) {
        c.silent_for(wait);
        c.sends(Reason::fin, {.seq = 1, .flags = fin_bit | ack_bit, .again = true});
    }
    c.gets({.ack = 2});
    c.enters(State::fin_wait_2);
    c.silent_for(std::chrono::hours(1));
}

TEST_CASE("a lost FIN rides on the data that is sent again") {
    Conversation c;
    established(c);
    c.writes("data");
    c.shuts_down();
    c.enters(State::fin_wait_1);
    c.sends(Reason::data, {.seq = 1, .flags = ack_bit | psh_bit, .text = "data"});
    c.sends(Reason::fin, {.seq = 5, .flags = fin_bit | ack_bit});
    c.silent_for(200ms);
    c.sends(Reason::fin,
            {.seq = 1, .flags = fin_bit | psh_bit | ack_bit, .text = "data", .again = true});
    c.silent();
    c.gets({.ack = 6});
    c.enters(State::fin_wait_2);
    CHECK(c.tcb.bytes_acknowledged() == 4);
}

TEST_CASE("FIN-WAIT-2 after shutdown waits without a timer and still reads") {
    Conversation c;
    fin_wait_2(c);
    c.silent_for(std::chrono::hours(10));
    c.gets({.ack = 2, .text = "late"});
    c.sends(Reason::ack, {.seq = 2, .ack = 5});
    CHECK(c.received == "late");
}

TEST_CASE("FIN-WAIT-2 after close ends after 60 s") {
    for (const bool shut_down_before : {false, true}) {
        Conversation c;
        established(c);
        if (shut_down_before) {
            c.shuts_down();
        } else {
            c.closes();
        }
        c.enters(State::fin_wait_1);
        c.sends(Reason::fin);
        c.gets({.ack = 2});
        c.enters(State::fin_wait_2);
        if (shut_down_before) {
            c.passes(1s);
            c.closes();
        }
        c.silent_for(60s);
        c.enters(State::closed);
    }
}

TEST_CASE("data after close is answered by RST in FIN-WAIT-1 and FIN-WAIT-2") {
    for (const bool acknowledged : {false, true}) {
        Conversation c;
        established(c);
        c.closes();
        c.sends(Reason::fin);
        if (acknowledged) {
            c.gets({.ack = 2});
        }
        c.gets({.ack = 2, .text = "more"});
        c.sends(Reason::rst, {.seq = 2, .flags = rst_bit});
        c.silent();
        CHECK(c.tcb.state() == State::closed);
    }
}

TEST_CASE("old data after close is no reason for a RST") {
    Conversation c;
    established(c);
    c.gets({.text = "data"});
    c.sends(Reason::ack);
    c.closes();
    c.sends(Reason::fin);
    c.gets({.text = "data"});
    c.sends(Reason::duplicate_ack, {.ack = 5});
    CHECK(c.tcb.state() == State::fin_wait_1);
}

TEST_CASE("close with unread data sends RST at once, whatever is still queued") {
    Conversation c;
    c.reads = false;
    established(c);
    c.gets({.text = "unread"});
    c.sends(Reason::ack, {.ack = 7});
    c.writes(std::string(100'000, 'x'));
    c.replies.clear();
    c.closes();
    c.enters(State::closed);
    const Segment reset = c.sends(Reason::rst, {.ack = 7, .flags = rst_bit | ack_bit});
    CHECK(reset.seq == c.tcb.snd().nxt);
    CHECK(reset.payload.empty());
    c.silent();
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("close sends what is queued before the FIN") {
    Conversation c;
    established(c);
    c.writes(std::string(3000, 'x'));
    c.closes();
    c.enters(State::fin_wait_1);
    c.sends(Reason::data, {.seq = 1, .length = 1460});
    c.sends(Reason::data, {.seq = 1461, .length = 1460});
    c.sends(Reason::data, {.seq = 2921, .flags = ack_bit | psh_bit, .length = 80});
    c.sends(Reason::fin, {.seq = 3001});
    c.writes("too late");
    c.silent();
    CHECK(c.tcb.send_room() == 0);
}

TEST_CASE("abort sends RST in every state of a connection and forgets it") {
    for (const auto& reach :
         {established, fin_wait_1, fin_wait_2, closing, time_wait, close_wait, last_ack}) {
        Conversation c;
        reach(c, {.tsval = 100});
        c.aborts();
        c.enters(State::closed);
        const Segment reset = c.sends(Reason::rst, {.flags = rst_bit | ack_bit, .tsecr = 100});
        CHECK(reset.window > 64'000);
        CHECK(reset.seq == c.tcb.snd().nxt);
        CHECK(reset.ack == c.tcb.rcv().nxt);
        c.silent_for(100s);
        c.gets({.text = "anyone?"});
        c.silent();
    }
}

TEST_CASE("forget is silent") {
    Conversation c;
    established(c);
    c.writes("x");
    c.sends(Reason::data);
    tcp::Output out;
    c.tcb.forget(out);
    REQUIRE(out.changes.size() == 1);
    CHECK(out.changes[0].to == State::closed);
    CHECK(out.replies.empty());
    CHECK_FALSE(c.tcb.timed_out());
    c.silent_for(100s);
}

TEST_CASE("what arrived before an orderly end can still be read after it") {
    Conversation c;
    c.reads = false;
    fin_wait_2(c);
    c.gets({.ack = 2, .flags = ack_bit | fin_bit, .text = "last words"});
    c.sends(Reason::ack_of_fin, {.ack = 12});
    c.passes(60s);
    CHECK(c.tcb.state() == State::closed);
    CHECK_FALSE(c.tcb.at_end_of_stream());
    c.read_all();
    CHECK(c.received == "last words");
    CHECK(c.tcb.at_end_of_stream());
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("close in TIME-WAIT is silent even with unread data") {
    Conversation c;
    c.reads = false;
    fin_wait_2(c);
    c.gets({.ack = 2, .flags = ack_bit | fin_bit, .text = "unread"});
    c.sends(Reason::ack_of_fin);
    c.closes();
    c.silent_for(60s);
    CHECK(c.tcb.state() == State::closed);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("TIME-WAIT starts anew when the FIN comes again") {
    Conversation c;
    time_wait(c);
    c.passes(50s);
    c.gets({.seq = 1, .ack = 2, .flags = fin_bit | ack_bit});
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2});
    c.silent_for(60s);
    c.enters(State::closed);
}

TEST_CASE("TIME-WAIT ends by a RST that stands exactly right, as Linux does by default") {
    Conversation c;
    time_wait(c);
    c.gets({.seq = 1, .flags = rst_bit});
    c.gets({.seq = 3, .flags = rst_bit});
    c.silent();
    CHECK(c.tcb.state() == State::time_wait);
    c.gets({.seq = 2, .flags = rst_bit});
    c.enters(State::closed);
    c.silent();
}

TEST_CASE("TIME-WAIT answers what is out of place, twice a second at most") {
    Conversation c;
    time_wait(c);
    c.gets({.seq = 500, .ack = 2});
    c.sends(Reason::challenge_ack, {.seq = 2, .ack = 2});
    c.passes(499ms);
    c.gets({.seq = 500, .ack = 2});
    c.silent();
    c.passes(1ms);
    c.gets({.seq = 500, .ack = 2});
    c.sends(Reason::challenge_ack);
}

TEST_CASE("which SYN may follow TIME-WAIT") {
    Conversation c;
    const auto may = [&c](const In& in) { return c.tcb.reopens(c.build(in)); };
    established(c);
    CHECK_FALSE(may({.seq = 100, .flags = syn_bit}));

    Conversation plain;
    const auto plain_may = [&plain](const In& in) { return plain.tcb.reopens(plain.build(in)); };
    time_wait(plain);
    CHECK(plain_may({.seq = 3, .flags = syn_bit}));
    CHECK_FALSE(plain_may({.seq = 2, .flags = syn_bit}));
    CHECK_FALSE(plain_may({.seq = 3, .flags = syn_bit | ack_bit}));
    CHECK_FALSE(plain_may({.seq = 3, .flags = syn_bit | rst_bit}));
    CHECK_FALSE(plain_may({.seq = 3}));

    Conversation stamped;
    const auto stamped_may = [&stamped](const In& in) {
        return stamped.tcb.reopens(stamped.build(in));
    };
    time_wait(stamped, {.tsval = 100});
    CHECK(stamped_may({.seq = 1, .flags = syn_bit, .tsval = 101}));
    CHECK_FALSE(stamped_may({.seq = 1, .flags = syn_bit, .tsval = 100}));
    CHECK(stamped_may({.seq = 3, .flags = syn_bit, .tsval = 100}));
    CHECK_FALSE(stamped_may({.seq = 3, .flags = syn_bit, .tsval = 99}));
    CHECK(stamped_may({.seq = 3, .flags = syn_bit}));
}

TEST_CASE("other hosts let a higher number follow TIME-WAIT, whatever its timestamp, or no SYN") {
    for (const tcp::Reuse reuse : {tcp::Reuse::higher, tcp::Reuse::never}) {
        tcp::Config config;
        config.reuse = reuse;
        Conversation c(config);
        time_wait(c, {.tsval = 100});
        const auto may = [&c](const In& in) { return c.tcb.reopens(c.build(in)); };
        CHECK(may({.seq = 3, .flags = syn_bit, .tsval = 99}) == (reuse == tcp::Reuse::higher));
        CHECK_FALSE(may({.seq = 1, .flags = syn_bit, .tsval = 101}));
    }
}

TEST_CASE("a SYN that may not follow TIME-WAIT is answered by an ACK and prolongs nothing") {
    Conversation c;
    time_wait(c);
    c.passes(30s);
    c.gets({.seq = 0, .flags = syn_bit});
    c.sends(Reason::challenge_ack, {.seq = 2, .ack = 2});
    c.silent_for(30s);
    c.enters(State::closed);
}
