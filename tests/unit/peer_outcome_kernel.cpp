// How the program's side ended, where the kernel tells of sockets that it freed and gave up.
#include "judge/attempt_table.hpp"
#include "support/outcome_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using tcp::State;

TEST_CASE("outcome: a program that gives up as a SYN's timer runs out") {
    const auto end = [](const char* outcome, std::optional<std::uint64_t> aborts) {
        Case impatient(outcome, no_answer);
        impatient.socket.send_syn();
        impatient.listed(State::syn_sent, run_start + 1s);
        impatient.world.until(1s);
        if (aborts) {
            impatient.gone_counted(State::syn_sent, 4, *aborts, run_start + 1s);
        } else {
            impatient.gone(State::syn_sent, run_start + 1s);
        }
        return impatient.failures();
    };
    CHECK(end("closed", 4).empty());
    CHECK(end("timed-out", 5).empty());
    CHECK(end("timed-out", 4) == "expected the outcome `timed-out`, but it was `closed`.\n");
    CHECK(end("unknown", std::nullopt).empty());
    CHECK(
        end("closed", std::nullopt) ==
        "expected the outcome `closed`, but it was `unknown` (its SYN's timer ran out as it went, "
        "and the kernel does not tell whether it gave the socket up or the program closed "
        "it).\n");
}

TEST_CASE("outcome: the kernel frees a socket that nobody had looked at") {
    const auto end = [](const char* outcome, std::uint64_t aborts, bool other_end = true) {
        Case quick(outcome, no_answer);
        tell_aborts(quick.world, 0);
        // The next connection finds the count as it is by then.
        quick.socket.send_syn();
        quick.world.until(1s);
        auto flow = quick.flow();
        if (!other_end) {
            flow.local = {};
            flow.remote.address = wire::IpAddress::v4(0);
        }
        tell_destroyed(quick.world, flow, aborts);
        quick.world.until(5s);
        tell_complete(quick.world);
        CHECK(quick.record().ended == run_start + 1s);
        return quick.failures();
    };
    CHECK(end("closed", 0).empty());
    CHECK(end("timed-out", 1).empty());
    // connect() has taken the other end out of it.
    CHECK(end("timed-out", 1, false).empty());
    CHECK(end("closed", 0, false).empty());
}

TEST_CASE("outcome: what is left of a freed socket decides") {
    Case waits("closed");
    waits.socket.connect();
    waits.socket.send_fin();
    waits.destroyed(0);
    waits.listed(State::time_wait);
    waits.destroyed(0);
    CHECK(waits.met());

    Case fin_wait("open", "after_eof: keep-open\n");
    fin_wait.socket.connect();
    fin_wait.socket.send_fin();
    fin_wait.listed(State::fin_wait_2);
    fin_wait.destroyed(0);
    CHECK(fin_wait.met());
}

