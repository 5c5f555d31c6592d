#include "judge/report.hpp"
#include "show/test_reports.hpp"
#include "show/verdict_text.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ghostpeer;
using namespace ghostpeer::judge;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;

namespace {

profile::Rule rule(int line, profile::Event event, profile::Action action = profile::Drop{}) {
    profile::Rule made;
    made.place = place("nat.yaml", line);
    made.on.push_back(std::move(event));
    made.actions = {std::move(action)};
    return made;
}

/// A run of one profile with these rules, and one connection that ended by the program's RST.
struct Sample {
    std::shared_ptr<profile::Profile> profile = std::make_shared<profile::Profile>();
    RunSummary run;

    explicit Sample(std::vector<profile::Rule> rules) {
        profile->name = "nat.yaml";
        for (std::size_t i = 0; i < rules.size(); ++i) {
            rules[i].id = i;
        }
        profile->rules = std::move(rules);
        ProfileStatistics statistics;
        statistics.profile = profile;
        statistics.rules.resize(profile->rules.size());
        statistics.connections = 1;
        run.profiles = {statistics};
        run.command = event::Exit{0, std::nullopt};
        run.length = 14'012ms;
        run.seed = 42;
        run.attempts = {attempt(1)};
        run.attempts[0].profile = statistics.number;
        count(tcp::Kind::syn, 1);
        count(tcp::Kind::ack, 2);
    }
    static Attempt attempt(unsigned number) {
        Attempt record;
        record.connection = number;
        record.number = number;
        record.flow = flow();
        record.start = at(21us + (number - 1) * 1s);
        record.last_segment = record.start + 14s;
        record.ending = event::Ending::reset_by_program;
        record.received = 4;
        if (number > 1) {
            record.since_last = 1s;
        }
        return record;
    }
    void count(tcp::Kind kind, std::uint64_t n) {
        run.profiles[0].traffic.kinds.at(static_cast<std::size_t>(kind)) = n;
    }
    event::RuleStatistics& statistics(std::size_t i = 0) { return run.profiles[0].rules.at(i); }
    [[nodiscard]] std::string text() const { return to_text(make_verdict(run)); }
    [[nodiscard]] std::string failure() const {
        const auto verdict = make_verdict(run);
        CHECK(verdict.pass == verdict.failures.empty());
        return verdict.failures.empty() ? "" : verdict.failures.front().sentence;
    }
};

event::RuleStatistics fired(std::uint64_t times, std::uint64_t withheld) {
    event::RuleStatistics seen;
    seen.events = times;
    seen.fired = times;
    seen.withheld = withheld;
    return seen;
}

const profile::Event keepalive_probe = profile::OnReceive{tcp::Kind::keepalive_probe};

}  // namespace

TEST_CASE("report: an ordinary run takes four lines") {
    Sample sample({rule(7, keepalive_probe)});
    sample.statistics() = fired(3, 3);
    CHECK(sample.text() ==
          "ghostpeer: pass, COMMAND exited with status 0 after 14.012 s\n"
          "                to                start  gap    lasted  in/out bytes  end\n"
          "  #1 attempt 1  198.18.0.2:80  0.021 ms    -  14.000 s           4/0  reset by the "
          "program\n"
          "  nat.yaml:7  receive keepalive-probe: fired 3 times, withheld 3 segments\n");
}

