// The peer opens the connections: `role: client`, and the `connect` action.
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Ending;

namespace {

const wire::IpAddress peer_address = wire::IpAddress::v4(0xc6120002);
const wire::Endpoint program{wire::IpAddress::v4(0xc6120001), 8080};

void dial(World& world) {
    world.engine.dial({0, peer_address, program}, world.now);
    world.pass(0s);
}

/// A kernel that listens: what it would answer to one SYN.
class Listener {
  public:
    static constexpr std::uint32_t near_the_wrap = 0xffffff00;

    Listener(World& world, const Segment& syn)
        : world_(world), source(syn.destination), destination(syn.source), rcv_nxt(syn.seq + 1) {
        REQUIRE(syn.flags == Flags{Flags::syn});
    }

    void send(std::uint8_t flags, std::string_view text = "") {
        Segment segment;
        segment.source = source;
        segment.destination = destination;
        segment.flags.bits = flags;
        segment.seq = snd_nxt;
        segment.ack = SeqNum((flags & Flags::ack) != 0 ? rcv_nxt.raw() : 0);
        segment.window = 64240;
        segment.payload.assign(text.begin(), text.end());
        if ((flags & Flags::syn) != 0) {
            segment.options.mss = 1460;
            segment.seq = iss;
        } else {
            snd_nxt = segment.end();
        }
        world_.arrives(segment);
    }
    void syn_ack() { send(Flags::syn | Flags::ack); }
    void ack() { send(Flags::ack); }

  private:
    World& world_;

  public:
    wire::Endpoint source;
    wire::Endpoint destination;
    SeqNum iss{near_the_wrap};
    SeqNum snd_nxt{near_the_wrap + 1};
    SeqNum rcv_nxt;
};

Listener taken_syn(World& world) {
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    return {world, left[0]};
}

std::vector<tcp::Reason> reasons(const World& world) {
    std::vector<tcp::Reason> all;
    for (const auto& segment : world.all<event::Segment>()) {
        if (segment.reason) {
            all.push_back(*segment.reason);
        }
    }
    return all;
}

}  // namespace

TEST_CASE("a client dials, and the handshake has its words and numbers") {
    World world("role: client\n");
    world.pass(1s);
    CHECK(world.take().empty());
    dial(world);
    Listener listener = taken_syn(world);
    CHECK(listener.source == program);
    CHECK(listener.destination.address == peer_address);
    CHECK(listener.destination.port >= 32'768);
    CHECK(listener.destination.port <= 60'999);
    listener.syn_ack();
    CHECK(flags_of(world.take()) == "A");
    listener.send(Flags::ack | Flags::psh, "hello");
    CHECK(flags_of(world.take()) == "A");

    const auto in = world.segments(Direction::in, Fate::accepted);
    REQUIRE(in.size() == 2);
    CHECK(in[0].kind == tcp::Kind::syn_ack);
    CHECK_FALSE(in[0].retransmission);
    CHECK(in[0].base.seq == listener.iss);
    CHECK(in[0].base.ack == listener.rcv_nxt - 1);
    CHECK(in[1].kind == tcp::Kind::data);
    const auto out = world.segments(Direction::out, Fate::sent);
    REQUIRE(out.size() == 3);
    CHECK(out[0].reason == tcp::Reason::syn);
    CHECK(out[0].base.seq == out[0].segment.seq);
    CHECK(out[1].reason == tcp::Reason::handshake_ack);
    CHECK(out[1].base.ack == listener.iss);
    CHECK(out[1].window == 64'240);  // no scale was agreed on
    const auto states = world.all<event::State>();
    REQUIRE(states.size() == 2);
    CHECK(states[0].to == tcp::State::syn_sent);
    CHECK(states[1].to == tcp::State::established);
    const auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 1);
    CHECK(attempts[0].dialled);
    CHECK(attempts[0].number == 1);
    CHECK(attempts[0].syns == 1);
    CHECK(attempts[0].received == 5);
    CHECK(attempts[0].ending == Ending::open);
    const auto told = world.all<event::Attempt>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].dialled);
    CHECK(told[0].flow.remote == program);
}

TEST_CASE("only a client dials, and only a peer that is there") {
    World world("role: server\n");
    dial(world);
    world.engine.dial({7, peer_address, program}, world.now);
    world.pass(10s);
    CHECK(world.take().empty());
    CHECK(world.engine.attempts().empty());
}

