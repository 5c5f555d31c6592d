// How a client's run ends: `finish: all`, and that every client of the catalogue comes to an end.
#include "support/peer_harness.hpp"

#include "ghostpeer/profile/catalogue.hpp"

#include <map>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// What a program that listens does with its connections.
enum class Habit : std::uint8_t {
    mute,     ///< takes everything, says and closes nothing
    answers,  ///< answers the first data, and keeps the connection open until the peer closes
    hangs_up  ///< answers the first data and finishes
};

/// A kernel with such a program, of any number of connections.
class Server {
  public:
    Server(World& world, Habit habit) : world_(world), habit_(habit) {}

    /// Answers what has left until nothing more leaves, then passes on in steps, until the run ends
    /// or `longest` is over.
    void serve(Duration longest) {
        constexpr Duration step = 100ms;
        for (Duration passed{}; passed <= longest && !world_.engine.finished(); passed += step) {
            for (auto left = world_.take(); !left.empty(); left = world_.take()) {
                for (const Segment& segment : left) {
                    take(segment);
                }
            }
            world_.pass(step);
        }
    }

  private:
    struct End {
        SeqNum snd_nxt;
        SeqNum rcv_nxt;
        bool answered = false;
        bool finished = false;
    };

    void take(const Segment& segment) {
        End& end = ends_[segment.source.port];
        if (segment.has(Flags::rst)) {
            return;
        }
        if (segment.has(Flags::syn)) {
            end = End{SeqNum(1000), segment.seq + 1};
            send(segment, end, Flags::syn | Flags::ack);
            return;
        }
        if (segment.seq != end.rcv_nxt || segment.end() == segment.seq) {
            return;
        }
        end.rcv_nxt = segment.end();
        if (!segment.payload.empty() && !end.answered && habit_ != Habit::mute) {
            end.answered = true;
            send(segment, end, Flags::ack | Flags::psh, "an answer");
        }
        const bool leaves = habit_ == Habit::hangs_up
                                ? end.answered
                                : habit_ == Habit::answers && segment.has(Flags::fin);
        if (leaves && !end.finished) {
            end.finished = true;
            send(segment, end, Flags::ack | Flags::fin);
            return;
        }
        send(segment, end, Flags::ack);
    }

    void send(const Segment& to, End& end, unsigned flags, std::string_view text = "") {
        Segment segment;
        segment.source = to.destination;
        segment.destination = to.source;
        segment.flags.bits = static_cast<std::uint8_t>(flags);
        segment.seq = end.snd_nxt;
        segment.ack = end.rcv_nxt;
        segment.window = 64'240;
        segment.payload.assign(text.begin(), text.end());
        if (segment.has(Flags::syn)) {
            segment.options.mss = 1460;
        }
        end.snd_nxt = segment.end();
        world_.arrives(segment);
    }

    World& world_;
    Habit habit_;
    std::map<std::uint16_t, End> ends_;
};

void dial_all(World& world) {
    world.engine.dial({0, wire::IpAddress::v4(0xc6120002), {wire::IpAddress::v4(0xc6120001), 8080}},
                      world.now);
    world.pass(0s);
}

const std::string asks_and_ends =
    "role: client\nrules:\n  - {on: enter established, do: {say: hello}}\n"
    "  - {on: received 1, do: {finish: all}}\n";

}  // namespace

TEST_CASE("every client of the catalogue ends the run, whatever the server does") {
    for (const auto& entry : profile::catalogue()) {
        const auto loaded = profile::load(std::string(entry.name));
        REQUIRE(loaded.profile);
        if (loaded.profile->role != profile::Role::client) {
            continue;
        }
        for (const auto habit : {Habit::mute, Habit::answers, Habit::hangs_up}) {
            CAPTURE(entry.name);
            CAPTURE(static_cast<int>(habit));
            World world(test_settings(), {peer::PeerSpec{{}, {}, loaded.profile}});
            dial_all(world);
            Server(world, habit).serve(3min);
            CHECK(world.engine.finished());
            CHECK(world.engine.attempts().size() == loaded.profile->client.connections);
        }
    }
}

TEST_CASE("finish: all waits for every connection that the peer opens") {
    World world("client: {connections: 3, rate: 1}\n" + asks_and_ends);
    dial_all(world);
    Server server(world, Habit::answers);
    server.serve(1900ms);
    CHECK(world.rule(1).fired == 2);
    CHECK_FALSE(world.engine.finished());
    server.serve(1s);
    CHECK(world.rule(1).fired == 3);
    CHECK(world.engine.finished());
}

TEST_CASE("finish: all does not wait for connections that are over, or have other rules") {
    const std::string head = "client: {connections: 3}\n" + asks_and_ends;
    SUBCASE("over") {
        World world(head +
                    "  - {on: start, when: {attempt: 2..3}, after: 1s, do: forget}\n"
                    "  - {on: receive syn-ack, when: {attempt: 2..3}, do: drop}\n");
        dial_all(world);
        Server server(world, Habit::answers);
        server.serve(900ms);
        CHECK(world.rule(1).fired == 1);
        CHECK_FALSE(world.engine.finished());
        server.serve(300ms);
        CHECK(world.engine.finished());
    }
    SUBCASE("with rules of their own") {
        World world(head + "attempts: {2-3: [{on: receive syn-ack, do: drop}]}\n");
        dial_all(world);
        Server(world, Habit::answers).serve(500ms);
        CHECK(world.engine.finished());
    }
    SUBCASE("a bare finish waits for nobody") {
        World world(head +
                    "  - {on: enter established, when: {attempt: 1}, do: finish}\n"
                    "  - {on: receive syn-ack, when: {attempt: 2..3}, do: drop}\n");
        dial_all(world);
        Server(world, Habit::answers).serve(500ms);
        CHECK(world.engine.finished());
    }
}

TEST_CASE("finish: all of a server's connection ends the run as a bare one") {
    World world("rules:\n  - {on: receive data, do: {finish: all}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    world.pass(5ms);
    CHECK(world.engine.finished());
}
