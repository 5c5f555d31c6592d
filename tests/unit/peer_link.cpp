// The way between program and peer (`link:`), as the engine goes it.
#include "support/peer_harness.hpp"

#include <optional>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;
using event::OnTheWay;

namespace {

constexpr Duration patience = 10s;

/// Waits for the SYN-ACK, and answers it.
void connect_slowly(World& world, Socket& socket) {
    socket.send_syn();
    std::vector<Segment> answers;
    for (Duration waited{}; answers.empty() && waited < patience; waited += 1ms) {
        world.pass(1ms);
        answers = world.take();
    }
    REQUIRE(answers.size() == 1);
    socket.peer_iss = answers[0].seq;
    socket.rcv_nxt = answers[0].seq + 1;
    socket.send_ack();
}

[[nodiscard]] std::vector<event::Segment> marked(const World& world, Direction direction,
                                                 OnTheWay what) {
    auto all = world.all<event::Segment>();
    std::erase_if(all, [&](const event::Segment& segment) {
        return segment.direction != direction || segment.on_the_way != what;
    });
    return all;
}

}  // namespace

TEST_CASE("a link delays what the program sends and what the peer says, each in its direction") {
    World world("link: {up: {delay: 30ms}, down: {delay: 50ms}}\n");
    Socket socket(world);
    socket.send_syn();
    CHECK(world.segments(Direction::in, Fate::accepted).empty());
    world.until(30ms);
    const auto in = world.segments(Direction::in, Fate::accepted);
    REQUIRE(in.size() == 1);
    CHECK(in[0].made == run_start);
    world.until(79'999us);
    CHECK(world.take().empty());
    world.until(80ms);
    CHECK(flags_of(world.take()) == "SA");
    const auto& told = world.events.back();
    CHECK(told.at == run_start + 80ms);
    CHECK(std::get<event::Segment>(told.what).made == run_start + 30ms);
}

TEST_CASE("the link is told before anything goes it") {
    World world("link: {rate: 1Mbit/s, up: {delay: 30ms}}\n");
    Socket socket(world);
    socket.send_syn();
    const auto links = world.all<event::Link>();
    REQUIRE(links.size() == 1);
    CHECK(links[0].profile == "test.yaml");
    CHECK_FALSE(links[0].rule);
    CHECK(links[0].up == "{rate: 1Mbit/s, delay: 30ms}");
    CHECK(links[0].down == "{rate: 1Mbit/s}");
    CHECK(links[0].longest >= Duration(std::chrono::milliseconds(524)));
    World without("");
    Socket(without).send_syn();
    CHECK(without.all<event::Link>().empty());
}

TEST_CASE("what a program sends through 1 Mbit/s arrives at exactly that") {
    World world("service: discard\nlink: {up: {rate: 1Mbit/s, queue: 64MiB}}\n");
    Socket socket(world);
    connect_slowly(world, socket);
    world.pass(1s);
    const Instant began = world.now;
    constexpr int packets = 50;
    for (int i = 0; i < packets; ++i) {
        socket.send_bytes(1460);
    }
    world.pass(patience);
    std::vector<Instant> arrived;
    for (const auto& event : world.events) {
        const auto* segment = std::get_if<event::Segment>(&event.what);
        if (segment != nullptr && segment->kind == tcp::Kind::data) {
            CHECK(segment->queued == arrived.size() * 12ms);
            arrived.push_back(event.at);
        }
    }
    REQUIRE(arrived.size() == packets);
    for (std::size_t i = 0; i < arrived.size(); ++i) {
        CHECK(arrived[i] == began + (i + 1) * 12ms);
    }
}

TEST_CASE("what the peer says through 1 Mbit/s takes that long, its headers included") {
    World world(
        "tcp: {initial_cwnd: 10, mss: 1460}\nservice: {source: {bytes: 14600}}\n"
        "link: {down: {rate: 1Mbit/s}}\n");
    Socket socket(world);
    connect_slowly(world, socket);
    const Instant began = world.now;
    static_cast<void>(world.take());
    world.pass(patience);
    std::vector<Instant> arrived;
    for (const auto& event : world.events) {
        const auto* segment = std::get_if<event::Segment>(&event.what);
        if (segment != nullptr && segment->reason == tcp::Reason::data &&
            segment->segment.payload.size() == 1460 && !segment->retransmission) {
            arrived.push_back(event.at);
        }
    }
    REQUIRE(arrived.size() == 10);
    for (std::size_t i = 0; i < arrived.size(); ++i) {
        CHECK(arrived[i] == began + (i + 1) * 12ms);
    }
}

TEST_CASE("what a link loses is told with its cause, and nobody sees it") {
    World world("link: {up: {loss: 100%}}\n");
    Socket socket(world);
    socket.send_syn();
    world.pass(1s);
    CHECK(world.take().empty());
    auto lost = marked(world, Direction::in, OnTheWay::lost);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].fate == Fate::dropped);
    CHECK(lost[0].kind == tcp::Kind::syn);
    CHECK_FALSE(lost[0].rule);
    CHECK(world.engine.attempt_count() == 0);
    CHECK(world.engine.counters().lost_on_the_way == 1);

    World down("link: {down: {loss: 100%}}\n");
    Socket(down).send_syn();
    down.pass(500ms);
    CHECK(down.take().empty());
    lost = marked(down, Direction::out, OnTheWay::lost);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].reason == tcp::Reason::syn_ack);
    CHECK(lost[0].fate == Fate::dropped);
}

