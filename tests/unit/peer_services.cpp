#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("echo returns what it gets") {
    World world("service: echo\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("one");
    CHECK(socket.receive() == "one");
    socket.send_data("two");
    CHECK(socket.receive() == "two");
}

TEST_CASE("respond waits for its pattern, wherever segments cut it") {
    World world("service: {respond: {text: 'ok.', when: \"\\r\\n\\r\\n\"}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("GET / HTTP/1.1\r\n\r");
    CHECK(socket.receive().empty());
    socket.send_data("\n");
    CHECK(socket.receive() == "ok.");
    socket.send_data("again\r\n\r\nand again\r\n\r\n");
    CHECK(socket.receive() == "ok.ok.");
}

TEST_CASE("respond closes behind the answer to what has `close_when` in it") {
    World world(
        "service: {respond: {text: 'ok.', when: \"\\r\\n\\r\\n\", "
        "close_when: \" HTTP/1.0\\r\\n\"}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("GET / HTTP/1.1\r\nVia: 1.0 a\r\n\r\nGET / HTTP/1.");
    CHECK(socket.receive() == "ok.");
    socket.send_data("0\r\nHost: x\r\n");
    CHECK(socket.receive().empty());
    socket.send_data("\r\nGET / HTTP/1.0\r\n\r\n");
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().has(Flags::fin));
}

TEST_CASE("what asks respond to close belongs to one request alone") {
    World world("service: {respond: {text: 'ok.', when: '..', close_when: last}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a la..st.. ..");
    CHECK(socket.receive() == "ok.ok.ok.");
    socket.send_data("the last");
    CHECK(socket.receive().empty());
    socket.send_data(" one..");
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().has(Flags::fin));
}

TEST_CASE("respond without a pattern answers any data; then: close closes") {
    World world("service: {respond: {text: bye, then: close}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    const auto left = world.take();
    CHECK(left.back().has(Flags::fin));
}

TEST_CASE("respond at a rate drips") {
    World world("service: {respond: {text: abcd, rate: 1B/s}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("x");
    CHECK(socket.receive() == "a");
    socket.send_ack();
    world.until(1s - 1ms);
    CHECK(socket.receive().empty());
    world.until(1s + 1ms);
    CHECK(socket.receive() == "b");
    socket.send_ack();
    world.until(3s + 1ms);
    // The last one waits for the ACK of the one before it.
    CHECK(socket.receive() == "c");
    socket.send_ack();
    CHECK(socket.receive() == "d");
}

TEST_CASE("discard at a rate keeps the window from opening faster") {
    World world("service: {discard: {rate: 1000B/s}}\ntcp: {window: 4000, window_scale: off}\n");
    Socket socket(world);
    socket.connect();
    socket.send_bytes(1460);
    socket.send_bytes(1460);
    socket.send_bytes(1080);
    world.pass(40ms);  // the quick ACKs of so small a window are used up
    CHECK(world.take().back().window < 1000);
    world.until(10s);
    // Less than an MSS of room is not worth an update (RFC 9293, 3.8.6.2.2).
    CHECK(world.take().back().window > 4000 - 1460);
}

TEST_CASE("source sends N bytes and stays open") {
    World world("service: {source: {bytes: 10}}\n");
    Socket socket(world);
    socket.connect();
    CHECK(socket.receive() == std::string("\0\1\2\3\4\5\6\7\10\11", 10));
    CHECK(world.engine.live_connections() == 1);
}

TEST_CASE("after_eof: close and keep-open") {
    SUBCASE("close") {
        World world("service: discard\n");
        Socket socket(world);
        socket.connect();
        socket.send_fin();
        CHECK(flags_of(world.take()) == "FA");
    }
    SUBCASE("keep-open") {
        World world("service: discard\nafter_eof: keep-open\n");
        Socket socket(world);
        socket.connect();
        socket.send_fin();
        world.pass(1ms);
        CHECK(flags_of(world.take()) == "A");
        world.until(100s);
        CHECK(world.take().empty());
    }
    SUBCASE("hold never notices") {
        World world("service: hold\n");
        Socket socket(world);
        socket.connect();
        socket.send_fin();
        world.pass(1ms);
        CHECK(flags_of(world.take()) == "A");
    }
    SUBCASE("an answer under way is finished first") {
        World world("service: {respond: {text: abc, rate: 1B/s}}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("x");
        CHECK(socket.receive() == "a");
        socket.send_fin();
        world.take();
        socket.send_ack();
        world.until(1500ms);
        socket.receive();
        socket.send_ack();
        world.until(2500ms);
        const auto left = world.take();
        REQUIRE_FALSE(left.empty());
        CHECK(left.back().has(Flags::fin));
    }
}

TEST_CASE("who asks without reading the answers is held back, not stored without bound") {
    World world("service: {respond: {text: '" + std::string(20'000, 'z') + "'}}\n");
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 500; ++i) {
        socket.send_bytes(1000);
    }
    const auto left = world.take();
    CHECK(left.back().window == 0);
}
