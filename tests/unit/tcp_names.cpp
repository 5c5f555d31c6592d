#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;
using tcp::Kind;

TEST_CASE("names are read back as what they name") {
    for (std::size_t i = 0; i < tcp::kind_count; ++i) {
        const auto kind = static_cast<Kind>(i);
        CHECK(tcp::parse_kind(tcp::name(kind)) == kind);
    }
    for (std::size_t i = 0; i < tcp::reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        CHECK(tcp::parse_reason(tcp::name(reason)) == reason);
    }
    for (std::size_t i = 0; i <= static_cast<std::size_t>(State::time_wait); ++i) {
        const auto state = static_cast<State>(i);
        CHECK(tcp::parse_state(tcp::name(state)) == state);
    }
}

TEST_CASE("names are spelled as in the profile language and the RFC") {
    CHECK(tcp::name(Kind::keepalive_probe) == "keepalive-probe");
    CHECK(tcp::name(Reason::ack_of_fin) == "ack-of-fin");
    CHECK(tcp::name(State::fin_wait_2) == "fin-wait-2");
    CHECK(tcp::rfc_name(State::fin_wait_2) == "FIN-WAIT-2");
    CHECK(tcp::rfc_name(State::syn_received) == "SYN-RECEIVED");
    CHECK_FALSE(tcp::parse_kind("any").has_value());
    CHECK_FALSE(tcp::parse_state("ESTABLISHED").has_value());
    CHECK_FALSE(tcp::parse_reason("").has_value());
}

TEST_CASE("each segment has exactly one kind") {
    const tcp::ClassifyContext open{true, SeqNum{0}, false};
    const auto kind_of = [&](std::uint8_t flags, std::uint32_t seq, std::size_t length,
                             const tcp::ClassifyContext& context) {
        Segment segment;
        segment.flags.bits = flags;
        segment.seq = SeqNum{seq};
        segment.payload.resize(length);
        return tcp::classify(segment, context);
    };
    CHECK(kind_of(rst_bit | syn_bit | fin_bit | ack_bit, 0, 5, open) == Kind::rst);
    CHECK(kind_of(syn_bit | ack_bit | fin_bit, 0, 5, open) == Kind::syn_ack);
    CHECK(kind_of(syn_bit | fin_bit, 0, 5, open) == Kind::syn);
    CHECK(kind_of(fin_bit | ack_bit, 0, 5, open) == Kind::fin);
    CHECK(kind_of(fin_bit | ack_bit, 0xffff'ffffU, 0, open) == Kind::fin);
    CHECK(kind_of(ack_bit | psh_bit, 0, 5, open) == Kind::data);
    CHECK(kind_of(ack_bit, 0xffff'ffffU, 1, open) == Kind::data);
    CHECK(kind_of(ack_bit, 0, 0, open) == Kind::ack);
    CHECK(kind_of(ack_bit, 0xffff'fffeU, 0, open) == Kind::ack);
    CHECK(kind_of(0, 0xffff'ffffU, 0, open) == Kind::ack);
    CHECK(kind_of(ack_bit, 0xffff'ffffU, 0, open) == Kind::keepalive_probe);
    CHECK(kind_of(ack_bit, 0xffff'ffffU, 0, {true, SeqNum{0}, true}) == Kind::window_probe);
    CHECK(kind_of(ack_bit, 0xffff'ffffU, 0, {false, SeqNum{0}, true}) == Kind::ack);
}

TEST_CASE("a RST answers a segment without a connection as RFC 9293, 3.10.7.1 says") {
    Segment segment;
    segment.seq = SeqNum{0xffff'fffeU};
    segment.ack = SeqNum{77};
    segment.payload.resize(3);
    segment.flags.bits = syn_bit;
    auto reset = tcp::reset_for(segment);
    REQUIRE(reset.has_value());
    CHECK(reset->flags.bits == (rst_bit | ack_bit));
    CHECK(reset->seq == SeqNum{0});
    CHECK(reset->ack == SeqNum{2});

    segment.flags.bits = ack_bit;
    reset = tcp::reset_for(segment);
    REQUIRE(reset.has_value());
    CHECK(reset->flags.bits == rst_bit);
    CHECK(reset->seq == SeqNum{77});

    segment.flags.bits = rst_bit;
    CHECK_FALSE(tcp::reset_for(segment).has_value());
}
