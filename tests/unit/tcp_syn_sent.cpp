// SYN-SENT: the connection that this end opens (RFC 9293, 3.10.7.3).
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("an active open sends a SYN with all options and ACKs the SYN-ACK") {
    Conversation c;
    c.dials();
    c.enters(State::syn_sent);
    CHECK_FALSE(c.tcb.synchronized());
    const Segment first = c.sends(
        Reason::syn,
        {.seq = 0, .flags = syn_bit, .length = 0, .window = 64240, .again = false, .tsecr = 0});
    CHECK(first.ack == SeqNum{});
    CHECK(first.options.mss == 1460);
    CHECK(first.options.window_scale == 7);
    CHECK(first.options.sack_permitted);
    CHECK(first.options.timestamps.has_value());
    c.silent();
    c.gets(syn_ack({.scale = 9, .sack = true, .tsval = 5}));
    c.enters(State::established);
    c.sends(Reason::handshake_ack,
            {.seq = 1, .ack = 1, .flags = ack_bit, .length = 0, .again = false, .tsecr = 5});
    c.silent();
    CHECK(c.tcb.synchronized());
    CHECK(c.tcb.timestamps_on());
    CHECK(c.tcb.snd().scale == 9);
    CHECK(c.tcb.rcv().scale == 7);
    CHECK(c.tcb.next_deadline() == std::nullopt);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("the configuration switches each option of the SYN off") {
    Conversation c;
    c.config.announce_mss = false;
    c.config.window_scale.reset();
    c.config.sack = false;
    c.config.timestamps = false;
    c.config.window = 5000;
    c.dials();
    const Segment first = c.sends(Reason::syn, {.window = 5000});
    CHECK(first.options == wire::Options{});
    c.gets(syn_ack({.scale = 9, .sack = true, .tsval = 5}));
    c.sends(Reason::handshake_ack, {.window = 5000});
    CHECK(c.tcb.snd().scale == 0);
    CHECK_FALSE(c.tcb.timestamps_on());
}

TEST_CASE("an option that the SYN-ACK leaves out is off in both directions") {
    Conversation c;
    syn_sent(c);
    c.gets(syn_ack({.window = 1000, .mss = 700}));
    const Segment ack = c.sends(Reason::handshake_ack, {.window = 64240});
    CHECK_FALSE(ack.options.timestamps.has_value());
    CHECK(c.tcb.rcv().scale == 0);
    CHECK(c.tcb.snd().mss == 700);
    CHECK(c.tcb.snd().wnd == 1000);
    c.gets({.window = 900});
    c.writes("x");
    c.sends(Reason::data, {.seq = 1, .ack = 1, .text = "x"});
    CHECK(c.tcb.snd().wnd == 900);
}

TEST_CASE("the window of a SYN-ACK is not scaled, those after it are") {
    Conversation c;
    syn_sent(c);
    c.gets(syn_ack({.window = 1000, .scale = 9}));
    CHECK(c.tcb.snd().wnd == 1000);
    c.gets({.window = 10});
    CHECK(c.tcb.snd().wnd == 5120);
}

TEST_CASE("the SYN repeats at 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s, and all ends at 131 s") {
    Conversation c;
    syn_sent(c);
    for (const auto wait : {1s, 1s, 1s, 1s, 1s, 2s, 4s, 8s, 16s, 32s}) {
        c.silent_for(wait);
        c.sends(Reason::syn, {.seq = 0, .flags = syn_bit, .again = true});
    }
    c.silent_for(64s);
    c.enters(State::closed);
    c.silent();
    CHECK(c.tcb.timed_out());
    CHECK(c.tcb.next_deadline() == std::nullopt);
}

TEST_CASE("the SYN-ACK to a repeated SYN establishes, and ends the timer") {
    Conversation c;
    c.config.syn_retries = 1;
    syn_sent(c);
    c.silent_for(1s);
    c.sends(Reason::syn);
    c.gets(syn_ack());
    c.enters(State::established);
    c.sends(Reason::handshake_ack);
    c.silent_for(100s);
}

TEST_CASE("the handshake is the first round trip") {
    Conversation c;
    syn_sent(c);
    c.passes(100ms);
    c.gets(syn_ack());
    c.sends(Reason::handshake_ack);
    c.writes("x");
    c.sends(Reason::data);
    c.silent_for(300ms);  // SRTT + max(4 RTTVAR, RTO_MIN) = 100 + 200
    c.sends(Reason::data, {.again = true});
}

TEST_CASE("an ACK of something else than the SYN is answered by RST, and a RST is not") {
    for (const std::uint32_t ack : {0U, 2U, 0x8000'0000U, 0xffff'ffffU}) {
        for (const std::uint8_t flags : {ack_bit, std::uint8_t(syn_bit | ack_bit)}) {
            CAPTURE(ack);
            CAPTURE(flags);
            Conversation c;
            syn_sent(c);
            c.gets({.seq = 0, .ack = ack, .flags = flags, .mss = 1460});
            c.sends(Reason::rst, {.seq = ack, .flags = rst_bit});
            c.gets({.seq = 0, .ack = ack, .flags = rst_bit | ack_bit});
            c.silent();
            CHECK(c.tcb.state() == State::syn_sent);
            c.silent_for(1s);
            c.sends(Reason::syn);
            c.gets(syn_ack());
            c.enters(State::established);
        }
    }
}

TEST_CASE("SYN-SENT ends by a RST that acknowledges the SYN, by no other") {
    Conversation c;
    syn_sent(c);
    c.gets({.seq = 0, .flags = rst_bit});
    CHECK(c.tcb.state() == State::syn_sent);
    c.gets({.seq = 0, .ack = 1, .flags = rst_bit | ack_bit});
    c.enters(State::closed);
    c.silent();
    CHECK_FALSE(c.tcb.timed_out());
}

TEST_CASE("what is neither SYN nor RST is dropped in SYN-SENT") {
    Conversation c;
    syn_sent(c);
    c.gets({.flags = 0, .text = "x"});
    c.gets({.flags = ack_bit, .text = "x"});
    c.gets({.flags = fin_bit | ack_bit});
    c.silent();
    CHECK(c.tcb.state() == State::syn_sent);
    CHECK(c.received.empty());
}

TEST_CASE("a repeated SYN-ACK is answered by the handshake's ACK again, at most twice a second") {
    Conversation c;
    connected(c);
    c.writes("hello");
    c.sends(Reason::data, {.seq = 1});
    c.gets(syn_ack());
    c.sends(Reason::handshake_ack, {.seq = 6, .ack = 1, .flags = ack_bit});
    c.passes(100ms);
    c.gets(syn_ack());
    c.silent();
    CHECK(c.tcb.state() == State::established);
}

TEST_CASE("a SYN-ACK with other numbers is challenged") {
    Conversation c;
    connected(c);
    c.gets({.seq = 7, .ack = 1, .flags = syn_bit | ack_bit});
    c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1});
    c.passes(1s);
    c.gets({.seq = 0, .ack = 7, .flags = syn_bit | ack_bit});
    c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1});
    CHECK(c.tcb.state() == State::established);
}

