// Windows: ours, the other side's, and the probes of a closed one.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("a closed window is probed with doubling gaps for ever while the probes are answered") {
    Conversation c;
    c.config.retries = 3;
    established(c, {.window = 5});
    c.writes("hello world");
    c.sends(Reason::data, {.text = "hello"});
    c.gets({.ack = 6, .window = 0});
    Duration gap = 200ms;
    for (int i = 0; i < 20; ++i) {
        c.silent_for(gap);
        c.sends(Reason::window_probe, {.seq = 5, .ack = 1, .flags = ack_bit, .length = 0});
        c.gets({.ack = 6, .window = 0});
        gap = std::min<Duration>(2 * gap, 120s);
    }
    c.gets({.ack = 6, .window = 100});
    c.sends(Reason::data, {.seq = 6, .text = " world", .again = false});
    c.gets({.ack = 12, .window = 100});
    c.silent_for(1000s);
}

TEST_CASE("probes that nobody answers end the connection after the configured retries") {
    Conversation c;
    c.config.retries = 3;
    established(c, {.window = 5});
    c.writes("hello world");
    c.sends(Reason::data);
    c.gets({.ack = 6, .window = 0});
    for (const auto gap : {200ms, 400ms, 800ms}) {
        c.silent_for(gap);
        c.sends(Reason::window_probe);
    }
    c.silent_for(1600ms);
    c.enters(State::closed);
    CHECK(c.tcb.timed_out());
}

TEST_CASE("the answer to a probe may open the window") {
    Conversation c;
    established(c, {.window = 0});
    c.writes("hello");
    c.silent_for(200ms);
    c.sends(Reason::window_probe, {.seq = 0});
    c.gets({.ack = 1, .window = 3});
    c.sends(Reason::data, {.seq = 1, .text = "hel"});
    c.gets({.ack = 4, .window = 3});
    c.sends(Reason::data, {.seq = 4, .text = "lo"});
}

TEST_CASE("a FIN waits for window too") {
    Conversation c;
    established(c, {.window = 5});
    c.writes("hello");
    c.closes();
    c.sends(Reason::data);
    c.gets({.ack = 6, .window = 0});
    c.silent_for(200ms);
    c.sends(Reason::window_probe);
    c.gets({.ack = 6, .window = 1});
    c.sends(Reason::fin, {.seq = 6});
}

