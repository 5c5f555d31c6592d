// What hosts other than Linux do: the words of `Config` for it, one by one.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

/// As the profiles of other hosts have it.
void plain_acks(Conversation& c) {
    c.config.delayed_ack = 250ms;
    c.config.delayed_ack_max = 250ms;
    c.config.quick_acks = 0;
    c.config.plain_acks = true;
}

}  // namespace

TEST_CASE("plain ACKs: the first segment waits its time though it was read, the second does not") {
    Conversation c;
    plain_acks(c);
    established(c);
    c.gets({.text = "one"});
    c.silent_for(250ms);
    c.sends(Reason::ack, {.ack = 4});
    c.gets({.seq = 4, .text = "two"});
    c.passes(1ms);
    c.gets({.seq = 7, .text = "three"});
    c.sends(Reason::ack, {.ack = 12});
    // An answer carries it, and the next one waits anew.
    c.gets({.seq = 12, .text = "four"});
    c.writes("answer");
    c.sends(Reason::data, {.seq = 1, .ack = 16});
    c.gets({.seq = 16, .ack = 7, .text = "five"});
    c.silent_for(250ms);
    c.sends(Reason::ack, {.ack = 20});
    c.silent_for(10s);
}

TEST_CASE("plain ACKs: a FIN is acknowledged at once") {
    Conversation c;
    plain_acks(c);
    established(c);
    c.gets({.flags = fin_bit | ack_bit});
    c.enters(State::close_wait);
    c.sends(Reason::ack_of_fin, {.ack = 2});
}

TEST_CASE("hosts that ignore a RST in TIME-WAIT stay there, and their ports taken") {
    for (const tcp::Reuse reuse : {tcp::Reuse::newer, tcp::Reuse::higher, tcp::Reuse::never}) {
        Conversation c;
        c.config.reuse = reuse;
        time_wait(c);
        c.gets({.seq = 2, .flags = rst_bit});
        if (reuse == tcp::Reuse::newer) {
            c.enters(State::closed);
            continue;
        }
        c.silent_for(60s);
        c.enters(State::closed);
    }
}

TEST_CASE("a host that closes with unread data may say FIN, and RST only to what comes then") {
    Conversation c;
    c.config.reset_unread = false;
    c.reads = false;
    established(c);
    c.gets({.text = "unread"});
    c.sends(Reason::ack);
    c.closes();
    c.enters(State::fin_wait_1);
    c.sends(Reason::fin, {.seq = 1, .ack = 7});
    c.gets({.seq = 7, .ack = 2, .text = "more"});
    c.enters(State::fin_wait_2);
    c.enters(State::closed);
    c.sends(Reason::rst);
}

TEST_CASE("FIN-WAIT-2 has a time of its own") {
    Conversation c;
    c.config.fin_wait_2 = 20s;
    c.config.time_wait = 120s;
    established(c);
    c.closes();
    c.enters(State::fin_wait_1);
    c.sends(Reason::fin);
    c.gets({.ack = 2});
    c.enters(State::fin_wait_2);
    SUBCASE("and is over") {
        c.silent_for(20s);
        c.enters(State::closed);
    }
    SUBCASE("unless the FIN comes") {
        c.gets({.ack = 2, .flags = fin_bit | ack_bit});
        c.enters(State::time_wait);
        c.sends(Reason::ack_of_fin);
        c.silent_for(120s);
        c.enters(State::closed);
    }
}

TEST_CASE("a small device sends short segments, and few at once") {
    Conversation c;
    c.config.send_mss = 536;
    c.config.initial_cwnd = 4;
    established(c);
    c.writes(std::string(5000, 'x'));
    for (std::uint32_t i = 0; i < 4; ++i) {
        c.sends(Reason::data, {.seq = 1 + i * 536, .length = 536});
    }
    c.silent();
}

TEST_CASE("the other side's MSS holds where it is smaller than `send_mss`") {
    Conversation c;
    c.config.send_mss = 1000;
    syn_received(c, {.mss = 600});
    c.gets({});
    c.enters(State::established);
    c.writes(std::string(700, 'x'));
    c.sends(Reason::data, {.length = 600});
    c.sends(Reason::data, {.length = 100});
}

TEST_CASE("timestamps that are not offered are used where the other side offers them") {
    SUBCASE("a SYN has none") {
        Conversation c;
        c.config.offer_timestamps = false;
        c.dials();
        c.enters(State::syn_sent);
        CHECK_FALSE(c.sends(Reason::syn).options.timestamps);
        CHECK_FALSE(c.tcb.timestamps_on());
    }
    SUBCASE("a SYN-ACK has them") {
        Conversation c;
        c.config.offer_timestamps = false;
        established(c, {.tsval = 5});
        CHECK(c.tcb.timestamps_on());
    }
}
