// LISTEN, SYN-RECEIVED, and what the two sides agree on.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("a SYN is answered and the ACK establishes") {
    Conversation c;
    c.open(syn());
    c.enters(State::syn_received);
    CHECK_FALSE(c.tcb.synchronized());
    c.sends(Reason::syn_ack,
            {.seq = 0, .ack = 1, .flags = syn_bit | ack_bit, .window = 64240, .again = false});
    c.silent();
    c.gets({});
    c.enters(State::established);
    c.silent();
    CHECK(c.tcb.synchronized());
    CHECK(c.tcb.next_deadline() == std::nullopt);
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("the SYN-ACK repeats at 1, 3, 7, 15 and 31 s and the connection goes at 63 s") {
    Conversation c;
    syn_received(c);
    for (const auto wait : {1s, 2s, 4s, 8s, 16s}) {
        c.silent_for(wait);
        c.sends(Reason::syn_ack, {.seq = 0, .ack = 1, .flags = syn_bit | ack_bit, .again = true});
    }
    c.silent_for(32s);
    c.enters(State::closed);
    c.silent();
    CHECK(c.tcb.timed_out());
    CHECK(c.tcb.next_deadline() == std::nullopt);
}

TEST_CASE("the ACK after a repeated SYN-ACK establishes") {
    Conversation c;
    syn_received(c);
    c.silent_for(1s);
    c.sends(Reason::syn_ack);
    c.gets({});
    c.enters(State::established);
    c.silent_for(100s);
}

TEST_CASE("a repeated SYN is answered by the same SYN-ACK, at most twice a second") {
    Conversation c;
    syn_received(c);
    c.passes(600ms);
    c.gets(syn());
    c.sends(Reason::syn_ack, {.seq = 0, .ack = 1, .again = true});
    c.passes(400ms);
    c.gets(syn());
    c.silent();
    c.passes(100ms);
    c.gets(syn());
    c.sends(Reason::syn_ack, {.seq = 0, .ack = 1, .again = true});
    CHECK(c.tcb.state() == State::syn_received);
}

TEST_CASE("a repeated SYN starts the SYN-ACK's timer anew") {
    Conversation c;
    syn_received(c);
    c.passes(900ms);
    c.gets(syn());
    c.sends(Reason::syn_ack);
    c.silent_for(1s);
    c.sends(Reason::syn_ack);
}

TEST_CASE("an ACK of something else than our SYN is answered by a RST and changes nothing") {
    for (const std::uint32_t ack : {0U, 2U, 1000U}) {
        CAPTURE(ack);
        Conversation c;
        syn_received(c);
        c.gets({.ack = ack});
        c.sends(Reason::rst, {.seq = ack, .flags = rst_bit});
        CHECK(c.tcb.state() == State::syn_received);
        c.gets({});
        c.enters(State::established);
    }
}

TEST_CASE("SYN-RECEIVED ends by a RST that stands exactly right") {
    Conversation c;
    syn_received(c);
    c.gets({.seq = 2, .flags = rst_bit});
    c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
    c.gets({.seq = 1, .flags = rst_bit});
    c.enters(State::closed);
    c.silent();
    CHECK_FALSE(c.tcb.timed_out());
}

TEST_CASE("a later SYN during SYN-RECEIVED ends it, an earlier one is challenged") {
    Conversation c;
    syn_received(c);
    SUBCASE("later") {
        c.gets({.seq = 5000, .flags = syn_bit, .mss = 1460});
        const Segment reset = c.sends(Reason::rst, {.ack = 5001, .flags = rst_bit | ack_bit});
        CHECK(reset.seq == SeqNum(0));
        c.enters(State::closed);
    }
    SUBCASE("earlier") {
        c.gets({.seq = 0U - 5000, .flags = syn_bit, .mss = 1460});
        c.sends(Reason::challenge_ack, {.seq = 1, .ack = 1, .flags = ack_bit});
        CHECK(c.tcb.state() == State::syn_received);
    }
}

TEST_CASE("a segment without ACK is dropped in SYN-RECEIVED") {
    Conversation c;
    syn_received(c);
    c.gets({.flags = 0, .text = "x"});
    c.silent();
    CHECK(c.tcb.state() == State::syn_received);
}

TEST_CASE("payload on the handshake's ACK is accepted, and a FIN with it") {
    Conversation c;
    syn_received(c);
    c.gets({.flags = ack_bit | fin_bit, .text = "hi"});
    c.enters(State::established);
    c.enters(State::close_wait);
    c.silent_for(40ms);
    c.sends(Reason::ack_of_fin, {.seq = 1, .ack = 4});
    CHECK(c.received == "hi");
    CHECK(c.tcb.at_end_of_stream());
}

TEST_CASE("payload on the SYN is left for a retransmission") {
    Conversation c;
    c.open({.seq = 0, .flags = syn_bit, .text = "early", .mss = 1460});
    c.sends(Reason::syn_ack, {.ack = 1});
    c.gets({.text = "early"});
    CHECK(c.received == "early");
}