TEST_CASE("payload and FIN of a SYN-ACK are left for a retransmission") {
    Conversation c;
    syn_sent(c);
    In early = syn_ack();
    early.text = "early";
    early.flags |= fin_bit;
    c.gets(early);
    c.enters(State::established);
    c.sends(Reason::handshake_ack, {.ack = 1});
    c.gets({.flags = ack_bit | fin_bit, .text = "early"});
    c.enters(State::close_wait);
    CHECK(c.received == "early");
}

TEST_CASE("what waits for the handshake rides on its ACK") {
    Conversation c;
    syn_sent(c);
    c.writes("hello");
    c.silent();
    c.gets(syn_ack());
    c.enters(State::established);
    c.sends(Reason::data,
            {.seq = 1, .ack = 1, .flags = ack_bit | psh_bit, .text = "hello", .again = false});
    c.silent_for(190ms);
}

TEST_CASE("a FIN that waits for the handshake rides on its ACK, behind the data") {
    Conversation c;
    syn_sent(c);
    c.writes("hello");
    c.shuts_down();
    c.writes("too late");
    c.silent();
    c.gets(syn_ack());
    c.enters(State::established);
    c.enters(State::fin_wait_1);
    c.sends(Reason::data, {.seq = 1, .text = "hello"});
    c.sends(Reason::fin, {.seq = 6, .ack = 1});
    c.silent();

    Conversation bare;
    syn_sent(bare);
    bare.shuts_down();
    bare.gets(syn_ack());
    bare.sends(Reason::fin, {.seq = 1, .ack = 1, .length = 0});
    bare.silent();
}

