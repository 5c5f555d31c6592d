// What is left of peers and scopes that have gone: nothing that another one could meet.
#include "flows/peer_places.hpp"
#include "path/paths.hpp"
#include "rules/deed.hpp"
#include "scopes/judging.hpp"
#include "support/peer_harness.hpp"

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

std::size_t come(World& world, const std::string& body, const char* address,
                 const std::string& scope, std::optional<std::uint16_t> port = {}) {
    peer::PeerSpec spec;
    spec.addresses = {*wire::IpAddress::parse(address)};
    spec.port = port;
    spec.profile = profile_of(body);
    spec.name = address;
    spec.scope = scope;
    const auto index = world.engine.add_peer(std::move(spec), world.now);
    REQUIRE_MESSAGE(index, index.error());
    return *index;
}

peer::PeerSpec spec_at(const char* address, std::optional<std::uint16_t> port) {
    peer::PeerSpec spec;
    if (*address != '\0') {
        spec.addresses = {*wire::IpAddress::parse(address)};
    }
    spec.port = port;
    return spec;
}

/// The program refuses the peer's SYN, or answers nothing more.
void refuse_syn(World& world, const Segment& syn) {
    Segment rst;
    rst.source = syn.destination;
    rst.destination = syn.source;
    rst.flags.bits = Flags::rst | Flags::ack;
    rst.ack = syn.seq + 1;
    world.arrives(rst);
    world.pass(0s);
}

const wire::Endpoint listening{wire::IpAddress::v4(0xc6120001), 8080};

}  // namespace

