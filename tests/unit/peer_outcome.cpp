// How the program's side ended: from the wire, and from what the kernel says of the socket.
#include "support/outcome_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("outcome: open while the kernel holds the socket") {
    Case open("open");
    open.socket.connect();
    open.listed(tcp::State::established);
    CHECK(open.met());

    Case other("reset");
    other.socket.connect();
    other.listed(tcp::State::close_wait);
    CHECK(other.failures() == "expected the outcome `reset`, but it was `open`.\n");
}

TEST_CASE("outcome: closed in order, or by the program's own RST") {
    Case closed("closed");
    closed.socket.connect();
    closed.socket.send_fin();
    closed.socket.receive();
    closed.socket.send_ack();
    closed.gone(tcp::State::last_ack);
    CHECK(closed.met());

    Case waits("closed");
    waits.socket.connect();
    waits.listed(tcp::State::time_wait);
    CHECK(waits.met());

    Case aborts("closed");
    aborts.socket.connect();
    aborts.socket.send_rst();
    aborts.gone(tcp::State::established);
    CHECK(aborts.met());
}

TEST_CASE("outcome: reset by the peer") {
    Case reset("reset", "rules: [{on: receive data, do: reset}]\n");
    reset.socket.connect();
    reset.listed(tcp::State::established);
    reset.socket.send_data("x");
    reset.gone(tcp::State::established);
    CHECK(reset.met());
}

TEST_CASE("outcome: reset, where the kernel was last seen connecting") {
    Case brief("reset", "rules: [{on: enter established, do: reset}]\n");
    brief.socket.connect();
    brief.gone(tcp::State::syn_sent);
    CHECK(brief.met());
}

TEST_CASE("outcome: RST for a FIN that comes when the socket is long gone") {
    Case late("timed-out",
              "after_eof: keep-open\nrules: [{on: receive fin, after: 90s, do: close}]\n");
    late.socket.connect();
    late.socket.send_fin();
    late.world.until(60s);
    late.gone(tcp::State::fin_wait_2, run_start + 60s);
    late.world.until(91s);
    late.socket.send_rst();
    CHECK(late.met());
}

TEST_CASE("outcome: RST of the program's kernel for something that it does not believe") {
    Case passing("timed-out");
    passing.socket.send_syn();
    passing.socket.send_rst();
    passing.listed(tcp::State::syn_sent, run_start + 1s);
    passing.world.until(127s);
    passing.gone_counted(tcp::State::syn_sent, 0, 1, run_start + 127s);
    CHECK(passing.met());
}

TEST_CASE("outcome: RST that the kernel does not believe resets nothing") {
    Case open("open", "rules: [{on: receive data, do: {reset: {seq: snd.nxt-100000}}}]\n");
    open.socket.connect();
    open.socket.send_data("x");
    open.listed(tcp::State::established);
    CHECK(open.met());

    Case later("timed-out", "rules: [{on: receive data, do: {reset: {seq: snd.nxt-100000}}}]\n");
    later.socket.connect();
    later.socket.send_data("x");
    later.world.until(60s);
    later.gone(tcp::State::established, run_start + 60s);
    CHECK(later.met());
}

TEST_CASE("outcome: refused") {
    Case refused("refused", "rules: [{on: receive syn, do: reset}]\n");
    refused.socket.send_syn();
    CHECK(refused.met());

    Case listed("refused", "rules: [{on: receive syn, do: reset}]\n");
    listed.socket.send_syn();
    listed.gone(tcp::State::syn_sent);
    CHECK(listed.met());
}

TEST_CASE("outcome: the kernel gives up, without a word") {
    Case dead("timed-out", "rules: [{on: receive data, do: drop}]\n");
    dead.socket.connect();
    dead.socket.send_data("x");
    dead.listed(tcp::State::established, run_start + 900s);
    dead.world.until(900s);
    dead.gone(tcp::State::established, run_start + 900s);
    CHECK(dead.met());

    Case orphan("timed-out");
    orphan.socket.connect();
    orphan.world.until(300s);
    orphan.gone(tcp::State::last_ack, run_start + 300s);
    CHECK(orphan.met());
}

TEST_CASE("outcome: a SYN without an answer, and a program that waits no longer") {
    Case syn("timed-out", no_answer);
    syn.socket.send_syn();
    syn.listed(tcp::State::syn_sent, run_start + 1s);
    syn.world.until(127s);
    syn.gone_counted(tcp::State::syn_sent, 0, 1, run_start + 127s);
    CHECK(syn.met());

    Case impatient("closed", no_answer);
    impatient.socket.send_syn();
    impatient.listed(tcp::State::syn_sent, run_start + 1s);
    impatient.world.until(500ms);
    impatient.gone(tcp::State::syn_sent, run_start + 1s);
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
        dead.gone(tcp::State::established, due);
        return dead.failures();
    };
    CHECK(end("timed-out", run_start + 14s).empty());
    CHECK(end("timed-out", std::nullopt).empty());
    // Its timer was not due: the program closed it at that moment.
    CHECK(end("closed", run_start + 17s).empty());
    CHECK(end("reset", run_start + 14s) ==
          "expected the outcome `reset`, but it was `timed-out`.\n");
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
    tell_complete(quick.world);
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
    tell_listed(world, {}, tcp::State::established);
    CHECK(judge_of(world)->expects_outcomes());
    World other("expect: [{attempts: 0}]\n");
    CHECK_FALSE(judge_of(other)->expects_outcomes());
    tell_listed(other, {}, tcp::State::established);
    tell_complete(other);
    CHECK(failures_of(other).empty());
}