TEST_CASE("what finds no room in the queue is told so") {
    World world("service: discard\nlink: {up: {rate: 1Mbit/s, queue: 3000B}}\n");
    Socket socket(world);
    connect_slowly(world, socket);
    world.pass(1s);
    for (int i = 0; i < 5; ++i) {
        socket.send_bytes(1460);
    }
    world.pass(1s);
    CHECK(marked(world, Direction::in, OnTheWay::queue_full).size() == 3);
    CHECK(world.engine.counters().queue_full == 3);
    CHECK(world.engine.counters().lost_on_the_way == 0);
}

TEST_CASE("a packet that arrives twice is one of the program's, and one of the link's") {
    World world("link: {delay: 10ms, duplicate: 100%}\n");
    Socket socket(world);
    socket.send_syn();
    world.pass(20ms);
    CHECK(marked(world, Direction::in, OnTheWay::copied).size() == 1);
    const auto sent = world.segments(Direction::out, Fate::sent).size();
    const auto copies = marked(world, Direction::out, OnTheWay::copied);
    CHECK(sent >= 1);
    CHECK(copies.size() == sent);
    CHECK(world.take().size() == 2 * sent);
    for (const auto& copy : copies) {
        CHECK(copy.fate == Fate::duplicated);
    }
}

TEST_CASE("peers have ways of their own, and what the run says goes before") {
    auto settings = test_settings();
    settings.link.down.delay = 70ms;
    World world(settings,
                {peer::PeerSpec{{*wire::IpAddress::parse("198.18.0.3")},
                                {},
                                profile_of("link: {up: {delay: 20ms}, down: {delay: 1s}}\n")},
                 peer::PeerSpec{{}, {}, profile_of("")}});
    Socket near(world, 40'000, "198.18.0.2");
    Socket far(world, 40'001, "198.18.0.3");
    near.send_syn();
    far.send_syn();
    world.until(70ms);
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].destination.port == 40'000);
    world.until(90ms);
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].destination.port == 40'001);
}

TEST_CASE("a rule changes the link under way") {
    World world(
        "link: {delay: 10ms}\n"
        "rules:\n  - {on: receive data, do: {link: {up: {loss: 100%}, down: {delay: 200ms}}}}\n");
    Socket socket(world);
    connect_slowly(world, socket);
    world.pass(1s);
    static_cast<void>(world.take());
    socket.send_data("hello");
    world.pass(200ms);
    CHECK(world.take().empty());
    world.pass(100ms);
    CHECK_FALSE(world.take().empty());
    const auto links = world.all<event::Link>();
    REQUIRE(links.size() == 2);
    REQUIRE(links[1].rule);
    CHECK(links[1].up == "{delay: 10ms, loss: 100%}");
    CHECK(links[1].down == "{delay: 200ms}");
    CHECK(world.rule(0).fired == 1);
    socket.send_data("nobody");
    world.pass(1s);
    CHECK(marked(world, Direction::in, OnTheWay::lost).size() == 1);
}

TEST_CASE("an order changes the link, whether there is a connection or not") {
    World world("");
    profile::ChangeLink slow;
    slow.to.down.delay = 300ms;
    peer::Order order({slow}, {});
    while (!world.engine.act(order, 100, world.now)) {
    }
    Socket socket(world);
    socket.send_syn();
    world.pass(299ms);
    CHECK(world.take().empty());
    world.pass(1ms);
    CHECK(flags_of(world.take()) == "SA");
    CHECK(world.engine.ordered_faults() == 1);
}

TEST_CASE("what is on its way is counted, and never more than there is memory") {
    auto settings = test_settings();
    settings.max_memory = 64 * 1024;
    World world("service: discard\nlink: {up: {delay: 1s}}\n", settings);
    Socket socket(world);
    connect_slowly(world, socket);
    world.pass(2s);
    for (int i = 0; i < 200; ++i) {
        socket.send_bytes(1460);
        CHECK(world.engine.memory_held() <= settings.max_memory);
    }
    CHECK(world.engine.memory_held() > settings.max_memory / 2);
    CHECK(world.engine.counters().undelivered > 0);
    world.pass(2s);
    CHECK(world.engine.memory_held() < settings.max_memory / 2);
}

TEST_CASE("the chances of a link repeat with the run's seed, and leave those of rules alone") {
    const auto fates = [](const std::string& body, std::uint64_t seed) {
        auto settings = test_settings();
        settings.seed = seed;
        World world(body, settings);
        for (std::uint16_t i = 0; i < 50; ++i) {
            Socket(world, static_cast<std::uint16_t>(20'000 + i)).send_syn();
        }
        std::string text;
        for (const auto& segment : world.all<event::Segment>()) {
            text += segment.fate == Fate::dropped ? 'x' : '.';
        }
        return text;
    };
    const std::string lossy = "link: {up: {loss: 30%}}\n";
    CHECK(fates(lossy, 3) == fates(lossy, 3));
    CHECK(fates(lossy, 3) != fates(lossy, 4));
    const std::string rule = "rules: [{on: receive syn, probability: 30%, do: drop}]\n";
    CHECK(fates(rule, 3) == fates("link: {down: {duplicate: 0%, loss: 0%}}\n" + rule, 3));
}
