// The program's interface: what rules ask of it, and what does not get in meanwhile.
#include "profile_samples.hpp"
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using State = profile::InterfaceState;

namespace {

peer::Settings with_interface() {
    peer::Settings settings = test_settings();
    settings.program_interface = true;
    return settings;
}

std::vector<State> taken(World& world) {
    std::vector<State> states;
    world.engine.take_interface_states(states);
    return states;
}

}  // namespace

TEST_CASE("interface: asked of the driver in order, and nothing gets in while it is down") {
    World world(
        "rules:\n"
        "  - {on: receive data, first: 1, do: {interface: no-carrier}}\n"
        "  - {on: receive data, first: 1, after: 1s, do: {interface: up}}\n",
        with_interface());
    Socket socket(world);
    socket.connect();
    CHECK(!world.engine.has_requests());
    socket.send_data("abc");
    CHECK(world.engine.has_requests());
    CHECK(taken(world) == std::vector{State::no_carrier});
    CHECK(!world.engine.has_requests());
    CHECK(world.take().empty());
    CHECK(world.engine.counters().undelivered > 0);
    world.until(1s);
    CHECK(taken(world) == std::vector{State::up});
    socket.snd_nxt = socket.iss + 1;
    socket.send_data("abc");
    CHECK(!world.take().empty());
}

TEST_CASE("interface: no-route lets in what comes") {
    World world("rules: [{on: receive data, do: {interface: no-route}}]\n", with_interface());
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(taken(world) == std::vector{State::no_route});
    CHECK(!world.take().empty());
}

TEST_CASE("interface: where there is none, that is told and nothing is done") {
    World world("rules: [{on: receive data, do: {interface: down}}]\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(!world.engine.has_requests());
    CHECK(!world.take().empty());
    bool told = false;
    for (const auto& notice : world.all<event::Notice>()) {
        told = told || notice.text.find("there is none of the program's here") != std::string::npos;
    }
    CHECK(told);
    CHECK(world.all<event::Rule>().empty());
}

TEST_CASE("interface: its states are words") {
    CHECK(rule_problems("{on: receive data, do: {interface: up}}").empty());
    CHECK(rule_problems("{on: receive data, do: {interface: off}}")
              .find("`up`, `down`, `no-carrier` or `no-route`") != std::string::npos);
}
