// A relayed connection, from the SYN that waits to the last byte.
#include "support/relay_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("a relayed SYN is answered once the real server has answered, and asks it once") {
    World world(relay);
    Driver driver(world);
    Socket socket(world);
    socket.send_syn();
    CHECK(driver.asked() == "connect");
    CHECK(driver.last_connect.where.host == "db.example");
    CHECK(driver.last_connect.original.to_string() == "198.18.0.2:80");
    world.until(1s);
    socket.send_syn();
    world.until(3s);
    socket.send_syn();
    CHECK(driver.asked().empty());
    CHECK(world.take().empty());
    world.until(3500ms);
    driver.connected();
    CHECK(flags_of(world.take()) == "SA");
    CHECK(world.engine.live_connections() == 1);
    driver.connected();
    CHECK(world.take().empty());
}

TEST_CASE("the timestamp of the SYN-ACK echoes the last SYN that came while it was held") {
    World world(relay);
    Driver driver(world);
    Socket socket(world);
    for (const std::uint32_t value : {100U, 1100U}) {
        Segment syn = socket.segment(Flags::syn);
        syn.seq = socket.iss;
        syn.options.timestamps = wire::Timestamps{value, 0};
        world.arrives(syn);
    }
    driver.asked();
    driver.connected();
    const auto left = world.take();
    REQUIRE(left.size() == 1);
    REQUIRE(left[0].options.timestamps);
    CHECK(left[0].options.timestamps->echo == 1100);
}

TEST_CASE("what the real server's host answers is passed on") {
    World world(relay);
    Driver driver(world);
    Socket socket(world);
    socket.send_syn();
    driver.asked();
    SUBCASE("refused") {
        driver.failed(UpstreamError::refused);
        const auto left = world.take();
        REQUIRE(flags_of(left) == "RA");
        CHECK(left[0].ack == socket.iss + 1);
        CHECK(world.engine.attempts()[0].ending == Ending::refused);
        CHECK(driver.asked().empty());
    }
    SUBCASE("unreachable") {
        driver.failed(UpstreamError::unreachable);
        CHECK(world.take().empty());
        REQUIRE(world.other_packets().size() == 1);
        const wire::Bytes& error = world.other_packets()[0];
        // Destination unreachable, host (RFC 792), about the SYN.
        CHECK(error.at(20) == 3);
        CHECK(error.at(21) == 1);
        CHECK(error.at(28 + 9) == 6);
    }
    SUBCASE("nothing") {
        driver.failed(UpstreamError::timed_out);
        socket.send_syn();
        world.until(100s);
        CHECK(world.take().empty());
        CHECK(driver.asked().empty());
        CHECK(world.engine.attempts()[0].ending == Ending::unanswered);
    }
}

TEST_CASE("a refusal that a rule loses is repeated for the next SYN") {
    World world(relay + "rules: [{on: send rst, first: 1, do: drop}]\n");
    Driver driver(world);
    Socket socket(world);
    socket.send_syn();
    driver.asked();
    driver.failed(UpstreamError::refused);
    CHECK(world.take().empty());
    socket.send_syn();
    CHECK(flags_of(world.take()) == "RA");
    CHECK(driver.asked().empty());
}

