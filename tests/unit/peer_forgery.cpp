// `corrupt`, `set` and `fragment`: segments that leave, or arrive, other than they were made.
#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using wire::Bytes;

namespace {

constexpr auto peer_v6 = "2001:2::2";

std::string text_of(const Segment& segment) {
    return {segment.payload.begin(), segment.payload.end()};
}

/// What the greeting of an established connection becomes under a rule `on: send data`.
std::vector<Segment> greeting(const std::string& action, std::string_view to = "198.18.0.2") {
    World world("rules:\n  - {on: enter established, do: {say: hello}}\n  - {on: send data, do: " +
                action + "}\n");
    Socket socket(world, 40'000, to);
    socket.connect();
    return world.take();
}

Segment forged_greeting(const std::string& fields) {
    const auto left = greeting("{set: " + fields + "}");
    REQUIRE(left.size() == 1);
    return left[0];
}

std::vector<std::string> changes_of(const event::Segment& event) {
    REQUIRE(event.forgery);
    return {event.forgery->changes.begin(), event.forgery->changes.end()};
}

using Words = std::vector<std::string>;

/// The packet that IPv4 fragments without options, or IPv6 ones, are parts of.
Bytes put_together(const std::vector<Bytes>& fragments) {
    REQUIRE_FALSE(fragments.empty());
    const bool v4 = fragments[0][0] >> 4 == 4;
    Bytes whole(fragments[0].begin(), fragments[0].begin() + (v4 ? 20 : 40));
    for (const Bytes& part : fragments) {
        const std::size_t offset = v4 ? ((part[6] & 0x1fU) << 8 | part[7]) * 8U
                                      : (unsigned{part[42]} << 8U | part[43]) & 0xfff8U;
        CHECK(whole.size() == (v4 ? 20 : 40) + offset);
        whole.insert(whole.end(), part.begin() + (v4 ? 20 : 48), part.end());
    }
    if (v4) {
        whole[2] = static_cast<std::uint8_t>(whole.size() >> 8);
        whole[3] = static_cast<std::uint8_t>(whole.size());
        whole[6] = whole[7] = whole[10] = whole[11] = 0;
        const auto sum = wire::ones_complement_sum(std::span(whole).first(20));
        whole[10] = static_cast<std::uint8_t>(~sum >> 8);
        whole[11] = static_cast<std::uint8_t>(~sum);
    } else {
        whole[4] = static_cast<std::uint8_t>((whole.size() - 40) >> 8);
        whole[5] = static_cast<std::uint8_t>(whole.size() - 40);
        whole[6] = fragments[0][40];
    }
    return whole;
}

}  // namespace

TEST_CASE("corrupt: tcp-checksum leaves broken, and is sent again in order") {
    World world(
        "rules:\n  - {on: enter established, do: {say: hello}}\n"
        "  - {on: send data, first: 1, do: {corrupt: tcp-checksum}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.take().empty());
    REQUIRE(world.other_packets().size() == 1);
    const auto decoded = wire::decode(world.other_packets()[0]);
    CHECK(std::get<wire::Oddity>(decoded) == wire::Oddity::bad_tcp_checksum);
    const auto told = world.segments(Direction::out, Fate::corrupted);
    REQUIRE(told.size() == 1);
    CHECK(text_of(told[0].segment) == "hello");
    CHECK(told[0].rule->line == 4);
    CHECK(changes_of(told[0]) == Words{"tcp-checksum"});
    world.pass(2s);
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(text_of(left[0]) == "hello");
}

TEST_CASE("corrupt: ip-checksum is IPv4's; IPv6 has none, which is told") {
    World world("rules:\n  - {on: send syn-ack, first: 1, do: {corrupt: ip-checksum}}\n");
    Socket v4(world);
    v4.send_syn();
    CHECK(world.take().empty());
    REQUIRE(world.other_packets().size() == 1);
    CHECK(std::get<wire::Oddity>(wire::decode(world.other_packets()[0])) ==
          wire::Oddity::bad_ip_checksum);
    Socket v6(world, 40'001, peer_v6);
    v6.send_syn();
    REQUIRE(world.take().size() == 1);
    CHECK(world.segments(Direction::out, Fate::sent).size() == 1);
    const auto notices = world.all<event::Notice>();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].text ==
          "`corrupt: ip-checksum` changes nothing here: the header of an IPv6 packet has no "
          "checksum.");
}

TEST_CASE("corrupt: payload flips a bit under a right checksum") {
    const auto left = greeting("{corrupt: payload}");
    REQUIRE(left.size() == 1);
    CHECK(text_of(left[0]) == "iello");
    World world("rules:\n  - {on: send any, do: {corrupt: payload}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.segments(Direction::out, Fate::corrupted).empty());
    CHECK(world.segments(Direction::out, Fate::sent).size() == 1);
}

TEST_CASE("set overwrites each field") {
    const Segment honest = greeting("{log: x}").at(0);
    CHECK(forged_greeting("{seq: 5}").seq == SeqNum(5));
    CHECK(forged_greeting("{seq: seg.seq-1}").seq == honest.seq - 1);
    CHECK(forged_greeting("{ack: rcv.nxt+7}").ack == honest.ack + 7);
    CHECK(forged_greeting("{window: 0}").window == 0);
    CHECK(forged_greeting("{flags: FPU}").flags == Flags{Flags::fin | Flags::psh | Flags::urg});
    CHECK(forged_greeting("{flags: \"\"}").flags == Flags{});
    CHECK(forged_greeting("{flags: P, ack: 1}").flags == Flags{Flags::psh});
    CHECK(forged_greeting("{mss: 1}").options.mss == 1);
    CHECK(forged_greeting("{window_scale: 255}").options.window_scale == 255);
    CHECK(forged_greeting("{sack_permitted: true}").options.sack_permitted);
    const auto sacked = forged_greeting("{sack: [[rcv.nxt+10, rcv.nxt+20], [1, 2]]}").options.sack;
    CHECK(sacked ==
          std::vector<wire::SackBlock>{{honest.ack + 10, honest.ack + 20}, {SeqNum(1), SeqNum(2)}});
    const Segment urgent = forged_greeting("{urgent: 3}");
    CHECK(urgent.urgent == 3);
    CHECK(urgent.has(Flags::urg));
    CHECK_FALSE(forged_greeting("{urgent: 3, flags: A}").has(Flags::urg));
    CHECK(forged_greeting("{ttl: 1}").ttl == 1);
    CHECK(forged_greeting("{tos: 184}").tos == 184);
    CHECK(forged_greeting("{ecn: ce}").tos == 3);
    CHECK(forged_greeting("{tos: 184, ecn: 1}").tos == 185);
    CHECK(text_of(forged_greeting("{payload: other words}")) == "other words");
    CHECK(forged_greeting("{payload: \"\"}").payload.empty());
    CHECK(forged_greeting("{payload: {bytes: 300}}").payload.at(252) == 1);
    CHECK(forged_greeting("{options: 020401f4}").options.mss == 500);
    CHECK(forged_greeting("{reserved: 15}") == honest);
    CHECK(text_of(forged_greeting("{total_length: 43}")) == "hel");
    const Segment eaten = forged_greeting(R"({data_offset: 6, payload: "\x01\x01\x01\x01rest"})");
    CHECK(text_of(eaten) == "rest");
}

TEST_CASE("set takes options out, and puts timestamps in") {
    World world(
        "rules:\n  - on: send syn-ack\n    do:\n      set: {mss: off, window_scale: off, "
        "sack_permitted: off, tsval: ts.now+1, tsecr: 9}\n"
        "  - {on: send ack, do: {set: {timestamps: off, sack: off}}}\n");
    Socket socket(world);
    socket.send_syn();
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK_FALSE(left[0].options.mss);
    CHECK_FALSE(left[0].options.window_scale);
    CHECK_FALSE(left[0].options.sack_permitted);
    REQUIRE(left[0].options.timestamps);
    CHECK(left[0].options.timestamps->echo == 9);
}

TEST_CASE("set has the numbers from before the segment leaves") {
    World world(
        "service: {source: {bytes: 3000}}\n"
        "rules:\n  - {on: send data, do: {set: {seq: snd.nxt+1000000}}}\n");
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    REQUIRE(left.size() == 3);
    SeqNum next = socket.rcv_nxt;
    for (const Segment& segment : left) {
        CHECK(segment.seq == next + 1'000'000);
        next += static_cast<std::uint32_t>(segment.payload.size());
    }
}

TEST_CASE("what set changed is told as it left, with the rule and the fields") {
    World world("rules:\n  - {on: send syn-ack, do: {set: {window: 7, ttl: 3}}}\n");
    Socket socket(world);
    socket.send_syn();
    const auto told = world.segments(Direction::out, Fate::edited);
    REQUIRE(told.size() == 1);
    CHECK(told[0].segment == world.take().at(0));
    CHECK(told[0].window == 7);
    CHECK(told[0].rule->line == 3);
    CHECK(changes_of(told[0]) == Words{"window", "ttl"});
}

TEST_CASE("changes stand beside each other, and the first rule that decides wins") {
    World world(
        "rules:\n  - {on: send syn-ack, first: 1, do: [{set: {window: 7}}, {corrupt: tcp-checksum},"
        " {corrupt: ip-checksum}, {fragment: 24}]}\n  - {on: send syn-ack, do: {set: {ttl: 3}}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.take().empty());
    const auto told = world.segments(Direction::out, Fate::corrupted);
    REQUIRE(told.size() == 1);
    CHECK(changes_of(told[0]) == Words{"window", "tcp-checksum", "ip-checksum", "fragment"});
    CHECK(world.rule(1).overruled == 1);
    world.pass(1s);
    const auto again = world.take();
    REQUIRE(again.size() == 1);
    CHECK(again[0].ttl == 3);
    CHECK(again[0].window != 7);
}

TEST_CASE("copies are what the segment was before the duplicate") {
    const auto all = greeting("[{set: {payload: first}}, {duplicate: 2}]");
    REQUIRE(all.size() == 3);
    CHECK(text_of(all[0]) == "first");
    CHECK(text_of(all[2]) == "first");
    const auto conflict = greeting("[duplicate, {set: {payload: HELLO}}]");
    REQUIRE(conflict.size() == 2);
    CHECK(text_of(conflict[0]) == "hello");
    CHECK(text_of(conflict[1]) == "HELLO");
    CHECK(conflict[0].seq == conflict[1].seq);
}

TEST_CASE("a changed segment may be delayed too") {
    World world(
        "rules:\n  - {on: enter established, do: {say: hello}}\n"
        "  - {on: send data, do: [{delay: 100ms}, {set: {payload: later}}]}\n");
    Socket socket(world);
    socket.connect();
    world.until(100ms - 1ns);
    CHECK(world.take().empty());
    world.until(100ms);
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(text_of(left[0]) == "later");
    CHECK(world.segments(Direction::out, Fate::delayed).size() == 1);
    CHECK(world.segments(Direction::out, Fate::edited).size() == 1);
}

TEST_CASE("set on receive is what the peer's TCP sees") {
    World world(
        "service: echo\ntcp: {delayed_ack: off}\nrules:\n"
        "  - {on: receive data, first: 1, do: {set: {payload: HELLO}}}\n"
        "  - {on: receive data, nth: 2, do: [{delay: 1s}, {set: {seq: seg.seq+1}}]}\n"
        "  - {on: receive data, nth: 3, do: [duplicate, {set: {flags: R, seq: rcv.nxt}}]}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("hello");
    CHECK(socket.receive() == "HELLO");
    const auto told = world.segments(Direction::in, Fate::edited);
    REQUIRE(told.size() == 1);
    CHECK(text_of(told[0].segment) == "hello");
    CHECK(changes_of(told[0]) == Words{"payload"});
    socket.send_data("abc");
    world.pass(1s);
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().ack == socket.snd_nxt - 3);
    socket.send_data("def");
    CHECK(world.engine.live_connections() == 0);
    CHECK(world.engine.attempts().at(0).ending == peer::Ending::reset_by_program);
}

TEST_CASE("a SYN that set made something else opens nothing") {
    World world("rules:\n  - {on: receive syn, first: 1, do: {set: {flags: A}}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(flags_of(world.take()) == "R");
    CHECK(world.engine.live_connections() == 0);
}

TEST_CASE("corrupt on receive: the peer's stack throws it away, or its service reads it") {
    World world(
        "service: echo\ntcp: {delayed_ack: off}\nrules:\n"
        "  - {on: receive data, first: 1, do: {corrupt: tcp-checksum}}\n"
        "  - {on: receive data, nth: 2, do: {corrupt: ip-checksum}}\n"
        "  - {on: receive data, nth: 3, do: {set: {total_length: 30}}}\n"
        "  - {on: receive data, nth: 4, do: {corrupt: payload}}\n");
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 3; ++i) {
        socket.send_data("hello");
        CHECK(world.take().empty());
        socket.snd_nxt -= 5;
    }
    CHECK(world.segments(Direction::in, Fate::corrupted).size() == 2);
    CHECK(world.segments(Direction::in, Fate::edited).size() == 1);
    CHECK(world.rule(0).withheld == 1);
    CHECK(world.rule(2).withheld == 1);
    socket.send_data("hello");
    CHECK(socket.receive() == "iello");
    CHECK(world.segments(Direction::in, Fate::corrupted).size() == 3);
}

TEST_CASE("fragments are parts of the packet, told once") {
    for (const std::string_view to : {"198.18.0.2", peer_v6}) {
        World world("rules:\n  - {on: send syn-ack, do: {fragment: 16}}\n");
        Socket socket(world, 40'000, to);
        socket.send_syn();
        CHECK(world.take().empty());
        const auto& parts = world.other_packets();
        REQUIRE(parts.size() >= 2);
        for (const Bytes& part : parts) {
            CHECK(std::get<wire::Oddity>(wire::decode(part)) == wire::Oddity::fragment);
        }
        const auto decoded = wire::decode(put_together(parts));
        REQUIRE(std::holds_alternative<Segment>(decoded));
        const auto told = world.segments(Direction::out, Fate::edited);
        REQUIRE(told.size() == 1);
        CHECK(told[0].segment.options == std::get<Segment>(decoded).options);
        CHECK(changes_of(told[0]) == Words{"fragment"});
        CHECK(world.engine.counters().packets_out == parts.size());
        CHECK(world.engine.counters().segments_out == 1);
    }
}

TEST_CASE("each fragmented packet has an identification of its own") {
    World world("rules:\n  - {on: send syn-ack, do: {fragment: 16}}\n");
    Socket socket(world);
    socket.send_syn();
    const auto first = world.other_packets().back();
    world.pass(1s);
    const auto second = world.other_packets().back();
    CHECK(first[5] != second[5]);
}

TEST_CASE("probes are judged by the window that the program saw") {
    const auto kind_after = [](const std::string& action) {
        World world("tcp: {delayed_ack: off}\nrules:\n  - {on: send ack, do: " + action + "}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("x");
        socket.send_probe();
        return world.all<event::Segment>().back().direction == Direction::out
                   ? world.all<event::Segment>().rbegin()[1].kind
                   : world.all<event::Segment>().back().kind;
    };
    CHECK(kind_after("{log: x}") == tcp::Kind::keepalive_probe);
    CHECK(kind_after("{set: {window: 0}}") == tcp::Kind::window_probe);
    CHECK(kind_after("[{set: {window: 0}}, {corrupt: tcp-checksum}]") ==
          tcp::Kind::keepalive_probe);
}

TEST_CASE("windows in bytes follow the scale that the program saw") {
    World world(
        "rules:\n  - {on: send syn-ack, do: {set: {window_scale: 2}}}\n"
        "  - {on: enter established, do: {say: x}}\n");
    Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    syn.seq = socket.iss;
    syn.options.window_scale = 3;
    world.arrives(syn);
    socket.snd_nxt = socket.iss + 1;
    socket.rcv_nxt = world.take().at(0).seq + 1;
    socket.send_ack();
    const auto sent = world.segments(Direction::out, Fate::sent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].window == std::uint32_t{sent[0].segment.window} << 2);
    const auto in = world.segments(Direction::in, Fate::accepted);
    CHECK(in.back().window == 64'240U << 3);
}