TEST_CASE("outcome: unreachable, which the program learns of after the round trip") {
    auto settings = test_settings();
    settings.rtt = 200ms;
    World world(
        "rules: [{on: receive syn, do: [{icmp: host-unreachable}, drop]}]\n"
        "expect: [{outcome: refused}]\n",
        settings);
    Socket socket(world);
    socket.send_syn();
    const wire::Flow flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                          {*wire::IpAddress::parse("198.18.0.1"), 40'000}};
    world.until(210ms);
    tell_gone(world, flow, State::syn_sent, {}, 60ms);
    CHECK(failures_of(world).empty());
}

TEST_CASE("outcome: unreachable, and a kernel that goes on all the same") {
    const auto* const profile =
        "rules: [{on: receive syn, do: [{icmp: host-unreachable}, drop], first: 1}]\n";
    Case refused("refused", profile);
    refused.socket.send_syn();
    refused.destroyed(0);
    CHECK(refused.met());
    CHECK(refused.record().program->manner == judge::ProgramEnd::Manner::by_icmp);

    Case stubborn("timed-out", profile);
    tell_aborts(stubborn.world, 0);
    stubborn.socket.send_syn();
    stubborn.world.until(1s);
    stubborn.socket.send_syn();
    stubborn.world.until(3s);
    stubborn.destroyed(1);
    CHECK(stubborn.met());
}

TEST_CASE("outcome: of two sockets that went together, one was given up") {
    World world("rules: [{on: receive syn, do: drop}]\nexpect: [{outcome: timed-out}]\n");
    tell_aborts(world, 0);
    Socket(world, 40'000).send_syn();
    Socket(world, 40'001).send_syn();
    world.until(3s);
    const auto flow = [](std::uint16_t port) {
        return wire::Flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                          {*wire::IpAddress::parse("198.18.0.1"), port}};
    };
    tell_destroyed(world, flow(40'000), 1, true);
    tell_destroyed(world, flow(40'001), 1, false);
    CHECK(failures_of(world) ==
          "expected the outcome `timed-out` of all, but 1 of 2 connections ended so; the others: "
          "#2 (attempt 2) `closed`.\n");

    World twins("rules: [{on: receive syn, do: drop}]\nexpect: [{outcome: timed-out}]\n");
    tell_aborts(twins, 0);
    Socket(twins, 40'000).send_syn();
    Socket(twins, 40'001).send_syn();
    twins.until(3s);
    tell_destroyed(twins, flow(40'000), 1, true);
    tell_destroyed(twins, flow(40'001), 1, true);
    CHECK(failures_of(twins).find("#2 (attempt 2) `unknown` (of the sockets that went at that time "
                                  "the kernel gave up some, and not all)") != std::string::npos);
}

TEST_CASE("outcome: within") {
    const auto end = [](const std::string& expectation, Duration at,
                        const char* rules = no_answer) {
        World world(rules + ("expect: [{" + expectation + "}]\n"));
        tell_aborts(world, 0);
        Socket socket(world);
        world.until(1s);
        socket.send_syn();
        world.until(at);
        tell_destroyed(world,
                       {{*wire::IpAddress::parse("198.18.0.2"), 80},
                        {*wire::IpAddress::parse("198.18.0.1"), 40'000}},
                       0, false);
        world.until(60s);
        return failures_of(world);
    };
    CHECK(end("outcome: closed, within: 2s of start", 3s).empty());
    CHECK(end("outcome: closed, within: 3s..5s of start", 5s).empty());
    CHECK(end("outcome: closed, within: 2s of start", 4s) ==
          "expected the outcome `closed` up to 2.000 s after `start`, but it was `closed` 3.000 s "
          "after it.\n");
    CHECK(end("outcome: closed, within: 2s of start, tolerance: 60%", 4s).empty());
    CHECK(end("outcome: timed-out, within: 2s of start", 3s) ==
          "expected the outcome `timed-out` up to 2.000 s after `start`, but it was `closed`.\n");
    CHECK(end("outcome: closed, within: 2s of enter established", 3s) ==
          "expected the outcome `closed` up to 2.000 s after `enter established`, but it was "
          "`closed`, and `enter established` never came up before.\n");
    CHECK(end("outcome: closed, within: 2s of start, times: 0", 4s).empty());

    Case reset("reset, within: 1s of receive data", "rules: [{on: receive data, do: reset}]\n");
    reset.socket.connect();
    reset.world.until(30s);
    reset.socket.send_data("x");
    reset.gone(State::established);
    CHECK(reset.met());
}

TEST_CASE("the verdict's table and the outcome are one thing") {
    const auto told = [](Case& one) {
        const auto record = one.record();
        REQUIRE(record.program);
        return judge::attempt_table(summary_of(one.world)).at(1);
    };
    const auto ends_with = [](const std::string& line, const std::string& end) {
        CHECK_MESSAGE(line.size() >= end.size(), line);
        CHECK(line.substr(line.size() - std::min(line.size(), end.size())) == end);
    };
    Case dead("timed-out");
    tell_aborts(dead.world, 0);
    dead.socket.connect();
    dead.world.until(5s);
    dead.destroyed(1);
    dead.world.until(9s);
    ends_with(told(dead), "  5.000 s           0/0  timed out");

    Case impatient("closed", no_answer);
    tell_aborts(impatient.world, 0);
    impatient.socket.send_syn();
    impatient.world.until(500ms);
    impatient.destroyed(0);
    ends_with(told(impatient), "  500 ms           0/0  closed by the program, never answered");

    Case withheld("closed", "rules: [{on: receive rst, do: drop}]\n");
    withheld.socket.connect();
    withheld.socket.send_rst();
    withheld.destroyed(0);
    ends_with(told(withheld), "reset by the program");

    Case open("open");
    open.socket.connect();
    open.listed(State::established);
    open.world.until(2s);
    ends_with(told(open), "  2.000 s           0/0  still open");

    Case orphan("open");
    orphan.socket.connect();
    orphan.listed(State::fin_wait_1);
    ends_with(told(orphan), "FIN not acknowledged");

    Case nobody("unknown", no_answer);
    nobody.socket.send_syn();
    ends_with(told(nobody), "never answered");
}

TEST_CASE("the end of the first connections is known without an expectation") {
    World world("");
    for (std::uint16_t port = 40'000; port < 40'100; ++port) {
        Socket(world, port).connect();
    }
    CHECK(judge_of(world)->has_attempts());
    world.conclude();
    const auto attempts = summary_of(world).attempts;
    CHECK(attempts.at(0).program);
    CHECK(attempts.at(63).program);
    CHECK_FALSE(attempts.at(64).program);
    CHECK_FALSE(judge_of(world)->follows_sockets());
}

TEST_CASE("sockets are followed as long as the verdict has something to learn of them") {
    World world("");
    CHECK(judge_of(world)->follows_sockets());
    CHECK_FALSE(judge_of(world)->has_attempts());
    const auto flow = [](std::uint16_t port) {
        return wire::Flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                          {*wire::IpAddress::parse("198.18.0.1"), port}};
    };
    for (std::uint16_t port = 40'000; port < 40'064; ++port) {
        Socket(world, port).connect();
    }
    for (std::uint16_t port = 40'000; port < 40'064; ++port) {
        CHECK(judge_of(world)->follows_sockets());
        tell_destroyed(world, flow(port));
    }
    CHECK_FALSE(judge_of(world)->follows_sockets());
}
