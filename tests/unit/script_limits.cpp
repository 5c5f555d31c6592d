#include "support/peer_harness.hpp"

#include <ctime>
#include <string>
#include <utility>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::string_literals;

namespace {

[[nodiscard]] std::string steps(const std::string& list) { return "service:\n  script:\n" + list; }

}  // namespace

TEST_CASE("what a script keeps is bounded, and the program is not stopped by it") {
    World world(steps("  - expect: '/never (x)/'\n"));
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 4000; ++i) {
        socket.send_bytes(1460);
        const auto left = world.take();
        REQUIRE((left.empty() || left.back().window > 0));
    }
    CHECK(world.engine.memory_held() < 256 * 1024);
}

TEST_CASE("bytes: N reads past what is kept") {
    World world(steps("  - expect: {bytes: 3MiB}\n  - say: ok\n"));
    Socket socket(world);
    socket.connect();
    const std::size_t whole = 3 * 1024 * 1024;
    std::size_t sent = 0;
    for (; sent + 1460 < whole; sent += 1460) {
        socket.send_bytes(1460);
        CHECK(socket.receive().empty());
    }
    socket.send_bytes(whole - sent);
    CHECK(socket.receive() == "ok");
}

TEST_CASE("a loop that waits for nothing leaves the engine its time") {
    World world(steps("  - loop: [{loop: [{say: \"${0}\"}], times: 3}]\n"));
    Socket socket(world);
    socket.connect();
    world.until(100ms);
    socket.send_fin();
    CHECK(world.all<event::Notice>().empty());
}

TEST_CASE("a script of 10,000 steps") {
    std::string list;
    for (int i = 0; i < 5000; ++i) {
        list += "  - expect: q\n  - say: a\n";
    }
    World world(steps(list));
    Socket socket(world);
    socket.connect();
    std::string answers;
    for (int i = 0; i < 5000; ++i) {
        socket.send_data("q");
        answers += socket.receive();
        world.pass(1us);
    }
    CHECK(answers.size() == 5000);
    CHECK(answers.find_first_not_of('a') == std::string::npos);
}

TEST_CASE("functions of functions of what came make no more than is waited for") {
    World world(
        steps("  - {expect: {bytes: 60000}}\n"
              "  - say: \"${hex(hex(hex(hex(0, 0, 0, 0))))}\"\n"));
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 60; ++i) {
        socket.send_bytes(1000);
        static_cast<void>(world.take());
    }
    // The outermost function is given 1 MiB; without a bound it would be 1.9 MB.
    CHECK(world.engine.memory_held() > (std::size_t{2} << 20U) - 1);
    CHECK(world.engine.memory_held() < (std::size_t{3} << 20U));
}

TEST_CASE("where what was passed over has been forgotten, no line begins") {
    for (const std::string pattern : {"^x+!", "\\Ax+!"}) {
        World world(steps("  - expect: '/" + pattern + "/'\n  - say: found\n"));
        Socket socket(world);
        socket.connect();
        socket.send_data("y");
        for (int i = 0; i < 150; ++i) {
            socket.send_bytes(1000);
            socket.send_data("x!");
            CHECK(socket.receive().empty());
        }
        socket.send_data("\nxx!");
        CHECK(socket.receive() == (pattern.front() == '^' ? "found" : ""));
    }
}

TEST_CASE("what a step waits for is found across segments up to its limit") {
    const std::string long_text(60 * 1024, '-');
    const std::string long_match = "a" + std::string(16 * 1024 - 10, '.') + "b";
    for (const auto& [step, what] : {std::pair{"  - expect: \"" + long_text + "\"\n", long_text},
                                     std::pair{"  - expect: /a[^b]*b/\n"s, long_match}}) {
        World world(steps(step + "  - say: found\n"));
        Socket socket(world);
        socket.connect();
        for (int i = 0; i < 20; ++i) {
            socket.send_bytes(1024);
        }
        for (std::size_t at = 0; at < what.size(); at += 1000) {
            CHECK(socket.receive().empty());
            socket.send_data(std::string_view(what).substr(at, 1000));
        }
        CHECK(socket.receive() == "found");
    }
}

TEST_CASE("an expression that would explode in a matcher that goes back does not") {
    World world(steps("  - expect: '/^(x+x+)+(x*)*y$/'\n  - say: found\n"));
    Socket socket(world);
    socket.connect();
    const std::clock_t begin = std::clock();
    for (int i = 0; i < 200; ++i) {
        socket.send_bytes(1000);
    }
    CHECK(socket.receive().empty());
    socket.send_data("\nxxxxy\n");
    CHECK(socket.receive() == "found");
    CHECK(std::clock() - begin < 20 * CLOCKS_PER_SEC);
}
