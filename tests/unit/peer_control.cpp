// What the control interface sees and does, beside the rules.
#include "ghostpeer/profile/action_text.hpp"
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using peer::Order;
using peer::Selector;

namespace {

/// Carries the order out to its end, some connections at a time.
std::uint64_t act(World& world, const std::string& actions, Selector on = {}, bool future = true,
                  std::size_t slice = 1000, int* slices = nullptr) {
    auto parsed = profile::parse_actions(actions, {"dead"});
    REQUIRE(parsed);
    Order order(std::move(*parsed), on, future);
    int calls = 1;
    while (!world.engine.act(order, slice, world.now)) {
        REQUIRE(++calls < 1000);
    }
    if (slices != nullptr) {
        *slices = calls;
    }
    world.pass(Duration::zero());
    return order.acted;
}

Selector only(event::ConnectionId id) { return {Selector::What::connection, 0, id}; }
Selector of_peer(std::size_t index) { return {Selector::What::peer, index, 0}; }

World two_peers(const std::string& first, const std::string& second) {
    return World(test_settings(), {{{*wire::IpAddress::parse("198.18.0.2")}, {}, profile_of(first)},
                                   {{}, {}, profile_of(second)}});
}

}  // namespace

TEST_CASE("connections are listed with what they stand at, a page at a time") {
    World world("service: echo\n");
    CHECK(world.engine.connections(0, 10).connections.empty());
    CHECK(world.engine.last_connection() == 0);
    std::vector<Socket> sockets;
    for (std::uint16_t i = 0; i < 5; ++i) {
        sockets.emplace_back(world, static_cast<std::uint16_t>(40'000 + i));
        sockets.back().connect();
    }
    sockets[1].send_data("hello");
    sockets[1].receive();
    sockets[1].send_ack();
    sockets[2].send_rst();

    auto page = world.engine.connections(0, 3);
    REQUIRE(page.connections.size() == 3);
    REQUIRE(page.next);
    const auto& second = page.connections[1];
    CHECK(second.id == 2);
    CHECK(second.peer == std::size_t{0});
    CHECK(second.state == tcp::State::established);
    CHECK(second.received == 5);
    CHECK(second.sent == 5);
    CHECK(second.snd_una == 6);
    CHECK(second.snd_nxt == 6);
    CHECK(second.rcv_nxt == 6);
    CHECK(second.segments_in == 4);   // SYN, ACK, data, ACK
    CHECK(second.segments_out == 3);  // SYN-ACK, ACK, data
    CHECK(second.flow.remote.port == 40'001);
    CHECK(page.connections[2].state == tcp::State::closed);
    CHECK(page.connections[2].ending == peer::Ending::reset_by_program);
    page = world.engine.connections(*page.next, 3);
    CHECK(page.connections.size() == 2);
    CHECK_FALSE(page.next);

    CHECK(world.engine.connection(5)->id == 5);
    CHECK_FALSE(world.engine.connection(6));
    CHECK_FALSE(world.engine.connection(0));
    CHECK(world.engine.last_connection() == 5);
    CHECK(world.engine.states()[static_cast<std::size_t>(tcp::State::established)] == 4);
}

TEST_CASE("the counts of states come back to nothing") {
    World world("service: echo\ntcp: {time_wait: 1s}\n");
    const auto none = peer::StateCounts{};
    Socket socket(world);
    socket.connect();
    socket.send_fin();
    socket.receive();
    socket.send_ack();
    Socket other(world, 40'001);
    other.connect();
    CHECK(act(world, "close", only(2)) == 1);
    other.rcv_nxt += 1;
    other.send_fin();
    CHECK(world.engine.states()[static_cast<std::size_t>(tcp::State::time_wait)] == 1);
    // A new SYN takes the place of the one in TIME-WAIT.
    other.iss = other.snd_nxt + 100'000;
    other.send_syn();
    CHECK(world.engine.states()[static_cast<std::size_t>(tcp::State::time_wait)] == 0);
    CHECK(world.engine.states()[static_cast<std::size_t>(tcp::State::syn_received)] == 1);
    act(world, "forget");
    CHECK(world.engine.states() == none);
}

TEST_CASE("one connection is blackholed and revived, the others are left alone") {
    World world("service: echo\n");
    Socket first(world);
    Socket second(world, 40'001);
    first.connect();
    second.connect();
    CHECK(act(world, "blackhole", only(1)) == 1);
    CHECK(world.engine.connection(1)->blackholed_in);
    first.send_data("lost");
    second.send_data("echoed");
    CHECK(second.receive() == "echoed");
    const auto dropped = world.segments(Direction::in, Fate::dropped);
    REQUIRE(dropped.size() == 1);
    REQUIRE(dropped[0].rule);
    CHECK(*dropped[0].rule->file == "control");
    CHECK(dropped[0].rule->line == 0);
    const auto told = world.all<event::Rule>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].action == "blackhole");

    CHECK(act(world, "revive", only(1)) == 1);
    first.snd_nxt -= 4;
    first.send_data("back");
    CHECK(first.receive() == "back");
    CHECK(act(world, "revive", only(77)) == 0);
}

TEST_CASE("a blackhole of all holds for connections to come, until all are revived") {
    World world("service: echo\n");
    Socket first(world);
    first.connect();
    CHECK(act(world, "blackhole") == 1);
    CHECK(world.engine.peers()[0].blackhole == profile::Direction::both);
    Socket second(world, 40'001);
    second.send_syn();
    CHECK(world.take().empty());
    CHECK(world.engine.connection(2)->blackholed_out);
    CHECK(act(world, "revive") == 2);
    CHECK_FALSE(world.engine.peers()[0].blackhole);
    second.connect();
    second.send_data("again");
    CHECK(second.receive() == "again");

    CHECK(act(world, "{blackhole: in}", {}, false) == 2);
    Socket third(world, 40'002);
    third.connect();
}

TEST_CASE("directions of blackholes add up") {
    World world("service: echo\n");
    act(world, "{blackhole: in}");
    CHECK(world.engine.peers()[0].blackhole == profile::Direction::in);
    act(world, "{blackhole: out}");
    CHECK(world.engine.peers()[0].blackhole == profile::Direction::both);
}

TEST_CASE("an order for a peer leaves the other's connections alone") {
    World world = two_peers("service: echo\n", "service: echo\n");
    Socket first(world, 40'000, "198.18.0.2");
    Socket second(world, 40'000, "198.18.0.3");
    first.connect();
    second.connect();
    CHECK(act(world, "reset", of_peer(1)) == 1);
    CHECK(flags_of(world.take()) == "RA");
    CHECK(world.engine.connection(1)->state == tcp::State::established);
    CHECK(world.engine.connection(2)->state == tcp::State::closed);
    CHECK(act(world, "blackhole", of_peer(0)) == 1);
    CHECK_FALSE(world.engine.peers()[1].blackhole);
    Socket third(world, 40'001, "198.18.0.3");
    third.connect();
    CHECK(act(world, "blackhole", of_peer(9)) == 0);
    CHECK(world.engine.connections(0, 10, 1).connections.size() == 2);
}

TEST_CASE("every action that needs no segment works from outside") {
    World world("service: echo\n");
    Socket socket(world);
    socket.connect();
    act(world, "{say: hello}");
    CHECK(socket.receive() == "hello");
    socket.send_ack();
    act(world, "stop-reading");
    CHECK(world.engine.connection(1)->reading_stopped);
    act(world, "[resume-reading, {window: 0}]");
    CHECK(world.take().back().window == 0);
    act(world, "{window: auto}");
    CHECK(world.take().back().window > 0);
    act(world, "stop-acking");
    CHECK(world.engine.connection(1)->acking_stopped);
    act(world, "resume-acking");
    act(world, "{send: {flags: RA}}");
    CHECK(flags_of(world.take()) == "RA");
    CHECK(world.engine.connection(1)->state == tcp::State::established);
    act(world, "{log: here}");
    CHECK(world.all<event::Log>().size() == 1);
    act(world, "shutdown");
    CHECK(flags_of(world.take()) == "FA");
    act(world, "forget");
    CHECK(world.engine.live_connections() == 0);
    CHECK(act(world, "close") == 0);  // nothing is there any more
    CHECK(world.take().empty());
    act(world, "finish", only(1));
    world.pass(5ms);
    CHECK(world.engine.finished());
}

TEST_CASE("become finds the phase of each connection's own profile") {
    World world = two_peers(
        "phases:\n  other: [{on: receive data, do: reset}]\n"
        "  dead: [{on: receive data, do: drop}]\n"
        "rules: [{on: command x, optional: true, do: {become: other}}, "
        "{on: command y, optional: true, do: {become: dead}}]\n",
        "service: echo\n");
    Socket first(world, 40'000, "198.18.0.2");
    Socket second(world, 40'000, "198.18.0.3");
    first.connect();
    second.connect();
    CHECK(act(world, "{become: dead}") == 1);
    CHECK(world.engine.connection(1)->phase == "dead");
    CHECK(world.engine.connection(2)->phase.empty());
    first.send_data("x");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("an order for many is carried out in slices") {
    World world("service: echo\n");
    for (std::uint16_t i = 0; i < 100; ++i) {
        Socket(world, static_cast<std::uint16_t>(40'000 + i)).connect();
    }
    int slices = 0;
    CHECK(act(world, "reset", {}, true, 10, &slices) == 100);
    CHECK(slices >= 10);
    CHECK(world.take().size() == 100);
}

TEST_CASE("a profile that is used later is that of new connections, and counts attempts anew") {
    World world("service: echo\n");
    Socket first(world);
    first.connect();
    CHECK_FALSE(world.engine.use(0, profile_of("attempts: {1: refuse}\n"), world.now));
    first.send_data("echoed");
    CHECK(first.receive() == "echoed");
    Socket second(world, 40'001);
    second.send_syn();
    CHECK(flags_of(world.take()) == "RA");
    Socket third(world, 40'002);
    third.connect();
    CHECK(world.engine.connection(3)->attempt == 2);
    CHECK(world.engine.peers()[0].attempts == 3);
    CHECK(world.engine.profiles().size() == 3);  // two, and that of the first attempt

    CHECK(world.engine.use(7, profile_of("service: echo\n"), world.now) ==
          "There is no such peer.");
    CHECK(world.engine.use(0, profile_of("role: client\nclient: {port: 80}\n"), world.now)
              ->find("is that of a client") != std::string::npos);
}

TEST_CASE("profiles that nobody met are forgotten, the others are remembered up to a limit") {
    World world("service: echo\n");
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE_FALSE(world.engine.use(0, profile_of("attempts: {1: [{on: start, do: reset}]}\n"),
                                       world.now));
    }
    CHECK(world.engine.profiles().size() == 3);
    const auto again = profile_of("service: hold\n");
    std::optional<std::string> refusal;
    int used = 0;
    for (; used < 2000 && !refusal; ++used) {
        Socket(world, static_cast<std::uint16_t>(20'000 + used)).send_syn();
        refusal =
            world.engine.use(0, used % 2 == 0 ? again : profile_of("service: hold\n"), world.now);
    }
    REQUIRE(refusal);
    CHECK(used > 1000);
    CHECK(refusal->find("More than 1000 profiles") == 0);
}

TEST_CASE("how often a rule fired is told by its place") {
    World world("rules:\n  - {on: receive data, do: drop}\n");
    Socket socket(world);
    socket.connect();
    CHECK(world.engine.fired("test.yaml", 3) == 0);
    socket.send_data("x");
    CHECK(world.engine.fired("test.yaml", 3) == 1);
    CHECK_FALSE(world.engine.fired("test.yaml", 4));
    CHECK_FALSE(world.engine.fired("other.yaml", 3));
}

TEST_CASE("segments are told from the moment on that somebody asks") {
    auto settings = test_settings();
    settings.segment_events = false;
    World world(settings, {{{}, {}, profile_of("service: echo\n")}});
    Socket socket(world);
    socket.connect();
    CHECK(world.all<event::Segment>().empty());
    world.engine.tell_segments();
    socket.send_data("x");
    CHECK_FALSE(world.all<event::Segment>().empty());
}

TEST_CASE("icmp needs a segment to quote, and says why there is none") {
    World world("service: echo\n");
    Socket(world).connect();
    CHECK(act(world, "{icmp: host-unreachable}") == 0);
    const auto notice = std::find_if(world.events.begin(), world.events.end(), [](const auto& one) {
        return std::holds_alternative<event::Notice>(one.what);
    });
    REQUIRE(notice != world.events.end());
    CHECK(std::get<event::Notice>(notice->what).text.find("kept only for profiles that have") !=
          std::string::npos);
    CHECK(world.engine.ordered_faults() == 0);
    CHECK(act(world, "{log: hi}") == 1);
    CHECK(world.engine.ordered_faults() == 0);
    CHECK(act(world, "reset") == 1);
    CHECK(world.engine.ordered_faults() == 1);
}

TEST_CASE("commands that something waits for are known") {
    World world(
        "service: echo\n"
        "rules: [{on: command unplug, do: reset}]\n"
        "expect: [{see: command pull}, {never: receive rst, within: 1s of command push}]\n");
    for (const auto* name : {"unplug", "pull", "push"}) {
        CHECK(world.engine.knows_command(name));
    }
    CHECK_FALSE(world.engine.knows_command("nothing"));
}

TEST_CASE("profiles that were used and that no connection met are known by name") {
    World world("service: echo\n");
    const auto named = [&](const char* name) {
        auto profile = *profile_of("service: echo\n");
        profile.name = name;
        return std::make_shared<const profile::Profile>(profile);
    };
    CHECK(world.engine.unmet_uses().empty());
    CHECK_FALSE(world.engine.use(0, named("met"), world.now));
    CHECK(world.engine.unmet_uses() == std::vector<std::string>{"met"});
    Socket(world).connect();
    CHECK(world.engine.unmet_uses().empty());
    CHECK_FALSE(world.engine.use(0, named("replaced"), world.now));
    CHECK_FALSE(world.engine.use(0, named("last"), world.now));
    CHECK(world.engine.unmet_uses() == std::vector<std::string>{"last", "replaced"});
    // Given back what it had.
    CHECK_FALSE(world.engine.use(0, named("met"), world.now));
    CHECK(world.engine.unmet_uses() == std::vector<std::string>{"last", "replaced"});
}