TEST_CASE("what the application says before the handshake ends leaves after it") {
    Conversation c;
    syn_received(c);
    c.writes("hello");
    c.closes();
    c.writes("too late");
    c.silent();
    c.gets({});
    c.enters(State::established);
    c.enters(State::fin_wait_1);
    c.sends(Reason::data, {.seq = 1, .text = "hello"});
    c.sends(Reason::fin, {.seq = 6, .flags = fin_bit | ack_bit});
    c.silent();
}

TEST_CASE("abort in SYN-RECEIVED sends the RST that the program takes for a refusal") {
    Conversation c;
    syn_received(c);
    c.aborts();
    c.sends(Reason::rst, {.seq = 1, .ack = 1, .flags = rst_bit | ack_bit});
    c.enters(State::closed);
}

TEST_CASE("the SYN-ACK offers only what the SYN offered") {
    Conversation c;
    c.open(syn());
    const Segment bare = c.sends(Reason::syn_ack);
    CHECK(bare.options.mss == 1460);
    CHECK_FALSE(bare.options.window_scale.has_value());
    CHECK_FALSE(bare.options.sack_permitted);
    CHECK_FALSE(bare.options.timestamps.has_value());

    Conversation full;
    full.open(syn({.scale = 9, .sack = true, .tsval = 5}));
    const Segment answer = full.sends(Reason::syn_ack, {.tsval = 17000, .tsecr = 5});
    CHECK(answer.options.window_scale == 7);
    CHECK(answer.options.sack_permitted);
    CHECK(full.tcb.timestamps_on());
}

TEST_CASE("the configuration switches each option off") {
    Conversation c;
    c.config.announce_mss = false;
    c.config.window_scale.reset();
    c.config.sack = false;
    c.config.timestamps = false;
    c.open(syn({.scale = 9, .sack = true, .tsval = 5}));
    const Segment answer = c.sends(Reason::syn_ack);
    CHECK(answer.options == wire::Options{});
    c.gets({.window = 100});
    CHECK(c.tcb.snd().wnd == 100);
    CHECK_FALSE(c.tcb.timestamps_on());
}

TEST_CASE("windows are scaled on all segments but the SYN") {
    Conversation c;
    c.open(syn({.window = 1000, .scale = 9}));
    c.sends(Reason::syn_ack, {.window = 64240});
    CHECK(c.tcb.snd().wnd == 1000);
    c.gets({.window = 10});
    CHECK(c.tcb.snd().wnd == 5120);
    c.gets({.text = "x", .window = 10});
    c.sends(Reason::ack, {.window = 64240 / 128 + 1});
}

TEST_CASE("a window scale beyond 14 counts as 14") {
    Conversation c;
    syn_received(c, {.scale = 255});
    c.gets({.window = 0xffff});
    CHECK(c.tcb.snd().wnd == 65535U << 14U);
}

TEST_CASE("the MSS of the other side bounds our segments") {
    struct Case {
        std::optional<std::uint16_t> theirs;
        std::uint16_t effective;
    };
    for (const Case& one :
         {Case{std::nullopt, 536}, Case{0, 536}, Case{1, 48}, Case{47, 48}, Case{100, 100},
          Case{1460, 1460}, Case{9000, 1460}, Case{65535, 1460}}) {
        CAPTURE(one.effective);
        Conversation c;
        established(c, {.mss = one.theirs});
        CHECK(c.tcb.snd().mss == one.effective);
        c.writes(std::string(4000, 'x'));
        c.sends(Reason::data, {.length = one.effective});
    }
}

TEST_CASE("timestamps take 12 bytes of each segment's payload") {
    Conversation c;
    established(c, {.tsval = 5});
    c.writes(std::string(2000, 'x'));
    c.sends(Reason::data, {.flags = ack_bit, .length = 1448});
    c.sends(Reason::data, {.flags = ack_bit | psh_bit, .length = 552});
}

TEST_CASE("the MSS that is announced is the configured one, or the link's") {
    Conversation c;
    c.environment.link_mss = 1440;
    c.open(syn());
    CHECK(c.sends(Reason::syn_ack).options.mss == 1440);
    Conversation small;
    small.config.mss = 700;
    small.open(syn());
    CHECK(small.sends(Reason::syn_ack).options.mss == 700);
}

TEST_CASE("sending is ignored and nothing happens where there is no connection") {
    tcp::Tcb tcb;
    tcp::Output out;
    tcb.send(std::vector<std::uint8_t>{1});
    tcb.shutdown(out);
    tcb.close(run_start, out);
    tcb.abort(Instant{}, out);
    tcb.forget(out);
    tcb.set_window(5, true);
    tcb.on_timer(run_start, out);
    tcb.acknowledge(run_start, out);
    tcb.transmit(run_start, out);
    tcb.on_segment({}, run_start, out);
    CHECK(out.replies.empty());
    CHECK(out.changes.empty());
    CHECK(tcb.send_room() == 0);
    CHECK(tcb.next_deadline() == std::nullopt);
    CHECK(tcb.template_segment(run_start).window == 0);
}