TEST_CASE("bytes pass through in both directions, and so do both ends") {
    Relayed r;
    r.socket.send_data("SELECT 1;");
    CHECK(r.driver.asked() == "send");
    CHECK(r.driver.got == "SELECT 1;");
    r.driver.took(9);
    r.driver.sends("one row");
    CHECK(r.socket.receive() == "one row");
    r.socket.send_ack();
    SUBCASE("the client finishes first and still receives") {
        r.socket.send_fin();
        CHECK(r.driver.asked() == "shutdown");
        r.world.pass(40ms);
        CHECK(flags_of(r.world.take()) == "A");
        r.driver.sends("last words");
        CHECK(r.socket.receive() == "last words");
        r.driver.ends();
        CHECK(flags_of(r.world.take()) == "FA");
        r.socket.rcv_nxt += 1;
        r.socket.send_ack();
        CHECK(r.driver.asked() == "close");
        CHECK(r.world.engine.live_connections() == 0);
    }
    SUBCASE("the real server finishes first and still receives") {
        r.driver.ends();
        CHECK(flags_of(r.world.take()) == "FA");
        r.socket.rcv_nxt += 1;
        r.socket.send_ack();
        r.socket.send_data("more");
        CHECK(r.driver.asked() == "send");
        CHECK(r.driver.got == "SELECT 1;more");
        r.socket.send_fin();
        // The client's FIN and the end of everything come in one turn.
        CHECK(r.driver.asked() == "close");
    }
    SUBCASE("what comes with the last FIN is not lost") {
        r.driver.ends();
        r.socket.rcv_nxt += 1;
        Segment last = r.socket.segment(Flags::ack | Flags::fin);
        last.payload = {'b', 'y', 'e'};
        r.world.arrives(last);
        CHECK(r.driver.asked() == "send close");
        CHECK(r.driver.got == "SELECT 1;bye");
    }
}

TEST_CASE("a reset is passed on in both directions") {
    Relayed r;
    SUBCASE("of the client") {
        r.socket.send_rst();
        CHECK(r.driver.asked() == "abort");
    }
    SUBCASE("of the real server, behind what it had sent") {
        r.driver.sends("half");
        r.driver.resets();
        const auto left = r.world.take();
        CHECK(flags_of(left) == "PA RA");
        CHECK(r.world.engine.attempts()[0].ending == Ending::reset_by_peer);
        CHECK(r.driver.asked().empty());
        r.driver.sends("nothing more");
        CHECK(r.world.take().empty());
    }
}

