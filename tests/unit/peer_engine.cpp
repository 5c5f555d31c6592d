#include "support/peer_harness.hpp"

#include <algorithm>
#include <iterator>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

TEST_CASE("an attempt is a new connection to one address and port, a retransmitted SYN is none") {
    World world("rules:\n  - {on: receive syn, do: drop}\n");
    Socket first(world, 40'000);
    first.send_syn();
    world.pass(1s);
    first.send_syn();
    world.pass(1s);
    Socket second(world, 40'001);
    second.send_syn();
    Socket same_ports(world, 40'001, "198.18.0.2", 80, 4711);
    world.pass(500ms);
    same_ports.send_syn();
    Socket elsewhere(world, 40'002, "198.18.0.2", 81);
    elsewhere.send_syn();

    const auto attempts = world.engine.attempts();
    REQUIRE(attempts.size() == 4);
    CHECK(attempts[0].number == 1);
    CHECK(attempts[0].syns == 2);
    CHECK_FALSE(attempts[0].since_last);
    CHECK(attempts[1].number == 2);
    CHECK(attempts[1].since_last == 2s);
    CHECK(attempts[2].number == 3);
    CHECK(attempts[2].since_last == 500ms);
    CHECK(attempts[3].number == 1);
    CHECK(world.all<event::Attempt>().size() == 4);
    CHECK(attempts[0].ending == peer::Ending::unanswered);
}

TEST_CASE("events carry relative numbers' base, the window in bytes and the state changes") {
    World world("service: discard\n");
    Socket socket(world);
    socket.connect();
    const auto in = world.segments(Direction::in, Fate::accepted);
    REQUIRE(in.size() == 2);
    CHECK(in[0].kind == tcp::Kind::syn);
    CHECK(in[0].base.seq == socket.iss);
    CHECK(in[1].kind == tcp::Kind::ack);
    CHECK(in[1].base.ack == socket.peer_iss);
    const auto states = world.all<event::State>();
    REQUIRE(states.size() == 2);
    CHECK(states[0].to == tcp::State::syn_received);
    CHECK(states[1].to == tcp::State::established);
}

TEST_CASE("addresses that no peer names are silent, and said so once") {
    const auto refuse = profile_of("rules:\n  - {on: receive syn, do: reset, optional: true}\n");
    World world(test_settings(),
                {peer::PeerSpec{{*wire::IpAddress::parse("198.18.0.2")}, 80, refuse}});
    Socket named(world, 40'000, "198.18.0.2", 80);
    named.send_syn();
    CHECK(flags_of(world.take()) == "RA");
    Socket other_port(world, 40'000, "198.18.0.2", 81);
    other_port.send_syn();
    other_port.send_syn();
    CHECK(world.take().empty());
    const auto notices = world.all<event::Notice>();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].what == "silent-address");
    CHECK(notices[0].text.find("198.18.0.2:81") != std::string::npos);
}

TEST_CASE("many notices of one kind leave room for those of another") {
    auto settings = test_settings();
    settings.max_connections = 1;
    World world(settings,
                {peer::PeerSpec{
                    {*wire::IpAddress::parse("198.18.0.2")}, 80, profile_of("service: echo\n")}});
    for (std::uint16_t port = 1000; port < 1200; ++port) {
        Socket silent(world, 40'000, "198.18.0.2", port);
        silent.send_syn();
    }
    const auto told = world.all<event::Notice>().size();
    CHECK(told == 64);
    Socket(world, 40'001, "198.18.0.2", 80).connect();
    Socket(world, 40'002, "198.18.0.2", 80).send_syn();
    const auto notices = world.all<event::Notice>();
    REQUIRE(notices.size() == told + 1);
    CHECK(notices.back().what == "limit");
}

TEST_CASE("at the limit the oldest dead connection makes room, else the newest SYN is dropped") {
    auto settings = test_settings();
    settings.max_connections = 3;
    World world("service: discard\n", settings);
    for (std::uint16_t port = 1; port <= 3; ++port) {
        Socket(world, port).connect();
    }
    Socket fourth(world, 4);
    fourth.send_syn();
    CHECK(world.take().empty());
    CHECK(world.engine.counters().syns_dropped_at_limit == 1);
    CHECK(world.engine.remembered_connections() == 3);

    auto roomy = test_settings();
    roomy.max_connections = 3;
    World closing("rules:\n  - {on: receive syn, do: reset}\n", roomy);
    for (std::uint16_t port = 1; port <= 50; ++port) {
        Socket(closing, port).send_syn();
        CHECK(flags_of(closing.take()) == "RA");
    }
    CHECK(closing.engine.remembered_connections() <= 3);
}

TEST_CASE("bytes that a connection may hold are bounded") {
    auto settings = test_settings();
    settings.max_buffered = 10'000;
    World world("rules:\n  - {on: receive data, do: {delay: 1h}}\n", settings);
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 100; ++i) {
        socket.send_bytes(1000);
    }
    CHECK(world.engine.counters().bytes_dropped_at_limit == 90'000);
}

TEST_CASE("packets that are no segments are counted and told once a kind") {
    World world("service: discard\n");
    for (int i = 0; i < 5; ++i) {
        world.arrives(wire::Bytes{});
        world.arrives(wire::Bytes{0x45, 0, 0});
    }
    std::uint64_t odd = 0;
    for (const auto n : world.engine.counters().oddities) {
        odd += n;
    }
    CHECK(odd == 10);
    CHECK(world.all<event::Notice>().size() <= 2);
    Socket socket(world);
    socket.connect();
}

TEST_CASE("a segment of no known connection meets a closed port") {
    World world("service: discard\n");
    Socket socket(world);
    socket.rcv_nxt = SeqNum(99);
    socket.send_data("stray");
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].flags == Flags{Flags::rst});
    CHECK(left[0].seq == SeqNum(99));
    CHECK(world.engine.attempts().empty());
    socket.send_rst();
    CHECK(world.take().empty());
}

TEST_CASE("TIME-WAIT ends by itself, and a new SYN may end it sooner") {
    World world("rules:\n  - {on: received 1, do: close}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    for (const auto& segment : world.take()) {
        socket.rcv_nxt = max(socket.rcv_nxt, segment.end());
    }
    socket.send_ack();
    socket.send_fin();
    world.take();
    CHECK(world.engine.live_connections() == 1);
    SUBCASE("by itself") {
        world.until(60s - 1ms);
        CHECK(world.engine.live_connections() == 1);
        world.until(61s);
        CHECK(world.engine.live_connections() == 0);
    }
    SUBCASE("a new SYN") {
        world.until(2s);
        Socket again(world, 40'000, "198.18.0.2", 80, socket.snd_nxt.raw() + 100'000);
        again.connect();
        CHECK(world.engine.attempts().size() == 2);
    }
}

TEST_CASE("the same seed gives the same initial numbers, another seed others") {
    const auto iss_of = [](std::uint64_t seed) {
        auto settings = test_settings();
        settings.seed = seed;
        World world("service: discard\n", settings);
        Socket socket(world);
        socket.connect();
        return socket.peer_iss;
    };
    CHECK(iss_of(3) == iss_of(3));
    CHECK(iss_of(3) != iss_of(4));
}

TEST_CASE("that the link refused a packet is an event of its own") {
    World world("service: discard\n");
    peer::Engine& engine = world.engine;
    Socket socket(world);
    Segment syn = socket.segment(Flags::syn);
    engine.on_packet(wire::encode(syn), world.now);
    std::vector<peer::Emission> emissions;
    engine.take_packets(emissions);
    REQUIRE(emissions.size() == 1);
    engine.undelivered(emissions[0], world.now + std::chrono::milliseconds(1));
    std::vector<event::Event> events;
    engine.take_events(events);
    const auto told = std::find_if(events.begin(), events.end(), [&](const event::Event& event) {
        return event.id == emissions[0].segment;
    });
    REQUIRE(told != events.end());
    CHECK(std::get<event::Segment>(told->what).fate == Fate::sent);
    const event::Event& refused = events.back();
    CHECK(std::get<event::Segment>(refused.what).fate == Fate::undelivered);
    CHECK(refused.of == told->id);
    CHECK(refused.id > told->id);
    CHECK(refused.at == world.now + std::chrono::milliseconds(1));
    // The attempt is told first, then the SYN that the SYN-ACK is for.
    const auto came = std::find_if(events.begin(), events.end(), [&](const event::Event& event) {
        return event.id == told->cause;
    });
    REQUIRE(came != events.end());
    CHECK(std::holds_alternative<event::Start>(std::prev(came)->what));
    CHECK(std::get<event::Segment>(came->what).kind == tcp::Kind::syn);
    CHECK(engine.counters().undelivered == 1);
}

TEST_CASE("a spurious call does nothing") {
    World world("rules:\n  - {on: send syn-ack, do: drop}\n");
    Socket socket(world);
    socket.send_syn();
    const auto before = world.events.size();
    for (int i = 0; i < 1000; ++i) {
        world.engine.on_time(world.now);
    }
    world.until(999ms);
    CHECK(world.events.size() == before);
}
