// The numbers with which `connect` begins.
#include "profile_samples.hpp"
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("connect begins with the numbers that it is given") {
    World world(
        "rules:\n"
        "  - {on: receive syn, first: 1, do: [drop, {connect: {isn: irs+1000, tsval: 77}}]}\n");
    Socket socket(world);
    world.until(5s);
    socket.send_syn();
    const auto left = world.take();
    REQUIRE(!left.empty());
    CHECK(left[0].flags == Flags{Flags::syn});
    CHECK(left[0].seq == socket.iss + 1000);
    REQUIRE(left[0].options.timestamps);
    CHECK(left[0].options.timestamps->value == 77);
}

TEST_CASE("the clock of connect goes on from its value") {
    World world(
        "rules:\n"
        "  - {on: receive syn, first: 1, do: [drop, {connect: {tsval: ts.now-100}}]}\n");
    Socket socket(world);
    socket.send_syn();
    const auto first = world.take();
    world.until(1s);
    const auto again = world.take();
    REQUIRE(!first.empty());
    REQUIRE(!again.empty());
    CHECK(first[0].options.timestamps->value == static_cast<std::uint32_t>(-100));
    CHECK(again[0].options.timestamps->value == 900);
}

TEST_CASE("a connection that begins anew counts from the numbers of the old one") {
    World world(
        "rules:\n"
        "  - {on: enter closed, do: {connect: {isn: snd.nxt+5000}}}\n");
    Socket socket(world);
    socket.connect();
    world.arrives(socket.segment(Flags::rst));
    world.pass(0s);
    const auto left = world.take();
    REQUIRE(!left.empty());
    CHECK(left.back().has(Flags::syn));
    CHECK(left.back().seq == socket.rcv_nxt + 5000);
}

TEST_CASE("what connect takes is checked") {
    const auto act = [](const std::string& action) {
        return rule_problems("{on: enter closed, do: " + action + "}");
    };
    CHECK(act("{connect: {isn: 5, tsval: ts.recent}}").empty());
    CHECK(act("{connect: 5}").find("`connect` takes nothing or a map with `isn` and `tsval`") !=
          std::string::npos);
    CHECK(act("{connect: {isn: ts.now}}").find("is a timestamp and cannot stand") !=
          std::string::npos);
    CHECK(act("{connect: {isn: seg.seq}}").find("need a segment") != std::string::npos);
}