TEST_CASE("connections are opened at their rate, each an attempt with its number") {
    World world("role: client\nclient: {connections: 4, rate: 2, source_port: 5000}\n");
    world.pass(1s);
    dial(world);
    CHECK(world.take().size() == 1);
    CHECK(world.engine.to_be_dialled() == 3);
    for (std::uint16_t i = 1; i < 4; ++i) {
        world.pass(499'999us);
        CHECK(world.all<event::Attempt>().size() == i);
        world.pass(1us);
        CHECK(world.all<event::Attempt>().size() == i + 1U);
    }
    CHECK(world.engine.to_be_dialled() == 0);
    const auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 4);
    for (std::uint16_t i = 0; i < 4; ++i) {
        CHECK(attempts[i].number == i + 1U);
        CHECK(attempts[i].flow.local.port == 5000 + i);
        CHECK(attempts[i].since_last == (i == 0 ? std::optional<Duration>() : 500ms));
    }
}

TEST_CASE("without a rate all connections are opened at once, from ports that differ") {
    World world("role: client\nclient: {connections: 250}\n");
    dial(world);
    CHECK(world.take().size() == 100);
    world.pass(2ms);
    CHECK(world.take().size() == 150);
    std::vector<std::uint16_t> ports;
    for (const auto& attempt : world.engine.attempts()) {
        ports.push_back(attempt.flow.local.port);
    }
    std::sort(ports.begin(), ports.end());
    CHECK(std::adjacent_find(ports.begin(), ports.end()) == ports.end());
}

TEST_CASE("source ports follow from the seed") {
    const auto port = [](std::uint64_t seed) {
        auto settings = test_settings();
        settings.seed = seed;
        World world("role: client\n", settings);
        dial(world);
        return taken_syn(world).destination.port;
    };
    CHECK(port(1) == port(1));
    CHECK(port(1) != port(2));
}

TEST_CASE("ports in use are left out, and told where none is free") {
    World world("role: client\nclient: {source_port: 5000}\nservice: discard\n");
    dial(world);
    Listener first = taken_syn(world);
    first.syn_ack();
    static_cast<void>(world.take());
    dial(world);
    CHECK(world.take().empty());
    const auto notices = world.all<event::Notice>();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].text ==
          "A connection to 198.18.0.1:8080 was not opened, because every source port that it may "
          "have is in use. Open fewer at a time.");
    // One that is gone makes room.
    first.send(Flags::rst | Flags::ack);
    dial(world);
    CHECK(flags_of(world.take()) == "S");
    CHECK(world.engine.attempts().at(0).ending == Ending::reset_by_program);
}

TEST_CASE("the limit on connections holds for those that the peer opens") {
    auto settings = test_settings();
    settings.max_connections = 10;
    World world("role: client\nclient: {connections: 1000, rate: 1000}\n", settings);
    dial(world);
    world.until(900ms);
    CHECK(world.engine.remembered_connections() == 10);
    CHECK(world.all<event::Attempt>().size() == 10);
    CHECK(world.engine.counters().syns_dropped_at_limit > 0);
}

TEST_CASE("a refused client's attempt says so, and its SYN repeats until the retries are used up") {
    World refused("role: client\n");
    dial(refused);
    taken_syn(refused).send(Flags::rst | Flags::ack);
    CHECK(refused.engine.attempts().at(0).ending == Ending::refused);
    refused.pass(1h);
    CHECK(refused.take().empty());
    CHECK(refused.engine.live_connections() == 0);

    World silent("role: client\ntcp: {retries: 2}\n");
    dial(silent);
    silent.pass(2s);
    CHECK(silent.engine.attempts().at(0).ending == Ending::unanswered);
    silent.pass(1h);
    CHECK(flags_of(silent.take()) == "S S S");
    CHECK(silent.engine.attempts().at(0).ending == Ending::timed_out);
    CHECK(silent.engine.attempts().at(0).syns == 3);
    CHECK(silent.segments(Direction::out, Fate::sent).back().retransmission);
}

