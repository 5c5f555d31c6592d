// Rules on relayed connections.
#include "support/relay_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("rules strike a relayed connection as any other") {
    SUBCASE("refused by a rule, the real server is not asked") {
        World world(relay + "rules: [{on: receive syn, do: reset}]\n");
        Driver driver(world);
        Socket socket(world);
        socket.send_syn();
        CHECK(flags_of(world.take()) == "RA");
        CHECK(driver.asked().empty());
    }
    SUBCASE("reset while the real server is being asked") {
        World world(relay + "rules: [{on: receive syn, after: 100ms, do: reset}]\n");
        Driver driver(world);
        Socket socket(world);
        socket.send_syn();
        CHECK(driver.asked() == "connect");
        world.until(99ms);
        CHECK(driver.asked().empty());
        world.until(100ms);
        CHECK(driver.asked() == "abort");
        CHECK(flags_of(world.take()) == "RA");
        driver.connected();
        CHECK(world.take().empty());
    }
    SUBCASE("reset in the middle of an answer") {
        Relayed r(relay + "rules: [{on: sent 4, do: reset}]\n");
        r.driver.sends("an answer");
        r.socket.receive();
        r.socket.send_ack();
        CHECK(r.driver.asked() == "abort");
        CHECK(flags_of(r.world.take()) == "RA");
    }
    SUBCASE("a blackhole: the client hears nothing, the real server knows nothing") {
        Relayed r(relay + "rules: [{on: received 3, do: blackhole}]\n");
        r.socket.send_data("abc");
        CHECK(r.driver.asked() == "send");
        r.world.take();
        r.driver.sends("answer");
        r.world.until(20s);
        CHECK(r.world.take().empty());
        CHECK(r.driver.asked().empty());
    }
    SUBCASE("the peer gives up: the real server is let go") {
        Relayed r(relay + "tcp: {retries: 2}\nrules: [{on: received 3, do: blackhole}]\n");
        r.socket.send_data("abc");
        r.driver.sends("answer");
        r.world.until(60s);
        CHECK(r.driver.asked() == "send abort");
    }
    SUBCASE("stop-reading: what arrives stays in the window, the answer passes") {
        Relayed r(relay + "rules: [{on: received 3, do: stop-reading}]\n");
        r.socket.send_data("abc");
        r.driver.asked();
        r.socket.send_data("def");
        CHECK(r.driver.asked().empty());
        CHECK(r.driver.got == "abc");
        r.world.take();
        r.driver.sends("answer");
        CHECK(r.world.take().size() == 1);
    }
    SUBCASE("say comes before what the real server sends later") {
        Relayed r(relay + "rules: [{on: received 1, do: {say: 'ours '}}]\n");
        r.socket.send_data("x");
        r.driver.sends("theirs");
        CHECK(r.socket.receive() == "ours theirs");
    }
    SUBCASE("forget") {
        Relayed r(relay + "rules: [{on: received 1, do: forget}]\n");
        r.socket.send_data("x");
        CHECK(r.driver.asked() == "send abort");
    }
    SUBCASE("only some attempts are relayed") {
        World world(relay + "attempts: {1: [{on: receive syn, do: reset}]}\n");
        Driver driver(world);
        Socket first(world);
        first.send_syn();
        CHECK(driver.asked().empty());
        world.take();
        Socket second(world, 40'001);
        second.send_syn();
        CHECK(driver.asked() == "connect");
    }
}
