// How the program's side ended: from the wire, and from what the kernel says of the socket.
#include "observe/attempt_table.hpp"
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using tcp::State;

namespace {

/// A world that has one connection, on port 40000.
struct Case {
    World world;
    Socket socket{world};

    explicit Case(const std::string& outcome, const std::string& more = "")
        : world(more + "expect: [{outcome: " + outcome + "}]\n") {}

    [[nodiscard]] wire::Flow flow() const {
        return {{*wire::IpAddress::parse("198.18.0.2"), 80},
                {*wire::IpAddress::parse("198.18.0.1"), 40'000}};
    }
    /// The kernel lists the socket now.
    void listed(State state, std::optional<Instant> due = {}) {
        world.engine.on_socket({flow(), state, false, world.now, due}, world.now);
    }
    /// The kernel does not list it any more; it did so a moment ago.
    void gone(State last, std::optional<Instant> due = {}, Duration ago = 20ms) {
        world.engine.on_socket({flow(), last, true, world.now - ago, due}, world.now);
    }
    /// The same, and the kernel counts those that it gives up.
    void gone_counted(State last, std::uint64_t before, std::uint64_t by,
                      std::optional<Instant> due = {}) {
        world.engine.on_socket({flow(), last, true, world.now - 20ms, due, before, by}, world.now);
    }
    /// The kernel has freed the socket.
    void destroyed(std::optional<std::uint64_t> aborts = {}) {
        world.engine.on_destroyed({flow(), aborts}, world.now);
    }
    [[nodiscard]] peer::AttemptRecord record() {
        world.engine.conclude(world.now);
        return world.engine.attempts().at(0);
    }
    [[nodiscard]] std::string failures() { return failures_of(world); }
    [[nodiscard]] bool met() { return failures().empty(); }
};

const char* const no_answer = "rules: [{on: receive syn, do: drop}]\n";

}  // namespace

TEST_CASE("outcome: open while the kernel holds the socket") {
    Case open("open");
    open.socket.connect();
    open.listed(State::established);
    CHECK(open.met());

    Case other("reset");
    other.socket.connect();
    other.listed(State::close_wait);
    CHECK(other.failures() == "expected the outcome `reset`, but it was `open`.\n");
}

TEST_CASE("outcome: closed in order, or by the program's own RST") {
    Case closed("closed");
    closed.socket.connect();
    closed.socket.send_fin();
    closed.socket.receive();
    closed.socket.send_ack();
    closed.gone(State::last_ack);
    CHECK(closed.met());

    Case waits("closed");
    waits.socket.connect();
    waits.listed(State::time_wait);
    CHECK(waits.met());

    Case aborts("closed");
    aborts.socket.connect();
    aborts.socket.send_rst();
    aborts.gone(State::established);
    CHECK(aborts.met());
}

TEST_CASE("outcome: reset by the peer") {
    Case reset("reset", "rules: [{on: receive data, do: reset}]\n");
    reset.socket.connect();
    reset.listed(State::established);
    reset.socket.send_data("x");
    reset.gone(State::established);
    CHECK(reset.met());
}

TEST_CASE("outcome: reset, where the kernel was last seen connecting") {
    Case brief("reset", "rules: [{on: enter established, do: reset}]\n");
    brief.socket.connect();
    brief.gone(State::syn_sent);
    CHECK(brief.met());
}

TEST_CASE("outcome: RST for a FIN that comes when the socket is long gone") {
    Case late("timed-out",
              "after_eof: keep-open\nrules: [{on: receive fin, after: 90s, do: close}]\n");
    late.socket.connect();
    late.socket.send_fin();
    late.world.until(60s);
    late.gone(State::fin_wait_2, run_start + 60s);
    late.world.until(91s);
    late.socket.send_rst();
    CHECK(late.met());
}

TEST_CASE("outcome: RST of the program's kernel for something that it does not believe") {
    Case passing("timed-out");
    passing.socket.send_syn();
    passing.socket.send_rst();
    passing.listed(State::syn_sent, run_start + 1s);
    passing.world.until(127s);
    passing.gone_counted(State::syn_sent, 0, 1, run_start + 127s);
    CHECK(passing.met());
}

TEST_CASE("outcome: RST that the kernel does not believe resets nothing") {
    Case open("open", "rules: [{on: receive data, do: {reset: {seq: snd.nxt-100000}}}]\n");
    open.socket.connect();
    open.socket.send_data("x");
    open.listed(State::established);
    CHECK(open.met());

    Case later("timed-out", "rules: [{on: receive data, do: {reset: {seq: snd.nxt-100000}}}]\n");
    later.socket.connect();
    later.socket.send_data("x");
    later.world.until(60s);
    later.gone(State::established, run_start + 60s);
    CHECK(later.met());
}

TEST_CASE("outcome: refused") {
    Case refused("refused", "rules: [{on: receive syn, do: reset}]\n");
    refused.socket.send_syn();
    CHECK(refused.met());

    Case listed("refused", "rules: [{on: receive syn, do: reset}]\n");
    listed.socket.send_syn();
    listed.gone(State::syn_sent);
    CHECK(listed.met());
}

TEST_CASE("outcome: the kernel gives up, without a word") {
    Case dead("timed-out", "rules: [{on: receive data, do: drop}]\n");
    dead.socket.connect();
    dead.socket.send_data("x");
    dead.listed(State::established, run_start + 900s);
    dead.world.until(900s);
    dead.gone(State::established, run_start + 900s);
    CHECK(dead.met());

    Case orphan("timed-out");
    orphan.socket.connect();
    orphan.world.until(300s);
    orphan.gone(State::last_ack, run_start + 300s);
    CHECK(orphan.met());
}

TEST_CASE("outcome: a SYN without an answer, and a program that waits no longer") {
    Case syn("timed-out", no_answer);
    syn.socket.send_syn();
    syn.listed(State::syn_sent, run_start + 1s);
    syn.world.until(127s);
    syn.gone_counted(State::syn_sent, 0, 1, run_start + 127s);
    CHECK(syn.met());

    Case impatient("closed", no_answer);
    impatient.socket.send_syn();
    impatient.listed(State::syn_sent, run_start + 1s);
    impatient.world.until(500ms);
    impatient.gone(State::syn_sent, run_start + 1s);
    CHECK(impatient.met());
}

TEST_CASE("outcome: RST after keepalive probes is the kernel giving up") {
    const auto end = [](const char* outcome, std::optional<Instant> due) {
        Case dead(outcome, "rules: [{on: receive keepalive-probe, do: drop}]\n");
        dead.socket.connect();
        for (const auto at : {5s, 8s, 11s}) {
            dead.world.until(at);
            dead.socket.send_probe();
        }
        dead.world.until(14s);
        dead.socket.send_rst();
        dead.gone(State::established, due);
        return dead.failures();
    };
    CHECK(end("timed-out", run_start + 14s).empty());
    CHECK(end("timed-out", std::nullopt).empty());
    // Its timer was not due: the program closed it at that moment.
    CHECK(end("closed", run_start + 17s).empty());
    CHECK(end("reset", run_start + 14s) ==
          "expected the outcome `reset`, but it was `timed-out`.\n");
}

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
        quick.world.engine.count_aborts(0);
        // The next connection finds the count as it is by then.
        quick.socket.send_syn();
        quick.world.until(1s);
        auto flow = quick.flow();
        if (!other_end) {
            flow.local = {};
            flow.remote.address = wire::IpAddress::v4(0);
        }
        quick.world.engine.on_destroyed({flow, aborts}, quick.world.now);
        quick.world.until(5s);
        quick.world.engine.all_sockets_listed(quick.world.now);
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

TEST_CASE("outcome: unreachable, and a kernel that goes on all the same") {
    const auto* const profile =
        "rules: [{on: receive syn, do: [{icmp: host-unreachable}, drop], first: 1}]\n";
    Case refused("refused", profile);
    refused.socket.send_syn();
    refused.destroyed(0);
    CHECK(refused.met());
    CHECK(refused.record().program->manner == peer::ProgramEnd::Manner::by_icmp);

    Case stubborn("timed-out", profile);
    stubborn.world.engine.count_aborts(0);
    stubborn.socket.send_syn();
    stubborn.world.until(1s);
    stubborn.socket.send_syn();
    stubborn.world.until(3s);
    stubborn.destroyed(1);
    CHECK(stubborn.met());
}

TEST_CASE("outcome: of two sockets that went together, one was given up") {
    World world("rules: [{on: receive syn, do: drop}]\nexpect: [{outcome: timed-out}]\n");
    world.engine.count_aborts(0);
    Socket(world, 40'000).send_syn();
    Socket(world, 40'001).send_syn();
    world.until(3s);
    const auto flow = [](std::uint16_t port) {
        return wire::Flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                          {*wire::IpAddress::parse("198.18.0.1"), port}};
    };
    world.engine.on_destroyed({flow(40'000), 1, true}, world.now);
    world.engine.on_destroyed({flow(40'001), 1, false}, world.now);
    CHECK(failures_of(world) ==
          "expected the outcome `timed-out` of all, but 1 of 2 connections ended so; the others: "
          "#2 (attempt 2) `closed`.\n");

    World twins("rules: [{on: receive syn, do: drop}]\nexpect: [{outcome: timed-out}]\n");
    twins.engine.count_aborts(0);
    Socket(twins, 40'000).send_syn();
    Socket(twins, 40'001).send_syn();
    twins.until(3s);
    twins.engine.on_destroyed({flow(40'000), 1, true}, twins.now);
    twins.engine.on_destroyed({flow(40'001), 1, true}, twins.now);
    CHECK(failures_of(twins).find("#2 (attempt 2) `unknown` (of the sockets that went at that time "
                                  "the kernel gave up some, and not all)") != std::string::npos);
}

TEST_CASE("outcome: within") {
    const auto end = [](const std::string& expectation, Duration at,
                        const char* rules = no_answer) {
        World world(rules + ("expect: [{" + expectation + "}]\n"));
        world.engine.count_aborts(0);
        Socket socket(world);
        world.until(1s);
        socket.send_syn();
        world.until(at);
        world.engine.on_destroyed({{{*wire::IpAddress::parse("198.18.0.2"), 80},
                                    {*wire::IpAddress::parse("198.18.0.1"), 40'000}},
                                   0,
                                   false},
                                  world.now);
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
        return observe::attempt_table(summary_of(one.world)).at(1);
    };
    const auto ends_with = [](const std::string& line, const std::string& end) {
        CHECK_MESSAGE(line.size() >= end.size(), line);
        CHECK(line.substr(line.size() - std::min(line.size(), end.size())) == end);
    };
    Case dead("timed-out");
    dead.world.engine.count_aborts(0);
    dead.socket.connect();
    dead.world.until(5s);
    dead.destroyed(1);
    dead.world.until(9s);
    ends_with(told(dead), "  5.000 s           0/0  timed out");

    Case impatient("closed", no_answer);
    impatient.world.engine.count_aborts(0);
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

    Case nobody("unknown", no_answer);
    nobody.socket.send_syn();
    ends_with(told(nobody), "never answered");
}

TEST_CASE("the end of the first connections is known without an expectation") {
    World world("");
    for (std::uint16_t port = 40'000; port < 40'100; ++port) {
        Socket(world, port).connect();
    }
    CHECK(world.engine.has_attempts());
    world.engine.conclude(world.now);
    const auto attempts = world.engine.attempts();
    CHECK(attempts.at(0).program);
    CHECK(attempts.at(63).program);
    CHECK_FALSE(attempts.at(64).program);
    CHECK_FALSE(world.engine.follows_sockets());
}

TEST_CASE("sockets are followed as long as the verdict has something to learn of them") {
    World world("");
    CHECK(world.engine.follows_sockets());
    CHECK_FALSE(world.engine.has_attempts());
    const auto flow = [](std::uint16_t port) {
        return wire::Flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                          {*wire::IpAddress::parse("198.18.0.1"), port}};
    };
    for (std::uint16_t port = 40'000; port < 40'064; ++port) {
        Socket(world, port).connect();
    }
    for (std::uint16_t port = 40'000; port < 40'064; ++port) {
        CHECK(world.engine.follows_sockets());
        world.engine.on_destroyed({flow(port)}, world.now);
    }
    CHECK_FALSE(world.engine.follows_sockets());
}

TEST_CASE("outcome: from the wire alone") {
    Case open("unknown", no_answer);
    open.socket.send_syn();
    CHECK(open.met());
    Case established("open");
    established.socket.connect();
    CHECK(established.met());
    Case silent("unknown", "rules: [{on: receive keepalive-probe, do: drop}]\n");
    silent.socket.connect();
    silent.socket.send_probe();
    CHECK(silent.met());
    Case probes("timed-out", "rules: [{on: receive keepalive-probe, do: drop}]\n");
    probes.socket.connect();
    probes.socket.send_probe();
    probes.socket.send_rst();
    CHECK(probes.met());
}

TEST_CASE("outcome: a socket that the kernel never listed, and does not at the end") {
    Case quick("closed", no_answer);
    quick.socket.send_syn();
    quick.world.engine.all_sockets_listed(quick.world.now);
    CHECK(quick.met());
}

TEST_CASE("outcome: all connections, or as many as told") {
    const auto run = [](const std::string& outcome) {
        World world("attempts: {1-2: refuse}\nexpect: [{outcome: " + outcome + "}]\n");
        for (std::uint16_t port = 40'000; port < 40'002; ++port) {
            Socket(world, port).send_syn();
        }
        static_cast<void>(world.take());
        Socket(world, 40'002).connect();
        return failures_of(world);
    };
    CHECK(run("refused, when: {attempt: 1..2}").empty());
    CHECK(run("open, when: {attempt: 3}").empty());
    CHECK(run("[open, refused]").empty());
    CHECK(run("refused, times: 2").empty());
    CHECK(run("refused") ==
          "expected the outcome `refused` of all, but 2 of 3 connections ended so; the others: #3 "
          "(attempt 3) `open`.\n");
    CHECK(run("reset, times: \">= 1\"") ==
          "expected the outcome `reset` of at least 1, but none of 3 connections ended so; the "
          "others: #1 (attempt 1) `refused`, #2 (attempt 2) `refused`, #3 (attempt 3) `open`.\n");
    CHECK(run("open, when: {port: 81}") ==
          "expected the outcome `open`, but there was no connection to look at: `when` held for "
          "none.\n");
    World nobody("expect: [{outcome: open}]\n");
    CHECK(failures_of(nobody) ==
          "expected the outcome `open`, but there was no connection to look at.\n");
}

TEST_CASE("outcome: a connection that the engine has forgotten keeps its end") {
    auto settings = test_settings();
    settings.max_connections = 1;
    World world("rules: [{on: receive syn, do: reset}]\nexpect: [{outcome: refused}]\n", settings);
    for (std::uint16_t port = 40'000; port < 40'010; ++port) {
        Socket(world, port).send_syn();
    }
    CHECK(failures_of(world).empty());
    CHECK(result_of(world).seen == 10);
}

TEST_CASE("outcome: sockets of others, and views of them, are nobody's business") {
    World world("expect: [{outcome: open}]\n");
    world.engine.on_socket({{}, State::established, false, world.now, {}}, world.now);
    CHECK(world.engine.expects_outcomes());
    World other("expect: [{attempts: 0}]\n");
    CHECK_FALSE(other.engine.expects_outcomes());
    other.engine.on_socket({{}, State::established, false, other.now, {}}, other.now);
    other.engine.all_sockets_listed(other.now);
    CHECK(failures_of(other).empty());
}