TEST_CASE("rules see both sides of the handshake") {
    World world(
        "role: client\nrules:\n"
        "  - {on: send syn, first: 1, do: drop}\n"
        "  - {on: receive syn-ack, first: 1, do: drop}\n"
        "  - {on: send handshake-ack, first: 1, do: drop}\n"
        "  - {on: enter established, when: {attempt: 1, port: 8080}, do: {log: up}}\n");
    dial(world);
    CHECK(world.take().empty());
    world.pass(1s);
    Listener listener = taken_syn(world);
    listener.syn_ack();
    CHECK(world.take().empty());
    CHECK(world.all<event::State>().size() == 1);
    listener.syn_ack();
    CHECK(world.take().empty());
    CHECK(world.all<event::Log>().size() == 1);
    CHECK(world.engine.attempts().at(0).ending == Ending::open);
    world.pass(1s);
    listener.syn_ack();
    CHECK(flags_of(world.take()) == "A");
    CHECK(reasons(world).back() == tcp::Reason::handshake_ack);
    const auto in = world.all<event::Segment>();
    std::vector<bool> again;
    for (const auto& segment : in) {
        if (segment.direction == Direction::in) {
            again.push_back(segment.retransmission);
        }
    }
    CHECK(again == std::vector<bool>{false, true, true});
}

TEST_CASE("start is the moment before the first SYN, once for each attempt") {
    World world(
        "role: client\nclient: {connections: 2, rate: 1}\nrules:\n"
        "  - {on: start, when: {state: closed}, do: [{window: 1000}, {log: now}]}\n");
    world.pass(3s);
    CHECK(world.all<event::Log>().empty());
    dial(world);
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].window == 1000);
    world.pass(999ms);
    CHECK(world.all<event::Log>().size() == 1);
    world.pass(1ms);
    CHECK(world.all<event::Log>().size() == 2);
}

TEST_CASE("what is said before the handshake rides on its ACK, and a close waits for it") {
    World world("role: client\nrules:\n  - {on: start, do: [{say: hello}, close]}\n");
    dial(world);
    Listener listener = taken_syn(world);
    listener.syn_ack();
    const auto left = world.take();
    REQUIRE(left.size() == 2);
    CHECK(wire::flag_letters(left[0].flags) == "PA");
    CHECK(left[0].payload.size() == 5);
    CHECK(left[1].has(Flags::fin));
    CHECK(reasons(world) == std::vector{tcp::Reason::syn, tcp::Reason::data, tcp::Reason::fin});
}

TEST_CASE("a source waits for the handshake and then speaks after its ACK") {
    World world("role: client\nservice: {source: {bytes: 10}}\n");
    dial(world);
    taken_syn(world).syn_ack();
    CHECK(reasons(world) ==
          std::vector{tcp::Reason::syn, tcp::Reason::handshake_ack, tcp::Reason::data});
}

TEST_CASE("attempts behave differently by number") {
    World world(
        "role: client\nclient: {connections: 3, rate: 1}\n"
        "attempts: {2: [{on: send syn, do: drop}]}\n");
    dial(world);
    world.pass(2s);
    CHECK(world.segments(Direction::out, Fate::dropped).size() == 2);  // and once again
    CHECK(world.segments(Direction::out, Fate::dropped)[0].segment.source.port ==
          world.engine.attempts().at(1).flow.local.port);
}

TEST_CASE("SYN and nothing more") {
    World world("role: client\nrules:\n  - {on: receive syn-ack, do: [drop, blackhole]}\n");
    dial(world);
    Listener listener = taken_syn(world);
    for (int i = 0; i < 5; ++i) {
        listener.syn_ack();
        world.pass(20s);
    }
    CHECK(world.take().empty());
    CHECK(world.engine.attempts().at(0).syns == 1);
}

TEST_CASE("a client that resets in SYN-SENT sends the RST that the SYN-ACK asks for") {
    World world("role: client\nrules:\n  - {on: receive syn-ack, do: reset}\n");
    dial(world);
    Listener listener = taken_syn(world);
    listener.syn_ack();
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst});
    CHECK(left[0].seq == listener.rcv_nxt);
    CHECK(world.engine.attempts().at(0).ending == Ending::reset_by_peer);
    CHECK(world.engine.live_connections() == 0);

    World early("role: client\nrules:\n  - {on: send syn, after: 100ms, do: reset}\n");
    dial(early);
    Listener other = taken_syn(early);
    early.pass(100ms);
    const auto rst = early.take();
    REQUIRE(rst.size() == 1);
    CHECK(rst[0].flags == Flags{Flags::rst});
    CHECK(rst[0].seq == other.rcv_nxt);
}