TEST_CASE("report: the verdict carries its figures") {
    Sample sample({rule(7, keepalive_probe)});
    sample.statistics() = fired(3, 2);
    sample.run.unrecorded_attempts = 5;
    const auto verdict = make_verdict(sample.run);
    CHECK(verdict.pass);
    CHECK(verdict.ended == "command");
    CHECK(verdict.length == 14'012ms);
    CHECK(verdict.seed == 42);
    CHECK(verdict.attempts == 6);
    REQUIRE(verdict.rules.size() == 1);
    CHECK(verdict.rules[0].event == "receive keepalive-probe");
    CHECK(verdict.rules[0].rule.line == 7);
    CHECK(verdict.rules[0].fired == 3);
    CHECK(verdict.rules[0].withheld == 2);
}

TEST_CASE("report: a rule that never fired fails the run, and the text says what came instead") {
    Sample sample({rule(7, keepalive_probe)});
    CHECK(sample.text() ==
          "ghostpeer: FAIL: a rule never acted; COMMAND exited with status 0 after 14.012 s\n"
          "                to                start  gap    lasted  in/out bytes  end\n"
          "  #1 attempt 1  198.18.0.2:80  0.021 ms    -  14.000 s           4/0  reset by the "
          "program\n"
          "  FAIL nat.yaml:7: the rule never fired. `receive keepalive-probe` never came up. "
          "What arrived: 1 syn, 2 ack.\n");
}

TEST_CASE("report: connections that the peer opened, and those that it did not") {
    Sample sample({rule(7, keepalive_probe)});
    sample.statistics() = fired(1, 0);
    sample.profile->role = profile::Role::client;
    sample.run.attempts[0].dialled = true;
    sample.run.attempts[0].ending = event::Ending::refused;
    sample.run.to_be_dialled = 2;
    CHECK(sample.text() ==
          "ghostpeer: pass, COMMAND exited with status 0 after 14.012 s\n"
          "                to                   start  gap    lasted  in/out bytes  end\n"
          "  #1 attempt 1  198.18.0.1:40404  0.021 ms    -  14.000 s           4/0  refused\n"
          "  The run ended before the peer had opened 2 more connections.\n"
          "  nat.yaml:7  receive keepalive-probe: fired once\n");

    sample.run.attempts.clear();
    sample.run.to_be_dialled = 0;
    sample.run.undialled = {"The peer did not dial, because COMMAND never listened."};
    CHECK(sample.text() ==
          "ghostpeer: FAIL: a connection was not opened; COMMAND exited with status 0 after 14.012 "
          "s\n"
          "  No connection was opened, neither by the peer nor by the program.\n"
          "  nat.yaml:7  receive keepalive-probe: fired once\n"
          "  FAIL The peer did not dial, because COMMAND never listened.\n");
}

TEST_CASE("report: why a rule never fired, event by event") {
    Sample send({rule(7, profile::OnSend{tcp::Reason::window_update})});
    CHECK(send.failure() ==
          "nat.yaml:7: the rule never fired. `send window-update` never came up. "
          "The peer sent nothing.");
    send.run.profiles[0].traffic.reasons.at(static_cast<std::size_t>(tcp::Reason::syn_ack)) = 2;
    CHECK(send.failure() ==
          "nat.yaml:7: the rule never fired. `send window-update` never came up. "
          "What the peer sent: 2 syn-ack.");

    Sample received({rule(7, profile::OnReceived{100})});
    CHECK(received.failure() ==
          "nat.yaml:7: the rule never fired. `received 100` never came up. "
          "The most that a connection brought was 4 bytes.");
    Sample sent({rule(7, profile::OnSent{100})});
    CHECK(sent.failure() ==
          "nat.yaml:7: the rule never fired. `sent 100` never came up. "
          "The most that the program acknowledged was 0 bytes.");
    Sample idle({rule(7, profile::OnIdle{20s})});
    CHECK(idle.failure() ==
          "nat.yaml:7: the rule never fired. `idle 20s` never came up. "
          "The run lasted 14.012 s.");
    Sample enter({rule(7, profile::OnEnter{tcp::State::close_wait})});
    CHECK(enter.failure() == "nat.yaml:7: the rule never fired. `enter close-wait` never came up.");
}

TEST_CASE("report: what came instead is what came to that peer") {
    Sample sample({rule(7, keepalive_probe), rule(8, profile::OnReceived{100})});
    auto other = std::make_shared<profile::Profile>();
    other->name = "other";
    ProfileStatistics statistics;
    statistics.profile = other;
    statistics.number = 1;
    statistics.connections = 3;
    statistics.traffic.kinds.at(static_cast<std::size_t>(tcp::Kind::data)) = 9;
    sample.run.profiles.push_back(statistics);
    sample.run.counters.kinds.at(static_cast<std::size_t>(tcp::Kind::data)) = 9;
    auto theirs = Sample::attempt(2);
    theirs.profile = statistics.number;
    theirs.received = 99;
    sample.run.attempts.push_back(theirs);
    const auto verdict = make_verdict(sample.run);
    REQUIRE(verdict.failures.size() == 2);
    CHECK(verdict.failures[0].sentence.find("What arrived: 1 syn, 2 ack.") != std::string::npos);
    CHECK(verdict.failures[1].sentence.find("connection brought was 4 bytes.") !=
          std::string::npos);
}

TEST_CASE("report: why a rule never fired although its event came up") {
    Sample sample({rule(7, keepalive_probe)});
    auto& seen = sample.statistics();
    seen.events = 6;
    seen.failed_when = 3;
    seen.failed_count = 1;
    seen.failed_probability = 1;
    seen.overruled = 1;
    seen.closest = "the nearest `length` was 4";
    CHECK(sample.failure() ==
          "nat.yaml:7: the rule never fired. `receive keepalive-probe` came up 6 times, but `when` "
          "did not hold 3 times, `first` or `nth` left it out once, `probability` left it out "
          "once, another rule had decided before once. Closest: the nearest `length` was 4.");

    Sample late({rule(7, keepalive_probe)});
    late.profile->rules[0].filters.after = 5s;
    late.statistics().events = 1;
    late.statistics().waiting = 1;
    late.statistics().due = run_start + 6s;
    late.run.length = 1s;
    CHECK(late.failure() ==
          "nat.yaml:7: the rule never fired. `receive keepalive-probe` came up once, but it was "
          "due at 6.000 s; the run ended at 1.000 s.");
    late.statistics().waiting = 0;
    late.statistics().undone = 1;
    late.statistics().missed = event::Missed{"reset", run_start + 1016ms, run_start + 16ms};
    CHECK(late.failure() ==
          "nat.yaml:7: the rule never fired. `receive keepalive-probe` came up once, but `reset` "
          "was due at 1.016 s; the connection ended at 0.016 s.");
}

TEST_CASE("report: a profile that no connection reached") {
    Sample sample({rule(7, keepalive_probe)});
    sample.run.profiles[0].connections = 0;
    CHECK(sample.failure() ==
          "nat.yaml:7: the rule never fired. No connection reached a peer with "
          "the profile nat.yaml.");
    sample.run.attempts.clear();
    CHECK(sample.text() ==
          "ghostpeer: FAIL: a rule never acted; COMMAND exited with status 0 after 14.012 s\n"
          "  The program opened no connection to the peer.\n"
          "  FAIL nat.yaml:7: the rule never fired. The program opened no connection to the "
          "peer.\n");
}

TEST_CASE("report: a rule whose phase was over") {
    Sample sample({rule(7, keepalive_probe, profile::Become{"dead", 1}),
                   rule(9, profile::OnEnter{tcp::State::closed})});
    sample.profile->phases = {"", "dead"};
    sample.statistics(0) = fired(1, 0);
    CHECK(sample.failure() ==
          "nat.yaml:9: the rule never fired. `enter closed` never came up. What came up after a "
          "connection had become `dead` (nat.yaml:7) is a matter of that phase's rules, and this "
          "one is of none.");
    sample.profile->rules[1].phase = 1;
    sample.statistics(0) = {};
    sample.profile->rules[0].optional = true;
    CHECK(sample.failure() ==
          "nat.yaml:9: the rule never fired. `enter closed` never came up. No rule made a "
          "connection become `dead`, of which this rule is.");
}

TEST_CASE("report: an optional rule may stay unfired") {
    Sample sample({rule(7, keepalive_probe), rule(9, profile::OnSend{std::nullopt})});
    sample.profile->rules[0].optional = true;
    sample.statistics(1) = fired(1, 0);
    const auto verdict = make_verdict(sample.run);
    CHECK(verdict.pass);
    CHECK(verdict.failures.empty());
    const auto& lines = verdict.report;
    REQUIRE(lines.size() == 4);
    CHECK(lines[2] == "nat.yaml:7  receive keepalive-probe: did not fire, and need not");
    CHECK(lines[3] == "nat.yaml:9  send any: fired once");
}

TEST_CASE("report: many attempts are cut to a readable number") {
    Sample sample({});
    sample.run.attempts.clear();
    for (unsigned i = 1; i <= 25; ++i) {
        sample.run.attempts.push_back(Sample::attempt(i));
    }
    sample.run.attempts[1].syns = 7;
    sample.run.attempts[1].ending = event::Ending::unanswered;
    sample.run.unrecorded_attempts = 100;
    const auto lines = make_verdict(sample.run).report;
    REQUIRE(lines.size() == 1 + 20 + 1);
    CHECK(lines[0] ==
          "                to                start      gap    lasted  in/out bytes  "
          "end");
    CHECK(lines[2] ==
          "#2 attempt 2    198.18.0.2:80   1.000 s  1.000 s  14.000 s           4/0  "
          "never answered, 7 SYNs");
    CHECK(lines[21] == "… and 105 more");
}

TEST_CASE("report: odd packets, limits, chance and losses") {
    Sample sample({rule(7, keepalive_probe)});
    sample.profile->rules[0].filters.probability = 0.3;
    sample.profile->rules[0].optional = true;
    auto& counters = sample.run.counters;
    counters.oddities.at(static_cast<std::size_t>(wire::Oddity::fragment)) = 1;
    counters.oddities.at(static_cast<std::size_t>(wire::Oddity::bad_tcp_checksum)) = 2;
    counters.oddities.at(static_cast<std::size_t>(wire::Oddity::not_tcp)) = 9;
    counters.not_tcp = 9;
    counters.syns_dropped_at_limit = 1;
    counters.bytes_dropped_at_limit = 1000;
    counters.undelivered = 3;
    sample.run.lost = {{"The trace in a\nfile is cut short.", false}};
    const auto lines = make_verdict(sample.run).report;
    REQUIRE(lines.size() == 9);
    CHECK(lines[3] ==
          "3 odd packets did not reach the peer: 1 IP fragment whose packet did not become "
          "whole, 2 bad TCP checksum.");
    CHECK(lines[4] ==
          "The limit on connections was reached: 1 SYN dropped. Raise it if the "
          "program needs more.");
    CHECK(lines[5] == "The limit on bytes held for a connection was reached: 1000 bytes dropped.");
    CHECK(lines[6] == "The link refused 3 packets.");
    CHECK(lines[7] == "Chance was asked for: `--seed 42` repeats it.");
    CHECK(lines[8] == "The trace in a\\x0afile is cut short.");
}

TEST_CASE("report: colour only where told") {
    Sample sample({rule(7, keepalive_probe)});
    const auto verdict = make_verdict(sample.run);
    CHECK(to_text(verdict).find('\x1b') == std::string::npos);
    const auto coloured = to_text(verdict, true);
    CHECK(coloured.rfind("ghostpeer: \x1b[1;31mFAIL\x1b[0m: ", 0) == 0);
    CHECK(std::count(coloured.begin(), coloured.end(), '\x1b') == 4);
}