TEST_CASE("the handshake is acknowledged where a closed window lets nothing ride on it") {
    Conversation c;
    syn_sent(c);
    c.writes("hello");
    c.gets(syn_ack({.window = 0}));
    c.sends(Reason::handshake_ack, {.seq = 1, .ack = 1, .length = 0});
    c.silent();
    c.gets({.window = 100});
    c.sends(Reason::data, {.seq = 1, .text = "hello"});
}

TEST_CASE("close and abort in SYN-SENT end it without a word") {
    Conversation closed;
    syn_sent(closed);
    closed.writes("never said");
    closed.closes();
    closed.enters(State::closed);
    closed.silent_for(100s);

    Conversation aborted;
    syn_sent(aborted);
    aborted.aborts();
    aborted.enters(State::closed);
    aborted.silent_for(100s);
}

TEST_CASE("a window that was fixed before shows in the SYN and in the handshake's ACK") {
    Conversation c;
    c.offers(1024, false);
    c.dials();
    c.sends(Reason::syn, {.window = 1024});
    c.gets(syn_ack({.scale = 7}));
    c.sends(Reason::handshake_ack, {.window = 1024 / 128});
}

TEST_CASE("a SYN in SYN-SENT opens simultaneously") {
    Conversation c;
    syn_sent(c);
    c.gets(syn({.scale = 9, .sack = true, .tsval = 5}));
    c.enters(State::syn_received);
    const Segment answer =
        c.sends(Reason::syn_ack,
                {.seq = 0, .ack = 1, .flags = syn_bit | ack_bit, .window = 64240, .tsecr = 5});
    CHECK(answer.options.window_scale == 7);
    CHECK(answer.options.sack_permitted);
    c.silent();

    SUBCASE("and the other side's SYN-ACK establishes (RFC 9293, figure 7)") {
        c.gets(syn_ack({.window = 2000, .scale = 9, .sack = true, .tsval = 6}));
        c.enters(State::established);
        c.sends(Reason::handshake_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
        CHECK(c.tcb.snd().wnd == 2000);
    }
    SUBCASE("and an ACK does") {
        c.gets({.tsval = 6});
        c.enters(State::established);
    }
    SUBCASE("and the SYN-ACK repeats until then") {
        c.silent_for(1s);
        c.sends(Reason::syn_ack, {.seq = 0, .ack = 1, .again = true});
        c.silent_for(2s);
        c.sends(Reason::syn_ack, {.seq = 0, .ack = 1, .again = true});
        c.gets({.seq = 0, .flags = syn_bit, .tsval = 9, .mss = 1460});
        c.sends(Reason::syn_ack, {.again = true, .tsecr = 9});
    }
    SUBCASE("and a SYN-ACK of something else does not") {
        c.gets({.seq = 0, .ack = 3, .flags = syn_bit | ack_bit, .tsval = 6});
        c.sends(Reason::challenge_ack);
        CHECK(c.tcb.state() == State::syn_received);
    }
    SUBCASE("and a RST ends it") {
        c.gets({.seq = 1, .flags = rst_bit});
        c.enters(State::closed);
        c.silent();
    }
}

TEST_CASE("a SYN after repeated SYNs opens simultaneously within the tries that are left") {
    Conversation c;
    c.config.syn_ack_retries = 2;
    syn_sent(c);
    c.silent_for(1s);
    c.sends(Reason::syn);
    c.gets(syn());
    c.sends(Reason::syn_ack, {.again = false});
    c.silent_for(1s);
    c.sends(Reason::syn_ack, {.again = true});
    c.silent_for(2s);
    c.enters(State::syn_received);
    c.enters(State::closed);
    CHECK(c.tcb.timed_out());
}

TEST_CASE("an active end closes simultaneously") {
    Conversation c;
    connected(c);
    c.shuts_down();
    c.enters(State::fin_wait_1);
    c.sends(Reason::fin, {.seq = 1, .ack = 1});
    c.gets({.seq = 1, .ack = 1, .flags = fin_bit | ack_bit});
    c.enters(State::closing);
    c.sends(Reason::ack_of_fin, {.seq = 2, .ack = 2});
    c.gets({.seq = 2, .ack = 2});
    c.enters(State::time_wait);
    c.silent_for(60s);
    c.enters(State::closed);
}

TEST_CASE("with Fast Open what is written at once rides on the SYN") {
    Conversation c;
    c.config.fast_open = true;
    c.dials_saying("hello");
    c.enters(State::syn_sent);
    c.sends(Reason::syn, {.seq = 0, .flags = syn_bit, .text = "hello", .again = false});
    c.silent();
    In answer = syn_ack();
    answer.ack = 6;
    c.gets(answer);
    c.enters(State::established);
    c.sends(Reason::handshake_ack, {.seq = 6, .ack = 1, .length = 0});
    c.silent();
    CHECK(c.tcb.bytes_acknowledged() == 5);
    c.writes("more");
    c.sends(Reason::data, {.seq = 6, .text = "more"});
}

TEST_CASE("with Fast Open, what the SYN-ACK does not acknowledge is sent again") {
    for (const std::uint32_t taken : {0U, 2U}) {
        CAPTURE(taken);
        Conversation c;
        c.config.fast_open = true;
        c.dials_saying("hello");
        c.enters(State::syn_sent);
        c.sends(Reason::syn, {.text = "hello"});
        In answer = syn_ack();
        answer.ack = 1 + taken;
        c.gets(answer);
        c.enters(State::established);
        c.sends(Reason::data, {.seq = 1 + taken, .text = std::string("hello").substr(taken)});
        c.silent();
    }
}

TEST_CASE("with Fast Open a SYN that is sent again has no data, and one that is refused is") {
    Conversation c;
    c.config.fast_open = true;
    c.dials_saying("hello");
    c.enters(State::syn_sent);
    c.sends(Reason::syn, {.text = "hello"});
    c.passes(1s);
    c.sends(Reason::syn, {.seq = 0, .length = 0, .again = true});
    c.gets({.seq = 0, .ack = 7, .flags = rst_bit | ack_bit});
    CHECK(c.tcb.state() == State::syn_sent);
    c.gets({.seq = 0, .ack = 6, .flags = rst_bit | ack_bit});
    c.enters(State::closed);
}

TEST_CASE("with Fast Open no more rides on the SYN than options leave of the least MSS") {
    Conversation c;
    c.config.fast_open = true;
    c.dials_saying(std::string(2000, 'x'));
    c.enters(State::syn_sent);
    c.sends(Reason::syn, {.length = 496});
}

TEST_CASE("with Fast Open a SYN without data leaves as ever") {
    Conversation c;
    c.config.fast_open = true;
    syn_sent(c);
    c.gets(syn_ack());
    c.enters(State::established);
    c.sends(Reason::handshake_ack);
}

TEST_CASE("of a SYN whose number left twice nobody knows the round trip (Karn)") {
    Conversation c;
    c.config.recovery = tcp::RecoveryKind::reno;
    SUBCASE("in a simultaneous open, the SYN-ACK may answer the SYN") {
        syn_sent(c);
        c.silent_for(900ms);
        c.gets(syn());
        c.sends(Reason::syn_ack);
        c.gets(syn_ack());
        c.sends(Reason::handshake_ack);
    }
    SUBCASE("a SYN-ACK that a SYN has called for again") {
        syn_received(c);
        c.silent_for(900ms);
        c.gets(syn());
        c.sends(Reason::syn_ack, {.again = true});
        c.gets({});
    }
    CHECK(c.tcb.state() == State::established);
    c.writes("hello");
    c.sends(Reason::data, {.text = "hello"});
    c.silent_for(999ms);
    c.passes(1ms);
    c.sends(Reason::data, {.text = "hello", .again = true});
}