TEST_CASE("a window that is open but silly is used after the persist timer only") {
    Conversation c;
    established(c, {.window = 10'000});
    c.writes(std::string(20'000, 'x'));
    c.replies.clear();
    c.gets({.ack = 8761, .window = 100});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 8761, .length = 100, .again = false});
    c.silent();
}

TEST_CASE("a window that shrinks below what is outstanding does not time the connection out") {
    Conversation c;
    c.config.retries = 3;
    established(c, {.window = 5000});
    c.writes(std::string(5000, 'x'));
    c.replies.clear();
    c.gets({.ack = 1461, .window = 0});
    for (int i = 0; i < 10; ++i) {
        REQUIRE(c.tcb.next_deadline().has_value());
        c.silent_for(*c.tcb.next_deadline() - c.now);
        c.sends(Reason::data, {.seq = 1461, .length = 1460, .again = true});
        REQUIRE(c.tcb.state() == State::established);
        c.gets({.ack = 1461, .window = 0});
    }
    c.gets({.ack = 1461, .window = 5000});
    c.silent_for(*c.tcb.next_deadline() - c.now);
    c.sends(Reason::data, {.seq = 1461, .again = true});
}

TEST_CASE("old segments do not move the window") {
    Conversation c;
    established(c, {.window = 1000});
    c.gets({.seq = 1, .text = "ab", .window = 2000});
    CHECK(c.tcb.snd().wnd == 2000);
    c.gets({.seq = 10, .text = "later", .window = 3000});
    CHECK(c.tcb.snd().wnd == 3000);
    c.gets({.seq = 3, .text = "earlier", .window = 9});
    CHECK(c.tcb.snd().wnd == 3000);
}

TEST_CASE("an application that does not read closes the window, one that reads opens it") {
    Conversation c;
    c.config.window = 4000;
    c.reads = false;
    established(c);
    c.gets({.text = std::string(1460, 'x')});
    c.sends(Reason::ack, {.ack = 1461, .window = 2540});
    c.gets({.seq = 1461, .text = std::string(1460, 'x')});
    c.sends(Reason::ack, {.ack = 2921, .window = 1080});
    c.gets({.seq = 2921, .text = std::string(1460, 'x')});
    c.passes(40ms);
    c.sends(Reason::ack, {.ack = 4001, .window = 0});
    CHECK(c.tcb.window_closed());
    c.tcb.consume(1000);
    c.drive();
    c.silent();
    c.tcb.consume(460);
    c.drive();
    c.sends(Reason::window_update, {.ack = 4001, .flags = ack_bit, .window = 1460});
    CHECK_FALSE(c.tcb.window_closed());
    c.tcb.consume(100);
    c.drive();
    c.silent();
    c.read_all();
    c.sends(Reason::window_update, {.ack = 4001, .window = 4000});
    c.silent();
    CHECK(c.tcb.heap_bytes() == 0);
}

TEST_CASE("window probes are answered while the window is closed") {
    Conversation c;
    c.config.window = 5;
    c.reads = false;
    established(c);
    c.gets({.text = "12345"});
    c.sends(Reason::ack, {.window = 0});
    for (int i = 0; i < 3; ++i) {
        c.passes(500ms);
        c.gets({.seq = 5});
        c.sends(Reason::window_probe_reply, {.seq = 1, .ack = 6, .flags = ack_bit, .window = 0});
    }
    // One with a byte, as RFC 9293, 3.8.6.1 describes it.
    c.gets({.seq = 6, .text = "6"});
    c.sends(Reason::window_probe_reply, {.ack = 6, .window = 0});
    c.read_all();
    c.sends(Reason::window_update, {.window = 5});
    CHECK(c.received == "12345");
    c.gets({.seq = 6, .text = "6"});
    c.read_all();
    CHECK(c.received == "123456");
}

TEST_CASE("a closed window still hears ACKs and a FIN") {
    Conversation c;
    c.config.window = 5;
    c.reads = false;
    established(c);
    c.writes("data");
    c.sends(Reason::data);
    c.gets({.text = "12345"});
    c.sends(Reason::ack, {.window = 0});
    c.gets({.seq = 6, .ack = 5, .text = "6"});
    CHECK(c.tcb.bytes_acknowledged() == 4);
    c.sends(Reason::window_probe_reply);
    c.gets({.seq = 6, .ack = 5, .flags = fin_bit | ack_bit});
    c.passes(40ms);
    c.sends(Reason::ack_of_fin, {.ack = 7});
    CHECK(c.tcb.state() == State::close_wait);
}

TEST_CASE("the right edge of the window never goes back, whatever is read and when") {
    for (const std::uint8_t scale : {std::uint8_t{0}, std::uint8_t{7}, std::uint8_t{14}}) {
        CAPTURE(int{scale});
        Conversation c;
        c.config.window_scale = scale;
        c.config.window = 50'000;
        c.reads = false;
        established(c, {.scale = 0});
        std::uint32_t seq = 1;
        std::uint32_t edge = 1 + 50'000;
        for (int i = 0; i < 3000; ++i) {
            const std::uint32_t room = edge - seq;
            const auto length = std::min<std::uint32_t>(room, 1U + static_cast<unsigned>(i) % 97);
            if (length > 0) {
                c.gets({.seq = seq, .text = std::string(length, 'x')});
                seq += length;
            }
            if (i % 10 == 0) {
                c.tcb.consume(300);
                c.drive();
            }
            for (const tcp::Reply& reply : c.replies) {
                CHECK(reply.segment.ack == Conversation::their_iss + seq);
                const std::uint32_t now_edge = seq + (std::uint32_t{reply.segment.window} << scale);
                // Rounding may take back less than one unit, and that is accepted all the same.
                CHECK(now_edge + (1U << scale) > edge);
                edge = std::max(edge, now_edge);
            }
            c.replies.clear();
            REQUIRE(c.tcb.readable().size() < 50'000U + (2U << scale));
        }
        CHECK(c.tcb.rcv().nxt == Conversation::their_iss + seq);
    }
}

TEST_CASE("small segments do not make silly windows") {
    Conversation c;
    established(c);
    for (std::uint32_t i = 0; i < 1459; ++i) {
        c.gets({.seq = 1 + i, .text = "x"});
        CHECK(c.tcb.rcv().wnd == 64240 - 1 - i);
    }
    c.replies.clear();
    c.gets({.seq = 1460, .text = "x"});
    c.passes(1s);
    c.sends(Reason::ack, {.ack = 1461, .window = 64240});
}

TEST_CASE("set_window offers exactly so much, even if that takes back what was offered") {
    Conversation c;
    established(c);
    c.offers(100, false);
    c.silent();
    c.gets({.text = "x"});
    c.sends(Reason::ack, {.ack = 2, .window = 100});
    c.gets({.seq = 2, .text = "y"});
    c.sends(Reason::ack, {.ack = 3, .window = 100});
    c.gets({.seq = 103, .text = "beyond"});
    c.sends(Reason::challenge_ack, {.ack = 3});
    c.offers(0, true);
    c.sends(Reason::window_update, {.ack = 3, .window = 0});
    CHECK(c.tcb.window_closed());
    c.gets({.seq = 3, .text = "in flight"});
    c.sends(Reason::window_probe_reply, {.ack = 3, .window = 0});
    CHECK(c.received == "xy");
}

TEST_CASE("set_window from zero announces itself") {
    Conversation c;
    established(c);
    c.offers(0, true);
    c.sends(Reason::window_update, {.window = 0});
    c.offers(500, false);
    c.sends(Reason::window_update, {.window = 500});
    c.offers(600, false);
    c.silent();
    c.offers(700, true);
    c.sends(Reason::window_update, {.window = 700});
    c.offers(700, true);
    c.silent();
    c.offers(0, true);
    c.sends(Reason::window_update, {.window = 0});
    c.offers(std::nullopt, false);
    c.sends(Reason::window_update, {.window = 64240});
}

TEST_CASE("a small window is not rounded to a closed one") {
    Conversation c;
    established(c, {.scale = 0});
    c.offers(1, true);
    c.sends(Reason::window_update, {.window = 1});
    c.offers(1000, true);
    c.sends(Reason::window_update, {.window = 7});
}

TEST_CASE("a window beyond what the field can say is as large as it can") {
    Conversation c;
    c.config.window = 1U << 30;
    established(c);
    CHECK(c.tcb.rcv().wnd == 65535);
    c.offers(UINT32_MAX, true);
    c.gets({.text = "x"});
    c.sends(Reason::ack, {.window = 65535});
}

TEST_CASE("a fixed window and no reader: what does not fit is thrown away") {
    Conversation c;
    c.config.window = 10'000;
    c.config.delayed_ack.reset();
    c.reads = false;
    established(c);
    c.offers(2000, false);
    std::uint32_t seq = 1;
    for (int i = 0; i < 100; ++i) {
        c.gets({.seq = seq, .text = std::string(1000, 'x')});
        seq = 1 + static_cast<std::uint32_t>(c.tcb.bytes_received());
        c.sends(i < 10 ? Reason::ack : Reason::duplicate_ack, {.ack = seq, .window = 2000});
    }
    CHECK(c.tcb.bytes_received() == 10'000);
    CHECK(c.tcb.heap_bytes() < 30'000);
}

TEST_CASE("rounding to the scale does not let a window without a reader grow for ever") {
    Conversation c;
    c.config.window = 50'000;
    c.config.window_scale = 14;
    c.reads = false;
    established(c, {.scale = 0});
    std::uint32_t seq = 1;
    std::uint32_t edge = 1 + 50'000;
    for (int i = 0; i < 1000 && edge - seq > 1; ++i) {
        c.gets({.seq = seq, .text = std::string(std::min(edge - seq - 1, 1460U), 'x')});
        seq = 1 + static_cast<std::uint32_t>(c.tcb.bytes_received());
        c.passes(40ms);
        for (const tcp::Reply& reply : c.replies) {
            edge = std::max(edge, seq + (std::uint32_t{reply.segment.window} << 14U));
        }
        c.replies.clear();
    }
    CHECK(c.tcb.bytes_received() < 50'000 + (1U << 14U));
}

TEST_CASE("nobody needs a window update behind a FIN") {
    Conversation c;
    c.config.window = 5;
    c.reads = false;
    established(c);
    c.gets({.flags = fin_bit | ack_bit, .text = "12345"});
    c.passes(40ms);
    c.sends(Reason::ack_of_fin, {.ack = 7, .window = 0});
    c.read_all();
    c.silent();
}

TEST_CASE("what was lost is not sent again beyond a window that shrank") {
    Conversation c;
    established(c, {.sack = true});
    c.writes(std::string(6 * 1460, 'x'));
    c.replies.clear();
    c.gets({.ack = 1, .window = 1460, .sack = {{3 * 1460 + 1, 6 * 1460 + 1}}});
    c.sends(Reason::data, {.seq = 1, .length = 1460, .again = true});
    c.silent();
    c.gets({.ack = 1461, .window = 1460, .sack = {{3 * 1460 + 1, 6 * 1460 + 1}}});
    c.sends(Reason::data, {.seq = 1461, .length = 1460, .again = true});
    c.silent();
    c.gets({.ack = 2921, .window = 64240, .sack = {{3 * 1460 + 1, 6 * 1460 + 1}}});
    c.sends(Reason::data, {.seq = 2921, .length = 1460, .again = true});
}

TEST_CASE("a window that is fixed before the SYN arrives holds for the SYN-ACK") {
    Conversation c;
    c.offers(0, true);
    c.silent();
    c.open(syn({.scale = 0}));
    c.sends(Reason::syn_ack, {.window = 0});
    CHECK(c.tcb.window_closed());
    c.gets({});
    c.gets({.text = "pushing"});
    c.sends(Reason::window_probe_reply, {.ack = 1, .window = 0});
    CHECK(c.received.empty());
    c.offers(std::nullopt, false);
    c.sends(Reason::window_update, {.window = 64240 / 128});
}