TEST_CASE("a client has no open port") {
    World world("role: client\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(flags_of(world.take()) == "RA");
    CHECK(world.engine.attempts().at(0).ending == Ending::refused);
    CHECK_FALSE(world.engine.attempts().at(0).dialled);
}

TEST_CASE("connect with drop on the program's SYN opens simultaneously") {
    World world("rules:\n  - {on: receive syn, first: 1, do: [drop, connect]}\n");
    Socket socket(world);
    socket.send_syn();
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::syn});
    CHECK(left[0].source.port == 80);
    CHECK(left[0].options.mss == 1460);
    // As Linux in SYN-RECEIVED.
    socket.rcv_nxt = left[0].seq + 1;
    Segment answer = socket.segment(Flags::syn | Flags::ack);
    answer.seq = socket.iss;
    world.arrives(answer);
    CHECK(flags_of(world.take()) == "A");
    const auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 1);
    CHECK_FALSE(attempts[0].dialled);
    CHECK(attempts[0].ending == Ending::open);
    const auto out = world.segments(Direction::out, Fate::sent);
    REQUIRE(out.size() == 2);
    CHECK(out[1].base.seq == out[0].segment.seq);
    CHECK(out[1].base.ack == socket.iss);
    CHECK_FALSE(world.segments(Direction::in, Fate::accepted).at(0).retransmission);
}

TEST_CASE("connect while the program's SYN is on its way takes both through SYN-RECEIVED") {
    World world("rules:\n  - {on: start, do: connect}\n");
    Socket socket(world);
    socket.send_syn();
    const auto left = world.take();
    CHECK(flags_of(left) == "S SA");
    CHECK(left[0].seq == left[1].seq);
    socket.rcv_nxt = left[0].seq + 1;
    Segment answer = socket.segment(Flags::syn | Flags::ack);
    answer.seq = socket.iss;
    world.arrives(answer);
    CHECK(flags_of(world.take()) == "A");
    std::vector<tcp::State> states;
    for (const auto& state : world.all<event::State>()) {
        states.push_back(state.to);
    }
    CHECK(states ==
          std::vector{tcp::State::syn_sent, tcp::State::syn_received, tcp::State::established});
}

TEST_CASE("connect opens anew what is gone, and does nothing to what is there") {
    World world(
        "role: client\nclient: {source_port: 5000}\nrules:\n"
        "  - {on: receive rst, first: 1, after: 1s, do: connect}\n"
        "  - {on: enter established, do: connect}\n");
    dial(world);
    const Listener first = taken_syn(world);
    Listener(first).send(Flags::rst | Flags::ack);
    world.pass(999ms);
    CHECK(world.take().empty());
    world.pass(1ms);
    Listener second = taken_syn(world);
    CHECK(second.destination.port == 5000);
    CHECK(second.rcv_nxt != first.rcv_nxt);
    second.iss = SeqNum{77};
    second.snd_nxt = SeqNum{78};
    second.syn_ack();
    CHECK(flags_of(world.take()) == "A");
    CHECK(world.segments(Direction::in, Fate::accepted).back().base.seq == SeqNum{77});
    CHECK(world.engine.attempts().at(0).ending == Ending::refused);
    CHECK(world.engine.attempts().at(1).ending == Ending::open);
    CHECK(world.engine.live_connections() == 1);
    CHECK(world.rule(1).fired == 0);
}

TEST_CASE("acknowledgements that were stopped before the handshake stay at its number") {
    World world("role: client\nrules:\n  - {on: start, do: stop-acking}\n");
    dial(world);
    Listener listener = taken_syn(world);
    listener.syn_ack();
    listener.send(Flags::ack | Flags::psh, "hello");
    const auto left = world.take();
    REQUIRE(left.size() == 2);
    CHECK(left[0].ack == listener.iss + 1);
    CHECK(left[1].ack == listener.iss + 1);
}

TEST_CASE("expectations of a client: its attempts, and how the program's side ended") {
    World world(
        "role: client\nclient: {connections: 3, rate: 2}\nexpect:\n"
        "  - {attempts: 3, apart: 500ms}\n  - {outcome: refused}\n");
    dial(world);
    taken_syn(world).send(Flags::rst | Flags::ack);
    for (int i = 0; i < 2; ++i) {
        world.pass(500ms);
        taken_syn(world).send(Flags::rst | Flags::ack);
    }
    CHECK(failures_of(world).empty());
}
