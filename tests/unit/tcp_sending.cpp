// What holds short segments back, what narrow paths and windows do, and when a sender gives up.
#include "support/tcp_conversation.hpp"

#include <map>

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("Nagle: the second short segment waits for the ACK of the first, and takes more along") {
    Conversation c;
    established(c);
    c.writes("one");
    c.sends(Reason::data, {.text = "one"});
    c.writes("two");
    c.writes("three");
    c.silent();
    c.passes(40ms);
    c.gets({.ack = 4});
    c.sends(Reason::data, {.seq = 4, .flags = psh_bit | ack_bit, .text = "twothree"});
    c.silent();
}

TEST_CASE("Nagle: full segments do not wait, and a short one not for them (Minshall)") {
    Conversation c;
    established(c);
    c.writes(std::string(1460, 'x'));
    c.sends(Reason::data, {.length = 1460});
    c.writes("short");
    c.sends(Reason::data, {.text = "short"});
    c.writes(std::string(1460 + 5, 'y'));
    c.sends(Reason::data, {.length = 1460});
    c.silent();
    c.gets({.ack = 1 + 1460 + 5});
    c.sends(Reason::data, {.text = "yyyyy"});
}

TEST_CASE("who closes has no more to come: nothing is held back before the FIN") {
    Conversation c;
    established(c);
    c.writes("one");
    c.writes("two");
    c.sends(Reason::data, {.text = "one"});
    c.silent();
    c.shuts_down();
    c.sends(Reason::data, {.text = "two"});
    c.sends(Reason::fin);
}

TEST_CASE("nagle: off lets each piece leave") {
    Conversation c;
    c.config.nagle = false;
    established(c);
    c.writes("one");
    c.writes("two");
    c.sends(Reason::data, {.text = "one"});
    c.sends(Reason::data, {.text = "two"});
}

TEST_CASE("a window that was taken back is not overrun by retransmissions") {
    Conversation c;
    established(c);
    c.writes(std::string(6 * 1460, 'x'));
    c.replies.clear();
    c.gets({.ack = 1 + 2 * 1460, .window = 256});
    c.silent_for(200ms);
    c.sends(Reason::data, {.seq = 1 + 2 * 1460, .length = 256, .again = true});
    c.silent_for(400ms);
    c.sends(Reason::data, {.seq = 1 + 2 * 1460, .length = 256, .again = true});
    c.gets({.ack = 1 + 2 * 1460 + 256});
    c.sends(Reason::data, {.seq = 1 + 2 * 1460 + 256, .length = 1460 - 256, .again = true});
}

TEST_CASE("after a long wait for a window the timeout is as short as ever") {
    Conversation c;
    established(c, {.window = 0, .sack = true});
    c.writes("x");
    c.passes(1s);  // probes with doubled gaps
    c.replies.clear();
    c.gets({.window = 1000});
    c.sends(Reason::data, {.text = "x", .again = false});
    c.silent_for(200ms);
    c.sends(Reason::data, {.text = "x", .again = true});
    c.silent_for(200ms);
    c.sends(Reason::data, {.text = "x", .again = true});
}

