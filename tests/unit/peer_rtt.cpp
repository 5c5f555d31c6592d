// The round trip that a run asks for (`--rtt`): what the peer says leaves that much later.
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

[[nodiscard]] peer::Settings far_away() {
    peer::Settings settings = test_settings();
    settings.rtt = 10ms;
    return settings;
}

}  // namespace

TEST_CASE("an answer leaves after the round trip, not before") {
    World world("", far_away());
    Socket socket(world);
    socket.send_syn();
    REQUIRE(world.engine.next_deadline());
    CHECK(*world.engine.next_deadline() == run_start + 10ms);
    world.until(9'999'999ns);
    CHECK(world.take().empty());
    CHECK(world.segments(event::Direction::out, event::Fate::sent).empty());
    world.until(10ms);
    CHECK(flags_of(world.take()) == "SA");

    // Its event is told at the instant at which it leaves.
    const auto& told = world.events.back();
    CHECK(told.at == run_start + 10ms);
    CHECK(std::holds_alternative<event::Segment>(told.what));
}

TEST_CASE("what is on its way arrives though the peer falls silent meanwhile") {
    World world("rules:\n  - {on: receive syn, nth: 2, do: {blackhole: out}}\n", far_away());
    Socket socket(world);
    socket.send_syn();
    world.pass(5ms);
    socket.send_syn();
    world.pass(1s);
    CHECK(flags_of(world.take()) == "SA");
}

TEST_CASE("packets keep their order through the round trip") {
    World world("", far_away());
    Socket first(world, 40'000);
    Socket second(world, 40'001);
    first.send_syn();
    world.pass(1ms);
    second.send_syn();
    world.pass(9ms);
    auto left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].destination.port == 40'000);
    world.pass(1ms);
    left = world.take();
    REQUIRE(left.size() == 1);
    CHECK(left[0].destination.port == 40'001);
}
