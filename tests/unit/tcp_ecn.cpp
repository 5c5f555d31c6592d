// Explicit congestion notification (RFC 3168).
#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

constexpr std::uint8_t ece_bit = Flags::ece;
constexpr std::uint8_t cwr_bit = Flags::cwr;
constexpr std::uint8_t capable = 2;

void asked(Conversation& c) {
    In in = syn();
    in.flags = syn_bit | ece_bit | cwr_bit;
    c.open(in);
    c.enters(State::syn_received);
    const Segment answer = c.sends(Reason::syn_ack, {.flags = syn_bit | ack_bit | ece_bit});
    CHECK(answer.tos == 0);
    c.gets({});
    c.enters(State::established);
}

}  // namespace

TEST_CASE("who asks for ECN gets it, and data that can be marked") {
    Conversation c;
    asked(c);
    c.writes("hello");
    CHECK(c.sends(Reason::data, {.flags = ack_bit | psh_bit}).tos == capable);
    c.passes(1s);
    const Segment again = c.sends(Reason::data, {.again = true});
    CHECK(again.tos == 0);
}

TEST_CASE("nobody gets ECN unasked, or where it is off") {
    Conversation c;
    SUBCASE("not asked") { established(c); }
    SUBCASE("ECE alone asks for nothing") {
        In in = syn();
        in.flags = syn_bit | ece_bit;
        c.open(in);
        c.sends(Reason::syn_ack, {.flags = syn_bit | ack_bit});
        c.gets({});
    }
    SUBCASE("off") {
        c.config.ecn = tcp::Ecn::off;
        In in = syn();
        in.flags = syn_bit | ece_bit | cwr_bit;
        c.open(in);
        c.sends(Reason::syn_ack, {.flags = syn_bit | ack_bit});
        c.gets({});
    }
    c.writes("hello");
    CHECK(c.sends(Reason::data).tos == 0);
}

TEST_CASE("a mark is echoed until the other side has slowed down") {
    Conversation c;
    asked(c);
    c.gets({.text = "a", .tos = 3});
    c.sends(Reason::ack, {.flags = ack_bit | ece_bit});
    c.gets({.seq = 2, .text = "b", .tos = capable});
    c.sends(Reason::ack, {.flags = ack_bit | ece_bit});
    c.gets({.seq = 3, .flags = ack_bit | cwr_bit, .text = "c", .tos = capable});
    c.sends(Reason::ack, {.flags = ack_bit});
}

TEST_CASE("an echoed mark halves what may be in flight, once in a round trip") {
    Conversation c;
    asked(c);
    c.writes(std::string(30'000, 'x'));
    for (int i = 0; i < 10; ++i) {
        c.sends(Reason::data);
    }
    c.silent();
    c.gets({.ack = 1461, .flags = ack_bit | ece_bit});
    c.silent();  // nine of ten are in flight, five may be
    c.gets({.ack = 2921, .flags = ack_bit | ece_bit});
    c.silent();
    c.gets({.ack = 1 + 6 * 1460});
    c.sends(Reason::data, {.flags = ack_bit | cwr_bit});
    c.silent();
}

TEST_CASE("a SYN asks for ECN only where that is on, and not when it is sent again") {
    Conversation c;
    c.config.ecn = tcp::Ecn::on;
    c.dials();
    c.sends(Reason::syn, {.flags = syn_bit | ece_bit | cwr_bit});
    SUBCASE("agreed") {
        In in = syn_ack();
        in.flags |= ece_bit;
        c.gets(in);
        c.sends(Reason::handshake_ack);
        c.writes("a");
        CHECK(c.sends(Reason::data).tos == capable);
    }
    SUBCASE("not agreed") {
        c.gets(syn_ack());
        c.sends(Reason::handshake_ack);
        c.writes("a");
        CHECK(c.sends(Reason::data).tos == 0);
    }
    SUBCASE("lost") {
        c.passes(1s);
        c.sends(Reason::syn, {.flags = syn_bit, .again = true});
    }
}