TEST_CASE("a closed connection's FIN is given up after eight retransmissions") {
    Conversation c;
    established(c);
    c.closes();
    c.enters(State::fin_wait_1);
    c.sends(Reason::fin);
    Duration gap = 200ms;
    for (int i = 0; i < 8; ++i, gap *= 2) {
        c.silent_for(gap);
        c.sends(Reason::fin, {.again = true});
    }
    c.silent_for(gap);
    c.enters(State::closed);
    CHECK(c.tcb.timed_out());
    CHECK(c.now - run_start == 10s + 102'200ms);
}

TEST_CASE("a router's word makes segments shorter, and what was too long leaves again at once") {
    Conversation c;
    established(c, {.tsval = 1});
    c.writes(std::string(3 * 1448, 'x'));
    const Segment first = c.sends(Reason::data, {.length = 1448});
    c.replies.clear();
    CHECK(c.tcb.on_path_mss(first.seq, 960, c.now));
    c.drive();
    const auto left = [](std::uint32_t i) { return 1 + i * 1448; };
    for (std::uint32_t i = 0; i < 3; ++i) {
        c.sends(Reason::data, {.seq = left(i), .length = 948, .again = true});
        c.sends(Reason::data, {.seq = left(i) + 948, .length = 500, .again = true});
    }
    c.silent();
    c.gets({.ack = left(3), .tsval = 1});
    c.writes(std::string(2000, 'y'));
    c.sends(Reason::data, {.length = 948, .again = false});
}

TEST_CASE("a word about what is not outstanding is not heard") {
    Conversation c;
    established(c);
    CHECK_FALSE(c.tcb.on_path_mss(Conversation::our_iss + 1, 960, c.now));
    c.writes("outstanding");
    const Segment sent = c.sends(Reason::data);
    CHECK_FALSE(c.tcb.on_path_mss(sent.seq - 1, 960, c.now));
    CHECK_FALSE(c.tcb.on_path_mss(sent.end(), 960, c.now));
    CHECK(c.tcb.snd().mss == 1460);
    CHECK(c.tcb.on_path_mss(sent.seq, 9000, c.now));
    CHECK(c.tcb.snd().mss == 1460);
    CHECK(c.tcb.on_path_mss(sent.seq, 1, c.now));
    CHECK(c.tcb.snd().mss == 48);
}

TEST_CASE("mtu_probing: the fourth timeout in a row shortens the segments") {
    Conversation c;
    c.config.mtu_probing = true;
    established(c, {.tsval = 1});
    c.writes(std::string(1448, 'x'));
    c.replies.clear();
    Duration gap = 200ms;
    for (const std::size_t length : {1448U, 1448U, 1448U, 1024U, 512U, 256U}) {
        c.silent_for(gap);
        c.sends(Reason::data, {.seq = 1, .length = length, .again = true});
        gap *= 2;
    }
    c.gets({.ack = 257, .tsval = 1});
    c.sends(Reason::data, {.seq = 257, .length = 256, .again = true});
}

TEST_CASE("mtu_probing: single longer segments find out what the path lets pass after all") {
    Conversation c;
    c.config.mtu_probing = true;
    syn_received(c, {.sack = true});
    c.passes(10ms);
    c.gets({});
    c.writes(std::string(1460, 'x'));
    c.passes(3400ms);  // a tail loss probe, and four timeouts
    c.replies.clear();
    REQUIRE(c.tcb.snd().mss == 1024);
    std::uint32_t next = 1461;
    c.gets({.ack = next});
    constexpr std::uint32_t end = 1'000'001;
    c.writes(std::string(end - next, 'x'));
    constexpr std::size_t path = 1300;
    int lost = 0;
    int again = 0;
    std::map<std::uint32_t, std::uint32_t> arrived;
    for (int round = 0; round < 200 && next < end; ++round) {
        const auto sent = std::exchange(c.replies, {});
        c.passes(10ms);
        for (const auto& reply : sent) {
            again += reply.retransmission ? 1 : 0;
            if (reply.segment.payload.size() > path) {
                ++lost;
                continue;
            }
            const auto left = forward_distance(Conversation::our_iss, reply.segment.seq);
            arrived[left] = left + static_cast<std::uint32_t>(reply.segment.payload.size());
            while (!arrived.empty() && arrived.begin()->first <= next) {
                next = std::max(next, arrived.begin()->second);
                arrived.erase(arrived.begin());
            }
            c.passes(1us);
            c.gets({.ack = next,
                    .sack = arrived.empty()
                                ? Blocks{}
                                : Blocks{{arrived.begin()->first, arrived.rbegin()->second}}});
        }
    }
    CHECK(next == end);
    CHECK(c.tcb.snd().mss <= path);
    CHECK(c.tcb.snd().mss > path - 8);
    CHECK(lost > 0);
    CHECK(lost < 8);
    CHECK(again == 2 * lost);
}

TEST_CASE("the network's refusal ends a handshake, not a connection") {
    tcp::Output out;
    Conversation client;
    syn_sent(client);
    client.tcb.on_unreachable(Conversation::our_iss + 1, true, out);
    CHECK(client.tcb.state() == State::syn_sent);
    client.tcb.on_unreachable(Conversation::our_iss, false, out);
    CHECK(client.tcb.state() == State::closed);
    Conversation server;
    syn_received(server);
    server.tcb.on_unreachable(Conversation::our_iss, false, out);
    CHECK(server.tcb.state() == State::syn_received);
    server.tcb.on_unreachable(Conversation::our_iss, true, out);
    CHECK(server.tcb.state() == State::closed);
    Conversation open;
    established(open);
    open.writes("x");
    open.tcb.on_unreachable(open.sends(Reason::data).seq, true, out);
    CHECK(open.tcb.state() == State::established);
}
