#include "support/peer_harness.hpp"

#include <string>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

const std::string http = "service: {respond: {text: ok, when: \"\\r\\n\\r\\n\"}}\n";

}  // namespace

TEST_CASE("request N and response N count what the service answers, not segments") {
    World world(http +
                "rules:\n  - {on: request 2, do: {log: two}}\n"
                "  - {on: response 2, do: reset}\n  - {on: request 3, do: {log: three}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("GET / HTTP/1.1\r\n");
    socket.send_data("Host: x\r\n\r\n");
    CHECK(socket.receive() == "ok");
    CHECK(world.rule(0).fired == 0);
    socket.send_data("GET / HTTP/1.1\r\n\r\n");
    const auto left = world.take();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back().has(Flags::rst));
    CHECK(left.back().payload.empty());
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(1).fired == 1);
    CHECK(world.rule(2).closest == "the most of one connection were 2");
}

TEST_CASE("of a script a greeting is no response") {
    World world(
        "service: {script: [{say: hi}, {loop: [{expect: \"?\"}, {say: \"!\"}]}]}\n"
        "rules:\n  - {on: response 1, do: [{say: first}]}\n");
    Socket socket(world);
    socket.connect();
    CHECK(socket.receive() == "hi");
    socket.send_data("?");
    const std::string answer = socket.receive();
    CHECK(answer.find('!') != std::string::npos);
    CHECK(world.rule(0).fired == 1);
}

TEST_CASE("received TEXT fires each time, across segments, before the service answers") {
    World world(http +
                "rules:\n  - {on: 'received \"QUIT\"', nth: 2, do: reset}\n"
                "  - {on: 'received /b+c/', do: {log: found}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("QU");
    socket.send_data("IT abbb");
    CHECK(world.rule(1).fired == 0);
    socket.send_data("c bc\r\n\r\n");
    CHECK(world.rule(1).fired == 2);
    CHECK(socket.receive() == "ok");
    socket.send_data("QUIT\r\n\r\n");
    CHECK(world.take().back().has(Flags::rst));
}

TEST_CASE("received TEXT keeps little of a long stream, and finds what lies across it") {
    World world("rules:\n  - {on: 'received \"needle\"', do: {log: found}}\n");
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 100; ++i) {
        socket.send_bytes(1460);
    }
    socket.send_data("nee");
    for (int i = 0; i < 3; ++i) {
        socket.send_data(i == 0 ? "d" : i == 1 ? "l" : "e");
    }
    CHECK(world.rule(0).fired == 1);
    CHECK(world.engine.memory_held() < 64 * 1024);
}

TEST_CASE("when: payload, for rules and for expectations") {
    World world(http +
                "rules:\n  - {on: receive data, when: {payload: /^POST/}, do: drop}\n"
                "  - {on: send data, when: {payload: {hex: 6f6b}}, do: {log: an answer}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("GET\r\n\r\n");
    CHECK(socket.receive() == "ok");
    CHECK(world.rule(0).fired == 0);
    CHECK(world.rule(0).closest == "`payload` was in no segment");
    CHECK(world.rule(1).fired == 1);
    socket.send_data("POST\r\n\r\n");
    CHECK(socket.receive().empty());
    CHECK(world.rule(0).fired == 1);
}
