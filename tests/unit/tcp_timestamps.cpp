// RFC 7323: what is echoed, and what is too old.
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

TEST_CASE("TSval is a millisecond clock with an offset, TSecr the last one in order") {
    Conversation c;
    established(c, {.tsval = 100});
    c.passes(250ms);
    c.gets({.text = "a", .tsval = 350});
    c.sends(Reason::ack, {.tsval = 17'250, .tsecr = 350});
    CHECK(c.tcb.timestamp_now(c.now) == 17'250);
    CHECK(c.tcb.timestamp_recent() == 350);
    c.gets({.seq = 10, .text = "z", .tsval = 400});
    c.sends(Reason::duplicate_ack, {.tsecr = 350});
}

TEST_CASE("segments older than the last timestamp are dropped and answered") {
    Conversation c;
    established(c, {.tsval = 100});
    c.gets({.text = "new", .tsval = 200});
    c.sends(Reason::ack);
    c.gets({.seq = 4, .text = "old", .tsval = 199});
    c.sends(Reason::challenge_ack, {.ack = 4, .tsecr = 200});
    CHECK(c.received == "new");
    c.gets({.seq = 4, .text = "more", .tsval = 200});
    CHECK(c.received == "newmore");
}

TEST_CASE("timestamps wrap") {
    Conversation c;
    established(c, {.tsval = 0xffff'fff0U});
    c.gets({.text = "a", .tsval = 0x10});
    CHECK(c.received == "a");
    c.gets({.seq = 2, .text = "b", .tsval = 0xffff'fff0U});
    CHECK(c.received == "a");
}

TEST_CASE("after 24 idle days the last timestamp means nothing") {
    Conversation c;
    established(c, {.tsval = 0x8000'0000U});
    c.passes(std::chrono::hours(24 * 24 + 1));
    c.gets({.text = "a", .tsval = 5});
    CHECK(c.received == "a");
}

TEST_CASE("a mere ACK that was overtaken is not answered") {
    Conversation c;
    established(c, {.tsval = 100});
    c.gets({.text = "a", .tsval = 200});
    c.sends(Reason::ack);
    c.gets({.seq = 2, .tsval = 150});
    c.silent();
}

TEST_CASE("one that was overtaken longer ago than 1.2 timeouts is answered") {
    Conversation c;
    established(c, {.tsval = 10'000});
    c.gets({.seq = 1, .tsval = 10'000 - 240});  // a timeout is 200 ms
    c.silent();
    c.gets({.seq = 1, .tsval = 10'000 - 241});
    c.sends(Reason::challenge_ack);
}

TEST_CASE("a RST needs no timestamp and no young one") {
    Conversation c;
    established(c, {.tsval = 100});
    c.gets({.seq = 1, .flags = rst_bit, .tsval = 5});
    c.enters(State::closed);
    Conversation bare;
    established(bare, {.tsval = 100});
    bare.gets({.seq = 1, .flags = rst_bit});
    bare.enters(State::closed);
}

TEST_CASE("segments that leave their timestamp out are accepted, as by Linux") {
    Conversation c;
    established(c, {.tsval = 100});
    c.gets({.text = "a"});
    CHECK(c.received == "a");
    c.sends(Reason::ack, {.tsecr = 100});
}

TEST_CASE("timestamps that were not agreed on are not heard") {
    Conversation c;
    established(c);
    c.gets({.text = "a", .tsval = 500});
    c.gets({.seq = 2, .text = "b", .tsval = 400});
    CHECK(c.received == "ab");
    c.sends(Reason::ack, {.tsval = 0, .tsecr = 0});
}

TEST_CASE("the echoed timestamp measures the round trip of a retransmission") {
    Conversation c;
    established(c, {.tsval = 100});
    c.writes("lost");
    c.sends(Reason::data, {.tsval = 17'000});
    c.silent_for(200ms);
    c.sends(Reason::data, {.tsval = 17'200});
    c.passes(150ms);
    c.gets({.ack = 5, .tsval = 500, .tsecr = 17'200});
    // SRTT (7 * 0 + 150) / 8, variance 150 / 4: far from the 350 ms since the first copy.
    c.writes("next");
    c.sends(Reason::data);
    c.silent_for(std::chrono::microseconds(18'750 + 200'000));
    c.sends(Reason::data, {.again = true});
}
