#include "ghostpeer/wire/format.hpp"
#include "ghostpeer/wire/mangle.hpp"

#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>

using namespace ghostpeer;
using namespace ghostpeer::wire;

TEST_CASE("wire: flags in tcpdump's spelling and in the language's") {
    CHECK(format_flags({Flags::syn}) == "S");
    CHECK(format_flags({Flags::syn | Flags::ack}) == "S.");
    CHECK(format_flags({Flags::psh | Flags::ack}) == "P.");
    CHECK(format_flags({Flags::fin | Flags::psh | Flags::ack}) == "FP.");
    CHECK(format_flags({}) == "none");
    CHECK(format_flags({0xff}) == "FSRP.UEW");
    CHECK(flag_letters({}).empty());
    CHECK(flag_letters({Flags::syn | Flags::ack}) == "SA");
    CHECK(flag_letters({Flags::psh | Flags::ack}) == "PA");
    CHECK(flag_letters({0xff}) == "SFRPAUEC");
}

TEST_CASE("wire: numbers are relative to the initial ones") {
    CHECK(relative_number(SeqNum(5), SeqNum(0xfffffffb)) == 10);
    CHECK(relative_number(SeqNum(99), SeqNum(100)) == -1);
    CHECK(relative_number(SeqNum(100), SeqNum(100 + 65536)) == -65536);
    CHECK(relative_number(SeqNum(100) + 0xfffe0000U, SeqNum(100)) == 0xfffe0000);
}

TEST_CASE("wire: a segment is one line in the manner of tcpdump") {
    const auto syn = std::get<Segment>(decode(test::linux_syn()));
    CHECK(format(syn, {.seq = syn.seq, .ack = {}}) ==
          "[S] seq 0 win 64240 <mss 1460,sackOK,TS val 153999987 ecr 0,wscale 10>");
    CHECK(format(syn, {.seq = {}, .ack = {}, .relative = false}) ==
          "[S] seq 3639001458 win 64240 <mss 1460,sackOK,TS val 153999987 ecr 0,wscale 10>");

    Segment data;
    data.seq = SeqNum(4);
    data.ack = SeqNum(1001);
    data.flags.bits = Flags::psh | Flags::ack;
    data.window = 501;
    data.payload.resize(100);
    const NumberBase base{.seq = SeqNum(3), .ack = SeqNum(1000)};
    CHECK(format(data, base) == "[P.] seq 1:101 ack 1 win 501 len 100");

    data.payload.clear();
    data.flags.bits = Flags::ack | Flags::urg;
    data.urgent = 9;
    data.options.sack = {{SeqNum(1101), SeqNum(1201)}, {SeqNum(1301), SeqNum(1401)}};
    CHECK(format(data, base) == "[.U] seq 1 ack 1 win 501 urg 9 <sack 101:201 301:401>");
    data.flags.bits = Flags::rst;
    data.options = {};
    CHECK(format(data, base) == "[R] seq 1 win 501");
}

TEST_CASE("wire: options that are skipped are told by their kinds") {
    // Fast Open's request, Multipath TCP's MP_CAPABLE, one of an experiment, an MSS of a wrong
    // length, and a fifth.
    const Options read = read_options(
        {{34, 2, 30, 4, 0, 1, 253, 4, 0xf9, 0x89, 2, 3, 5, 1, 3, 3, 7, 28, 4, 0x80, 5}});
    CHECK(read.skipped == std::array<std::uint8_t, 4>{34, 30, 253, 2});
    CHECK(read.window_scale == 7);
    CHECK(format_options(read, {}) == "wscale 7,tfo,mptcp,opt 253,opt 2");
    Segment syn;
    syn.flags.bits = Flags::syn;
    syn.options.skipped = {30};
    CHECK(format(syn, {}) == "[S] seq 0 win 0 <mptcp>");
}

TEST_CASE("wire: the length of a segment counts SYN and FIN") {
    Segment segment;
    segment.seq = SeqNum(0xffffffff);
    segment.payload.resize(10);
    CHECK(segment.length() == 10);
    segment.flags.bits = Flags::fin | Flags::ack;
    CHECK(segment.length() == 11);
    CHECK(segment.end() == SeqNum(10));
}
