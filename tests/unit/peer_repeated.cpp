#include "support/peer_harness.hpp"

#include <algorithm>
#include <string>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

[[nodiscard]] std::size_t repeats(const World& world) {
    std::size_t found = 0;
    for (const auto& notice : world.all<event::Notice>()) {
        found += notice.what == "repeated-request" ? 1 : 0;
    }
    return found;
}

const std::string never = "expect: [{never: {repeated: request}}]\n";
const std::string respond = "service: {respond: {text: ok, when: \"\\r\\n\\r\\n\"}}\n";
const std::string silent =
    "service: {script: [{expect: \"\\r\\n\\r\\n\"}, {expect: {bytes: 2}}]}\n";

void ask(World& world, std::uint16_t port, std::string_view text, std::uint16_t to = 80) {
    Socket socket(world, port, "198.18.0.2", to);
    socket.connect();
    for (const char each : text) {
        socket.send_data(std::string(1, each));
    }
    socket.send_fin();
    world.take();
}

}  // namespace

TEST_CASE("repeated request: the same bytes at the same place, on whichever connection") {
    for (const std::string& service : {respond, silent}) {
        World world(service + never);
        ask(world, 40'000, "POST 1\r\n\r\nab");
        ask(world, 40'001, "POST 2\r\n\r\nab");
        CHECK(repeats(world) == 0);
        ask(world, 40'002, "POST 1\r\n\r\nab", 81);
        CHECK(repeats(world) == 0);
        ask(world, 40'003, "POST 2\r\n\r\nab");
        CHECK(repeats(world) == 1);
    }
}

TEST_CASE("repeated request: a body makes another request") {
    World world(silent + never);
    ask(world, 40'000, "POST 1\r\n\r\nab");
    ask(world, 40'001, "POST 1\r\n\r\nac");
    CHECK(repeats(world) == 0);
}

TEST_CASE("repeated request: nobody asks, nothing is told") {
    World world(respond);
    ask(world, 40'000, "POST 1\r\n\r\n");
    ask(world, 40'001, "POST 1\r\n\r\n");
    CHECK(repeats(world) == 0);
}

TEST_CASE("repeated request: what is remembered is counted, and told where it ends") {
    for (const std::size_t limit : {std::size_t{32} << 10U, std::size_t{32} << 20U}) {
        peer::Settings settings = test_settings();
        settings.max_memory = limit;
        World world(respond + never, settings);
        Socket socket(world);
        socket.connect();
        for (int i = 0; i < 3000; ++i) {
            socket.send_data(std::to_string(i) + "\r\n\r\n");
            CHECK(socket.receive() == "ok");
        }
        socket.send_ack();
        const auto notices = world.all<event::Notice>();
        const bool told = std::any_of(notices.begin(), notices.end(), [](const auto& notice) {
            return notice.text.find("not remembered") != std::string::npos;
        });
        const bool scarce = limit < (1U << 20U);
        CHECK(told == scarce);
        CHECK(world.engine.memory_held() >= (scarce ? 4096 : 3000 * 16));
        CHECK(world.engine.memory_held() <= limit);
        ask(world, 60'000, "7\r\n\r\n");
        CHECK(repeats(world) == 1);
    }
}