TEST_CASE("the client's window closes when the real server does not take its bytes") {
    Settings settings = test_settings();
    settings.max_buffered = 10'000;
    Relayed r(relay + "tcp: {window: 20000, window_scale: off}\n", settings);
    std::size_t given = 0;
    for (int i = 0; i < 40; ++i) {
        r.socket.send_bytes(1000);
        r.driver.asked();
        CHECK(r.driver.got.size() <= 10'000);
        given = r.driver.got.size();
    }
    CHECK(given == 10'000);
    CHECK(r.world.take().back().window == 0);
    r.world.until(10s);
    CHECK(r.world.take().empty());
    r.driver.took(10'000);
    CHECK(r.driver.asked() == "send");
    CHECK(r.driver.got.size() == 20'000);
    CHECK(r.world.take().back().window >= 9000);
}

TEST_CASE("the real server is not read while the client does not take its bytes") {
    Relayed r(relay + "ip: {ttl: 64}\n");
    const std::string chunk(64 * 1024, 'z');
    int chunks = 0;
    std::string asked;
    while ((asked = r.driver.asked()).empty() && chunks < 100) {
        r.driver.sends(chunk);
        ++chunks;
    }
    CHECK(asked == "pause");
    // No more than the send buffer and one reading.
    CHECK(chunks <= 5);
    std::size_t received = 0;
    while ((asked = r.driver.asked()).empty() && received < 1'000'000) {
        const std::size_t n = r.socket.receive().size();
        received += n;
        r.socket.send_ack();
        if (n == 0) {
            r.world.pass(200ms);
        }
    }
    CHECK(asked == "read");
    CHECK(received >= 64 * 1024);
}

TEST_CASE("segments that arrive as a burst are acknowledged together") {
    Relayed r(relay + "rules: [{on: received 2500, do: {log: there}}]\n");
    const auto burst = [&](int segments) {
        for (int i = 0; i < segments; ++i) {
            Segment data = r.socket.segment(Flags::ack);
            data.payload.assign(1000, 'x');
            r.socket.snd_nxt += 1000;
            r.world.engine.on_packet(wire::encode(data), r.world.now, i + 1 < segments);
        }
        r.world.pass(0s);
    };
    burst(5);
    const auto left = r.world.take();
    REQUIRE(left.size() == 2);
    CHECK(left[0].ack == r.socket.snd_nxt - 2000);
    CHECK(left[1].ack == r.socket.snd_nxt);
    CHECK(r.driver.asked() == "send");
    CHECK(r.driver.got.size() == 5000);
    // A threshold is met at its own segment, and that segment is acknowledged before.
    const auto& events = r.world.events;
    const auto log = std::find_if(events.begin(), events.end(), [](const event::Event& event) {
        return std::holds_alternative<event::Log>(event.what);
    });
    REQUIRE(log != events.end());
    CHECK(std::get<event::Segment>((log - 1)->what).segment.ack == r.socket.snd_nxt - 2000);
    SUBCASE("another connection in between ends the burst") {
        Segment data = r.socket.segment(Flags::ack);
        data.payload.assign(1000, 'x');
        r.socket.snd_nxt += 1000;
        r.world.engine.on_packet(wire::encode(data), r.world.now, true);
        Socket other(r.world, 40'001);
        r.world.engine.on_packet(wire::encode(other.segment(Flags::syn)), r.world.now, false);
        r.world.pass(0s);
        REQUIRE(r.world.take().size() == 1);
    }
    SUBCASE("a reset in the middle of a burst") {
        Segment data = r.socket.segment(Flags::ack);
        data.payload.assign(1000, 'x');
        r.world.engine.on_packet(wire::encode(data), r.world.now, true);
        Segment rst = r.socket.segment(Flags::rst);
        rst.seq = r.socket.snd_nxt + 1000;
        r.world.engine.on_packet(wire::encode(rst), r.world.now, false);
        r.world.pass(0s);
        CHECK(r.driver.asked() == "send abort");
        CHECK(r.world.engine.live_connections() == 0);
    }
}

TEST_CASE("a rule on acknowledgements sees each of them") {
    Relayed r(relay + "rules: [{on: send ack, nth: 2, do: drop}]\n");
    for (int i = 0; i < 3; ++i) {
        Segment data = r.socket.segment(Flags::ack);
        data.payload.assign(1000, 'x');
        r.socket.snd_nxt += 1000;
        r.world.engine.on_packet(wire::encode(data), r.world.now, i < 2);
    }
    r.world.pass(0s);
    CHECK(r.world.take().size() == 2);
    CHECK(r.world.rule(0).fired == 1);
}

TEST_CASE("a new SYN on the port of one that waits begins anew") {
    World world(relay);
    Driver driver(world);
    Socket socket(world);
    socket.send_syn();
    driver.asked();
    Socket again(world, 40'000, "198.18.0.2", 80, 77);
    again.send_syn();
    CHECK(driver.asked() == "abort connect");
    driver.connected();
    const auto left = world.take();
    REQUIRE(flags_of(left) == "SA");
    CHECK(left[0].ack == SeqNum(78));
}

TEST_CASE("news of connections that are gone, or never were, do nothing") {
    Relayed r;
    r.socket.send_rst();
    r.driver.asked();
    r.driver.sends("late");
    r.driver.took(100);
    r.driver.ends();
    r.driver.resets();
    r.driver.id = {4711, 99'999};
    r.driver.connected();
    r.driver.sends("lost");
    CHECK(r.world.take().empty());
    CHECK(r.driver.asked().empty());
}

TEST_CASE("SYNs that wait are let go at the limit on connections") {
    Settings settings = test_settings();
    settings.max_connections = 2;
    World world(relay, settings);
    Driver driver(world);
    for (std::uint16_t port = 1000; port < 1003; ++port) {
        Socket(world, port).send_syn();
    }
    CHECK(driver.asked() == "connect connect abort connect");
}