TEST_CASE("a scope's connections go with it, also where a more particular peer has come since") {
    World world("service: echo\n");
    come(world, "service: echo\n", "198.18.0.9", "all ports");
    Socket socket(world, 40'000, "198.18.0.9", 80);
    socket.connect();
    const auto port_80 = come(world, "service: echo\n", "198.18.0.9", "port 80", 80);
    CHECK(world.engine.connections(0, 10, port_80).connections.empty());
    world.engine.end_scope("all ports", world.now);
    CHECK(world.engine.remembered_connections() == 0);
    CHECK(world.engine.live_connections() == 0);
    // What comes now is the other peer's.
    socket.send_data("hello");
    static_cast<void>(world.take());
    Socket next(world, 40'001, "198.18.0.9", 80);
    next.connect();
    CHECK(world.engine.attempts_of(port_80) == 1);
    world.pass(10s);
}

TEST_CASE("what was put off counts nowhere once its scope has gone") {
    World world("service: echo\n");
    come(world, "rules: [{on: enter established, after: 10s, do: reset}]\n", "198.18.0.9", "gone");
    Socket socket(world, 40'000, "198.18.0.9");
    socket.connect();
    // The name is read from what goes.
    const auto peers = world.engine.peers_of("gone");
    REQUIRE(peers.size() == 1);
    world.engine.end_scope(peers[0].scope, world.now);
    world.pass(11s);
    CHECK(world.engine.scope_counts("gone").tallies.empty());

    event::RuleStatistics statistics;
    auto life = std::make_shared<char>();
    {
        const rules::Deed outlives(statistics, life);
        CHECK(statistics.waiting == 1);
        life.reset();
    }
    CHECK(statistics.waiting == 1);
    CHECK(statistics.fired == 0);
}

TEST_CASE("finish: all neither waits for a peer that has gone, nor is decided by it") {
    const auto client = [](const std::string& rules) {
        return peer::PeerSpec{{}, {}, profile_of("role: client\nclient: {}\n" + rules)};
    };
    const std::string ends_refused = "rules: [{on: enter closed, do: {finish: all}}]\n";
    World world(test_settings(), {client(ends_refused), client(ends_refused)});
    const auto later =
        come(world, "rules: [{on: receive data, do: {finish: all}}]\n", "198.18.0.9", "");
    world.engine.dial({0, wire::IpAddress::v4(0xc6120002), listening}, world.now);
    world.engine.dial({1, wire::IpAddress::v4(0xc6120003), listening}, world.now);
    world.pass(0s);
    const auto syns = world.take();
    REQUIRE(syns.size() == 2);
    Socket socket(world, 40'000, "198.18.0.9");

    SUBCASE("it does not wait") {
        refuse_syn(world, syns[0]);
        world.pass(200ms);
        CHECK_FALSE(world.engine.finished());
        world.engine.remove_peer(1, world.now);
        world.pass(200ms);
        CHECK(world.engine.finished());
    }
    SUBCASE("its wish goes with it") {
        socket.connect();
        socket.send_data("x");
        world.engine.remove_peer(later, world.now);
        world.engine.remove_peer(0, world.now);
        world.engine.remove_peer(1, world.now);
        world.pass(200ms);
        CHECK_FALSE(world.engine.finished());
    }
    SUBCASE("its own end is no end") {
        const auto closes =
            come(world, "rules: [{on: enter closed, do: finish}]\n", "198.18.0.10", "");
        Socket other(world, 40'001, "198.18.0.10");
        other.connect();
        world.engine.leave_peer(closes);
        peer::Order order({profile::Reset{}}, {peer::Selector::What::peer, closes, 0}, false);
        CHECK(world.engine.act(order, 100, world.now));
        CHECK(order.acted == 1);
        CHECK(world.engine.remove_peer(closes, 100, world.now));
        world.pass(200ms);
        CHECK_FALSE(world.engine.finished());
    }
}

TEST_CASE("a peer's connections are forgotten some at a time") {
    World world("service: echo\n");
    const auto peer = come(world, "service: echo\n", "198.18.0.9", "many");
    for (std::uint16_t i = 0; i < 100; ++i) {
        Socket(world, static_cast<std::uint16_t>(40'000 + i), "198.18.0.9").send_syn();
    }
    static_cast<void>(world.take());
    Socket(world, 50'000, "198.18.0.2").connect();
    CHECK(world.engine.scope_counts("many").attempts.size() == 100);
    CHECK_FALSE(world.engine.remove_peer(peer, 60, world.now));
    CHECK(world.engine.remembered_connections() == 41);
    CHECK(world.engine.peer(peer));
    CHECK(world.engine.remove_peer(peer, 60, world.now));
    CHECK(world.engine.remembered_connections() == 1);
    CHECK_FALSE(world.engine.peer(peer));
    // Its attempts stay the scope's.
    CHECK(world.engine.scope_counts("many").attempts.size() == 100);
}

TEST_CASE("scopes with ways of their own come and go without end") {
    World world("service: echo\n");
    for (int i = 0; i < 1'100; ++i) {
        const std::string scope = "scope " + std::to_string(i);
        come(world, "link: {delay: 10ms}\n", "198.18.0.9", scope);
        world.engine.end_scope(scope, world.now);
        world.collect();
    }
    come(world, "link: {delay: 10ms}\n", "198.18.0.9", "last");

    path::Paths paths({}, {}, 1);
    const auto said = std::make_shared<const profile::Link>();
    path::Path* const others = &paths.to(nullptr);
    path::Path* const own = &paths.open(said, "one");
    CHECK(&paths.to(said.get()) == own);
    CHECK(&paths.to(said.get()) != others);
    paths.close(said.get());
    CHECK(&paths.to(said.get()) == others);
    paths.close(nullptr);
    CHECK(&paths.to(nullptr) == others);
}

TEST_CASE("a connection that begins again lets the next one of its client begin") {
    World world(
        "role: client\nclient: {connections: 2, after: closed}\n"
        "rules: [{on: enter closed, when: {attempt: 1}, do: connect}]\n");
    world.engine.dial({0, wire::IpAddress::v4(0xc6120002), listening}, world.now);
    world.pass(0s);
    const auto first = world.take();
    REQUIRE(first.size() == 1);
    refuse_syn(world, first[0]);
    world.pass(0s);
    CHECK(world.engine.to_be_dialled() == 0);
    CHECK(world.engine.attempt_count() == 3);
}

TEST_CASE("connections from a client's sources are the client's") {
    World world(test_settings(), {{{*wire::IpAddress::parse("198.18.0.5")},
                                   {},
                                   profile_of("role: client\nclient: {sources: 198.18.64.0/24}\n")},
                                  {{}, {}, profile_of("service: echo\n")}});
    world.engine.dial({0, *wire::IpAddress::parse("198.18.0.5"), listening}, world.now);
    world.pass(0s);
    const auto all = world.engine.connections(0, 10).connections;
    REQUIRE(all.size() == 1);
    CHECK(all[0].flow.local.address.to_string() == "198.18.64.1");
    CHECK(all[0].peer == 0);
    CHECK(world.engine.connections(0, 10, 0).connections.size() == 1);
    CHECK(world.engine.connections(0, 10, 1).connections.empty());
    peer::Order order({profile::Connect{}}, {peer::Selector::What::connection, 0, all[0].id});
    refuse_syn(world, world.take().at(0));
    static_cast<void>(world.engine.act(order, 1, world.now));
    // It begins again as what it was.
    CHECK(world.engine.attempts_of(0) == 2);
    CHECK(world.engine.attempts_of(1) == 0);
}

TEST_CASE("the more particular of several peers is found, whatever comes and goes") {
    flows::PeerPlaces places;
    const wire::Endpoint there{*wire::IpAddress::parse("198.18.0.9"), 80};
    const wire::Endpoint port_alone{*wire::IpAddress::parse("198.18.0.10"), 80};
    CHECK_FALSE(places.find(there));
    const auto of = [](const peer::PeerSpec& spec) {
        return flows::PlacesOf{spec.addresses, spec.port};
    };
    const auto everywhere = spec_at("", {});
    const auto port = spec_at("", 80);
    const auto address = spec_at("198.18.0.9", {});
    const auto both = spec_at("198.18.0.9", 80);
    const auto elsewhere = spec_at("198.18.0.9", 81);
    const auto other = spec_at("198.18.0.10", 80);
    places.add_first(0, of(everywhere));
    CHECK(places.find(there) == 0);
    places.add(1, of(port));
    CHECK(places.find(there) == 1);
    places.add(2, of(address));
    CHECK(places.find(there) == 2);
    places.add(3, of(both));
    CHECK(places.find(there) == 3);
    CHECK(places.find(port_alone) == 1);
    for (const auto& [spec, peer] :
         {std::pair{everywhere, 0}, {port, 1}, {address, 2}, {both, 3}}) {
        CHECK(places.find_same(of(spec)) == peer);
    }
    CHECK_FALSE(places.find_same(of(elsewhere)));
    places.remove(3, of(both));
    CHECK_FALSE(places.find_same(of(both)));
    CHECK(places.find(there) == 2);
    places.remove(2, of(address));
    CHECK(places.find(there) == 1);
    places.remove(1, of(port));
    CHECK(places.find(there) == 0);

    // Those of the beginning are tried in their order.
    flows::PeerPlaces as_given;
    as_given.add_first(0, of(port));
    as_given.add_first(1, of(both));
    CHECK(as_given.find(there) == 0);
    as_given.add(2, of(other));
    CHECK(as_given.find(port_alone) == 2);
}

TEST_CASE("so many peers can be at once, and no more") {
    World world("service: echo\n");
    const auto profile = profile_of("service: echo\n");
    std::uint32_t next = 0xc6130001;
    const auto add = [&] {
        peer::PeerSpec spec;
        spec.addresses = {wire::IpAddress::v4(next++)};
        spec.profile = profile;
        return world.engine.add_peer(std::move(spec), world.now);
    };
    std::size_t last = 0;
    for (std::size_t i = 1; i < peer::Engine::most_peers; ++i) {
        const auto index = add();
        REQUIRE(index);
        last = *index;
    }
    CHECK_FALSE(add());
    world.engine.remove_peer(last, world.now);
    CHECK(add() == last);
}

TEST_CASE("a scope is ended once, and takes nothing from then on") {
    World world("service: echo\n");
    scopes::Scopes scopes(std::make_shared<const event::Run>());
    REQUIRE_FALSE(scopes.begin("one", world.now));
    CHECK(scopes.takes("one"));
    const auto number = scopes.look_at("one", world.engine, world.now).number;
    CHECK_FALSE(scopes.begin_end("one", number + 1));
    CHECK_FALSE(scopes.begin_end("other", number));
    CHECK(scopes.begin_end("one", number));
    CHECK_FALSE(scopes.takes("one"));
    CHECK_FALSE(scopes.begin_end("one", number));
    scopes.end("one");
    REQUIRE_FALSE(scopes.begin("one", world.now));
    CHECK(scopes.takes("one"));
    CHECK_FALSE(scopes.begin_end("one", number));
}

TEST_CASE("so many scopes, and so many events in one, and no more") {
    World world("service: echo\n");
    scopes::Scopes scopes(std::make_shared<const event::Run>());
    for (std::size_t i = 0; i < scopes::Scopes::most_scopes; ++i) {
        REQUIRE_FALSE(scopes.begin(std::to_string(i), world.now));
    }
    CHECK(scopes.begin("one more", world.now));
    CHECK(scopes.begin(std::string(scopes::Scopes::longest_name + 1, 'x'), world.now));
    for (std::size_t i = 1; i < scopes::Scopes::most_scopes; ++i) {
        scopes.end(std::to_string(i));
    }
    event::Event told;
    told.what = event::Command{"go"};
    for (std::size_t i = 0; i < scopes::Scopes::most_events; ++i) {
        scopes.record(told);
    }
    CHECK(scopes.look_at("0", world.engine, world.now).left_out == 0);
    scopes.record(told);
    const auto cut = scopes.look_at("0", world.engine, world.now);
    CHECK(cut.events.size() == scopes::Scopes::most_events);
    CHECK(cut.left_out == 1);
    CHECK_FALSE(scopes::judge_scope(cut).verdict->pass);
}
