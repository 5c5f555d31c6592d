// `send` and `icmp`: packets that a rule makes.
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Ending;
using tcp::Reason;
using wire::Bytes;
using wire::IcmpKind;

namespace {

std::uint16_t number_at(const Bytes& packet, std::size_t at) {
    return static_cast<std::uint16_t>(packet[at] << 8 | packet[at + 1]);
}
std::uint32_t long_at(const Bytes& packet, std::size_t at) {
    return std::uint32_t{number_at(packet, at)} << 16 | number_at(packet, at + 2);
}

}  // namespace

TEST_CASE("send makes an ACK with the connection's numbers, and what it is told") {
    World world(
        "tcp: {delayed_ack: 1s}\nrules:\n  - {on: received 3, do: [send, {send: {payload: hi}}, "
        "{send: {flags: FA, seq: snd.nxt+5, window: 9}}, {send: {flags: R, ttl: 9}}]}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    const auto left = world.take();
    REQUIRE(flags_of(left) == "A A PA FA R");  // the first is the peer's own
    CHECK(left[1].seq == left[0].seq);
    CHECK(left[1].window == left[0].window);
    CHECK(left[1].ack == socket.snd_nxt);
    CHECK(left[2].seq == socket.rcv_nxt);
    CHECK(left[3].seq == socket.rcv_nxt + 5);
    CHECK(left[3].window == 9);
    CHECK(left[4].ttl == 9);
    const auto told = world.segments(Direction::out, Fate::sent);
    REQUIRE(told.size() == 6);
    CHECK_FALSE(told[1].rule);
    CHECK(told[2].reason == Reason::ack);
    CHECK(told[3].reason == Reason::data);
    CHECK(told[4].reason == Reason::fin);
    CHECK(told[5].reason == Reason::rst);
    CHECK(told[2].rule->line == 4);
}

TEST_CASE("send changes nothing in the peer's TCP") {
    World world(
        "tcp: {delayed_ack: off}\nrules:\n"
        "  - {on: received 1, do: [{send: {payload: never mind}}, {send: {flags: R, seq: 7}}]}\n"
        "  - {on: received 2, do: {say: real}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    world.pass(60s);
    for (const Segment& segment : world.take()) {
        CHECK(segment.ack == socket.snd_nxt);
    }
    CHECK(world.engine.attempts().at(0).ending == Ending::open);
    socket.send_data("b");
    CHECK(socket.receive() == "real");
}

TEST_CASE("a RST by send that fits ends the program's connection, not the peer's") {
    World world("rules:\n  - {on: received 1, do: {send: {flags: R}}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    CHECK(world.engine.attempts().at(0).ending == Ending::reset_by_peer);
    CHECK(world.engine.live_connections() == 1);
}

TEST_CASE("send passes no rule, and a blackhole stops it") {
    World world(
        "tcp: {delayed_ack: off}\nrules:\n  - {on: send any, when: {state: established}, do: "
        "drop}\n"
        "  - {on: receive data, first: 1, do: send}\n"
        "  - {on: receive data, nth: 2, do: [{blackhole: out}, send, {icmp: port-unreachable}]}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    CHECK(flags_of(world.take()) == "A");
    socket.send_data("b");
    CHECK(world.take().empty());
    CHECK(world.other_packets().empty());
    const auto dropped = world.segments(Direction::out, Fate::dropped);
    CHECK(std::any_of(dropped.begin(), dropped.end(),
                      [](const auto& event) { return event.rule->line == 6; }));
    const auto icmp = world.all<event::Icmp>();
    REQUIRE(icmp.size() == 1);
    CHECK(icmp[0].fate == Fate::dropped);
}

TEST_CASE("send on a connection that is gone has its last numbers") {
    for (const std::string end : {"forget", "reset"}) {
        World world("rules:\n  - {on: received 3, do: [" + end +
                    ", {send: {payload: ghost}}]}\n  - {on: receive data, nth: 2, do: [drop, "
                    "{send: {ack: rcv.nxt}}]}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("abc");
        const auto left = world.take();
        REQUIRE_FALSE(left.empty());
        CHECK(std::string(left.back().payload.begin(), left.back().payload.end()) == "ghost");
        CHECK(left.back().seq == socket.rcv_nxt);
        CHECK(left.back().ack == socket.snd_nxt);
        socket.send_data("def");
        const auto later = world.take();
        REQUIRE(later.size() == 1);
        CHECK(later[0].ack == socket.snd_nxt - 3);
    }
}

TEST_CASE("send may answer a SYN that the peer has not taken up") {
    World world(
        "tcp: {isn: 1000}\nrules:\n  - {on: receive syn, first: 1, do: [drop, {send: {flags: SA, "
        "seq: 5000, ack: irs+1, mss: 1}}]}\n"
        "  - {on: receive syn, do: [drop, {send: {flags: RA}}]}\n");
    Socket socket(world);
    socket.send_syn();
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::syn | Flags::ack});
    CHECK(left[0].seq == SeqNum(5000));
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(left[0].options.mss == 1);
    CHECK(world.segments(Direction::out, Fate::sent)[0].reason == Reason::syn_ack);
    CHECK(world.engine.attempts().at(0).ending == Ending::unanswered);
    socket.send_syn();
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].ack == socket.iss + 1);
    CHECK(world.engine.attempts().at(0).ending == Ending::refused);
    CHECK(world.engine.live_connections() == 0);
}

TEST_CASE("a SYN that comes again after a send is still taken up") {
    World world("rules:\n  - {on: receive syn, first: 1, do: [drop, {send: {ack: rcv.nxt+76}}]}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.take().at(0).ack == socket.iss + 77);
    socket.send_syn();
    CHECK(flags_of(world.take()) == "SA");
}

TEST_CASE("a SYN that comes again after a RST to the SYN-ACK opens anew") {
    World world("rules:\n  - {on: send syn-ack, first: 1, do: {set: {ack: irs+1000}}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.take().at(0).ack == socket.iss + 1000);
    socket.send_rst();
    CHECK(world.engine.live_connections() == 0);
    CHECK(world.engine.attempts().at(0).ending == Ending::reset_by_program);
    socket.send_syn();
    CHECK(flags_of(world.take()) == "SA");
    CHECK(world.engine.attempts().at(0).ending == Ending::open);
}

TEST_CASE("send keeps the frozen acknowledgement while acking is stopped") {
    World world(
        "tcp: {delayed_ack: 1s}\nrules:\n  - {on: enter established, do: stop-acking}\n"
        "  - {on: received 3, do: [send, {send: {ack: rcv.nxt}}]}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    const auto left = world.take();
    REQUIRE(left.size() == 3);
    CHECK(left[1].ack == socket.snd_nxt - 3);
    CHECK(left[2].ack == socket.snd_nxt);
}

TEST_CASE("what send says of the header is told") {
    World world(
        "rules:\n  - {on: enter established, do: {send: {options: '0200', reserved: 2}}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(flags_of(world.take()) == "A");
    const auto told = world.segments(Direction::out, Fate::sent);
    REQUIRE(told.back().forgery);
    CHECK(told.back().forgery->distortion.options == Bytes{2, 0});
    CHECK(told.back().forgery->distortion.reserved == 2);
    CHECK(told.back().forgery->changes.empty());
}

TEST_CASE("icmp quotes the segment that fired the rule") {
    World world("rules:\n  - {on: receive data, do: [drop, {icmp: {frag-needed: 1200}}]}\n");
    Socket socket(world);
    socket.connect();
    const SeqNum seq = socket.snd_nxt;
    socket.send_bytes(1400);
    CHECK(world.take().empty());
    REQUIRE(world.other_packets().size() == 1);
    const Bytes& packet = world.other_packets()[0];
    CHECK(packet.size() == 576);
    CHECK(packet[20] == 3);
    CHECK(packet[21] == 4);
    CHECK(number_at(packet, 26) == 1200);
    CHECK(number_at(packet, 28 + 2) == 1440);     // the quoted total length
    CHECK(number_at(packet, 28 + 20) == 40'000);  // the program's port
    CHECK(long_at(packet, 28 + 24) == seq.raw());
    const auto told = world.all<event::Icmp>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].kind == IcmpKind::fragmentation_needed);
    CHECK(told[0].mtu == 1200);
    CHECK(told[0].quoted.seq == seq);
    CHECK(told[0].fate == Fate::sent);
    CHECK(told[0].rule.line == 3);
    CHECK(told[0].source.to_string() == "198.18.0.2");
}

TEST_CASE("icmp quotes the last segment that arrived where none fired the rule") {
    World world(
        "rules:\n  - {on: idle 5s, do: {icmp: {kind: host-unreachable, seq: snd.una}}}\n"
        "  - {on: received 4, after: 1s, do: {icmp: port-unreachable}}\n"
        "  - {on: receive data, nth: 2, do: {icmp: {kind: ttl-exceeded, about: received}}}\n");
    Socket socket(world, 40'000, "2001:2::2");
    socket.connect();
    socket.send_data("abcd");
    socket.send_data("efgh");
    REQUIRE(world.other_packets().size() == 1);
    CHECK(world.other_packets()[0][40] == 3);
    CHECK(long_at(world.other_packets()[0], 48 + 44) == (socket.snd_nxt - 4).raw());
    world.until(1s);
    REQUIRE(world.other_packets().size() == 2);
    CHECK(number_at(world.other_packets()[1], 40) == 0x0104);
    CHECK(long_at(world.other_packets()[1], 48 + 44) == (socket.snd_nxt - 4).raw());
    world.until(6s);
    REQUIRE(world.other_packets().size() == 3);
    CHECK(number_at(world.other_packets()[2], 40) == 0x0103);
    CHECK(long_at(world.other_packets()[2], 48 + 44) == socket.rcv_nxt.raw());
}

TEST_CASE("icmp at the start is about the SYN, in the kind that it names") {
    const auto type_and_code = [](const std::string& kind, std::string_view to) {
        World world("rules:\n  - {on: start, do: {icmp: " + kind +
                    "}}\n  - {on: receive syn, do: "
                    "drop}\n");
        Socket socket(world, 40'000, to);
        socket.send_syn();
        REQUIRE(world.other_packets().size() == 1);
        CHECK(world.all<event::Icmp>()[0].quoted.seq == socket.iss);
        const Bytes& packet = world.other_packets()[0];
        return number_at(packet, packet[0] >> 4 == 4 ? 20 : 40);
    };
    CHECK(type_and_code("port-unreachable", "198.18.0.2") == 0x0303);
    CHECK(type_and_code("host-unreachable", "198.18.0.2") == 0x0301);
    CHECK(type_and_code("net-unreachable", "198.18.0.2") == 0x0300);
    CHECK(type_and_code("admin-prohibited", "198.18.0.2") == 0x030d);
    CHECK(type_and_code("ttl-exceeded", "198.18.0.2") == 0x0b00);
    CHECK(type_and_code("net-unreachable", "2001:2::2") == 0x0100);
    CHECK(type_and_code("admin-prohibited", "2001:2::2") == 0x0101);
    CHECK(type_and_code("{frag-needed: 1280}", "2001:2::2") == 0x0200);
}

TEST_CASE("icmp about a packet longer than it remembers quotes as much as it may") {
    peer::Settings settings = test_settings();
    settings.mtu = 65'535;
    World world("rules:\n  - {on: received 9000, do: {icmp: host-unreachable}}\n", settings);
    Socket socket(world);
    socket.connect();
    socket.send_bytes(9000);
    REQUIRE(world.other_packets().size() == 1);
    CHECK(world.other_packets()[0].size() == 576);
}
