// Which status a run ends with, and that every word about it agrees.
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

/// A run of a profile with one rule that fired.
RunSummary good_run() {
    auto profile = std::make_shared<profile::Profile>();
    profile->name = "nat.yaml";
    profile::Rule rule;
    rule.place = place("nat.yaml", 7);
    rule.on.emplace_back(profile::OnReceive{tcp::Kind::data});
    profile->rules.push_back(rule);
    ProfileStatistics statistics;
    statistics.profile = profile;
    statistics.connections = 1;
    statistics.rules.resize(1);
    statistics.rules[0].events = statistics.rules[0].fired = 1;
    RunSummary run;
    run.profiles = {statistics};
    run.command = event::Exit{0, std::nullopt};
    run.length = 1'250ms;
    return run;
}

RunSummary misfired_run() {
    auto run = good_run();
    run.profiles[0].rules[0] = {};
    return run;
}

std::string headline_of(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Everything that tells of the run says the same; what it says.
void check_all(const RunSummary& run, int status, const std::string& headline) {
    CAPTURE(headline);
    const auto verdict = make_verdict(run);
    CHECK(verdict.status == status);
    CHECK(verdict.headline == headline);
    CHECK(headline_of(to_text(verdict)) == "ghostpeer: " + headline);
    const bool good = status == 0;
    CHECK(verdict.pass == good);
    CHECK((headline.rfind("pass,", 0) == 0) == good);
    const auto junit = to_junit(verdict);
    CHECK((junit.find("<failure ") == std::string::npos) == good);
    CHECK((junit.find("failures=\"0\" errors=\"0\" time") != std::string::npos) == good);
    const auto tap = to_tap(verdict);
    CHECK((tap.find("\nnot ok ") == std::string::npos) == good);
}

}  // namespace

TEST_CASE("judgement: pass means status 0") {
    check_all(good_run(), 0, "pass, COMMAND exited with status 0 after 1.250 s");
    auto finished = good_run();
    finished.ended = Ended::finish;
    finished.command = event::Exit{0, 15};
    check_all(finished, 0, "pass, a `finish` action ended the run after 1.250 s");
    finished.ended = Ended::run_for;
    check_all(finished, 0, "pass, --for ended the run after 1.250 s");
}

TEST_CASE("judgement: COMMAND's own failure is the run's, and named") {
    auto run = good_run();
    run.command = event::Exit{28, std::nullopt};
    check_all(run, 28, "COMMAND failed (28); the faults happened as told; it ended after 1.250 s");
    CHECK(make_verdict(run).only_command);
    run.command = event::Exit{0, 11};
    check_all(run, 139,
              "COMMAND was ended by SIGSEGV; the faults happened as told; it ended after 1.250 s");
    run.profiles[0].rules[0].fired = 0;
    auto optional = *run.profiles[0].profile;
    optional.rules[0].optional = true;
    run.profiles[0].profile = std::make_shared<profile::Profile>(optional);
    check_all(run, 139, "COMMAND was ended by SIGSEGV; no fault happened; it ended after 1.250 s");
    run.profiles.clear();
    check_all(run, 139, "COMMAND was ended by SIGSEGV; it ended after 1.250 s");
}

TEST_CASE("judgement: what was asked for and did not happen comes before COMMAND's own status") {
    auto run = misfired_run();
    run.command = event::Exit{28, std::nullopt};
    check_all(run, 123, "FAIL: a rule never acted; COMMAND exited with status 28 after 1.250 s");
    CHECK_FALSE(make_verdict(run).only_command);
    run.undialled = {"The peer did not dial.", "Nor did another."};
    check_all(
        run, 123,
        "FAIL: a rule never acted, 2 connections were not opened; COMMAND exited with status 28 "
        "after 1.250 s");
    CHECK(to_junit(make_verdict(run)).find("Nor did another.") != std::string::npos);
    CHECK(to_tap(make_verdict(run)).find("Nor did another.") != std::string::npos);
}

TEST_CASE("judgement: an expected status") {
    auto run = good_run();
    run.expected_status = 28;
    run.command = event::Exit{28, std::nullopt};
    check_all(run, 0, "pass, COMMAND exited with status 28, as expected, after 1.250 s");
    run.command = event::Exit{0, std::nullopt};
    check_all(run, 123,
              "FAIL: COMMAND did not end with 28; COMMAND exited with status 0 after 1.250 s");
    const auto failures = make_verdict(run).failures;
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].sentence == "COMMAND exited with status 0; --expect-status asked for 28.");
    run.expected_status = 137;
    run.command = event::Exit{0, 9};
    check_all(run, 0, "pass, COMMAND was ended by SIGKILL, as expected, after 1.250 s");
    // Whoever ended it, it did not end as asked.
    run.ended = Ended::finish;
    check_all(run, 123,
              "FAIL: COMMAND did not end with 137; a `finish` action ended the run after 1.250 s");
    CHECK(make_verdict(run).failures.at(0).sentence ==
          "COMMAND was ended with the run; --expect-status asked for 137.");
    run.timeout = 1s;
    run.ended = Ended::timeout;
    check_all(run, 124, "TIMEOUT after 1.000 s; COMMAND did not end with 137");
}

TEST_CASE("judgement: a timeout is never a pass") {
    auto run = good_run();
    run.timeout = 1s;
    run.ended = Ended::timeout;
    run.command = event::Exit{0, std::nullopt};
    check_all(run, 124, "TIMEOUT after 1.000 s");
    CHECK_FALSE(make_verdict(run).only_command);
    run = misfired_run();
    run.timeout = 1s;
    run.ended = Ended::timeout;
    check_all(run, 124, "TIMEOUT after 1.000 s; a rule never acted");
}

TEST_CASE("judgement: --wall-timeout is a timeout, in every word") {
    auto run = good_run();
    run.wall_timeout = 2s;
    run.ended = Ended::wall_timeout;
    run.command = event::Exit{0, 15};
    run.standstill = {"nc has waited in read() on #1 since 0.016 s", {}};
    check_all(run, 124,
              "TIMEOUT after 2.000 s of real time: nc has waited in read() on #1 since 0.016 s");
    CHECK(make_verdict(run).ended == "timeout");
}

TEST_CASE("judgement: a run that a signal cut short is never a pass") {
    auto run = good_run();
    run.ended = Ended::signal;
    run.signal = 15;
    run.command = event::Exit{0, std::nullopt};
    check_all(run, 143, "ENDED by SIGTERM after 1.250 s; COMMAND exited with status 0");
    run.command = event::Exit{42, std::nullopt};
    check_all(run, 42, "ENDED by SIGTERM after 1.250 s; COMMAND exited with status 42");
    run.command = event::Exit{0, 15};
    check_all(run, 143, "ENDED by SIGTERM after 1.250 s; COMMAND was ended by SIGTERM");
}

TEST_CASE("judgement: a peer that is served ends by a signal, in order") {
    auto run = good_run();
    run.served = true;
    run.command.reset();
    run.ended = Ended::signal;
    run.signal = 15;
    check_all(run, 0, "pass, SIGTERM ended the run after 1.250 s");
    run.ended = Ended::timeout;
    run.timeout = 1s;
    check_all(run, 124, "TIMEOUT after 1.000 s");
    run.undialled = {"The peer did not dial."};
    check_all(run, 123, "FAIL: a connection was not opened; --timeout ended the run after 1.250 s");
}

TEST_CASE("judgement: a run that breaks down, and one that loses what programs were to read") {
    auto run = good_run();
    run.failure = "the helper process was killed.";
    check_all(run, 125, "ERROR: the helper process was killed.");
    run = good_run();
    run.command.reset();
    check_all(run, 125, "ERROR: COMMAND was not started.");
    run = good_run();
    run.lost = {{"The trace is cut short.", false}};
    check_all(run, 0, "pass, COMMAND exited with status 0 after 1.250 s");
    run.lost.push_back({"The event stream is cut short.", true});
    check_all(
        run, 125,
        "INCOMPLETE: what programs were to read was not written; COMMAND exited with status 0 "
        "after 1.250 s");
    CHECK(to_junit(make_verdict(run)).find("The event stream is cut short.") != std::string::npos);
    run.command = event::Exit{3, std::nullopt};
    CHECK(make_verdict(run).status == 3);
}

TEST_CASE("judgement: a pass without a fault says so, and --require-fault does not take it") {
    auto run = good_run();
    auto profile = *run.profiles[0].profile;
    profile.rules[0].optional = true;
    run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
    check_all(run, 0, "pass, COMMAND exited with status 0 after 1.250 s");
    run.profiles[0].rules[0] = {};
    const std::string but = "no rule acted, and none had to; COMMAND exited with status 0 after ";
    auto verdict = make_verdict(run);
    CHECK(verdict.status == 0);
    CHECK(verdict.headline == "pass, but no fault happened: " + but + "1.250 s");

    auto other = run.profiles[0];
    profile.name = "other";
    other.profile = std::make_shared<profile::Profile>(profile);
    other.rules[0].fired = 1;
    run.profiles.push_back(other);
    CHECK(
        make_verdict(run).headline ==
        "pass, but no rule of nat.yaml acted, and none had to; COMMAND exited with status 0 after "
        "1.250 s");
    run.require_fault = true;
    check_all(run, 123, "FAIL: no fault happened; COMMAND exited with status 0 after 1.250 s");
    // Somebody at the control interface made one.
    run.ordered_faults = 1;
    CHECK(make_verdict(run).status == 0);
    run.ordered_faults = 0;
    run.profiles[0].rules[0].fired = 1;
    check_all(run, 0, "pass, COMMAND exited with status 0 after 1.250 s");
}

TEST_CASE("judgement: a fault that is in no rule has to be met, too") {
    auto run = good_run();
    auto profile = *run.profiles[0].profile;
    profile.rules.clear();
    const std::string end = "COMMAND exited with status 0 after 1.250 s";
    const auto with = [&](bool fault, std::uint64_t connections) {
        profile.constant_fault = fault;
        run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
        run.profiles[0].rules.clear();
        run.profiles[0].connections = connections;
        return run;
    };
    check_all(with(true, 1), 0, "pass, " + end);
    check_all(with(true, 0), 123, "FAIL: no connection met nat.yaml; " + end);
    check_all(with(false, 1), 0, "pass, " + end);
    CHECK(make_verdict(with(false, 0)).headline ==
          "pass, but no connection came to a peer; " + end);
    CHECK(make_verdict(with(false, 0)).status == 0);
    // A served peer waits for whoever comes.
    run = with(true, 0);
    run.served = true;
    run.ended = Ended::signal;
    run.signal = 15;
    check_all(run, 0, "pass, SIGTERM ended the run after 1.250 s");
    run = good_run();
    run.require_fault = true;
    check_all(with(false, 1), 123, "FAIL: no fault happened; " + end);
    check_all(with(true, 1), 0, "pass, " + end);
    run.command = event::Exit{28, std::nullopt};
    run.require_fault = false;
    check_all(with(true, 1), 28,
              "COMMAND failed (28); the faults happened as told; it ended after 1.250 s");
    // What it answers has to be asked for.
    run.command = event::Exit{0, std::nullopt};
    profile.fault_in_answer = true;
    check_all(with(true, 1), 123, "FAIL: nat.yaml answered nobody; " + end);
    CHECK(make_verdict(run).failures.at(0).sentence.find("expect: [{never: send data}]") !=
          std::string::npos);
    run.served = true;
    CHECK(make_verdict(run).failures.empty());
    run.served = false;
    run.profiles[0].traffic.reasons.at(static_cast<std::size_t>(tcp::Reason::data)) = 1;
    check_all(with(true, 1), 0, "pass, " + end);
    profile.fault_in_answer = false;
    run.profiles[0].traffic = {};
    // One that is another's second attempt counts where that is met.
    run.command = event::Exit{0, std::nullopt};
    run = with(true, 1);
    profile::Profile outer;
    outer.name = "outer.yaml";
    outer.constant_fault = true;
    outer.attempts.push_back({{1, UINT64_MAX}, run.profiles[0].profile});
    ProfileStatistics other;
    other.number = 1;
    other.profile = std::make_shared<profile::Profile>(outer);
    run.profiles.push_back(other);
    check_all(run, 0, "pass, " + end);
}

TEST_CASE("judgement: what a profile expects that `attempts` only names excuses no status") {
    auto run = good_run();
    auto named = *run.profiles[0].profile;
    named.rules.clear();
    profile::Expectation ends;
    ends.form = profile::Form::command;
    ends.command.statuses = {0};
    named.expect = {ends};
    ProfileStatistics other;
    other.number = 1;
    other.profile = std::make_shared<profile::Profile>(named);
    other.connections = 1;
    run.profiles.push_back(other);
    run.command = event::Exit{5, std::nullopt};
    check_all(run, 5, "COMMAND failed (5); the faults happened as told; it ended after 1.250 s");
}

TEST_CASE("judgement: a connection to another peer is none to this one, with attempts or without") {
    auto run = good_run();
    profile::Profile profile;
    profile.name = "other.yaml";
    profile::Expectation never;
    never.place = place("other.yaml", 9);
    never.form = profile::Form::never;
    never.events.emplace_back(profile::OnReceive{tcp::Kind::rst});
    profile.expect = {never};
    profile.attempts.push_back({{1, 9}, std::make_shared<profile::Profile>()});
    ProfileStatistics other;
    other.number = 1;
    other.profile = std::make_shared<profile::Profile>(profile);
    other.expectations.resize(1);
    other.expectations[0].pass = true;
    run.profiles.push_back(other);
    run.attempts.resize(1);
    run.attempts[0].profile = run.profiles[0].number;
    CHECK(make_verdict(run).headline ==
          "FAIL: a profile met no connection; COMMAND exited with status 0 after 1.250 s");
    run.unmet_peers = {{"b.x", "refuse"}};
    CHECK(to_text(make_verdict(run)).find("No connection came to b.x, whose profile is refuse.") !=
          std::string::npos);
}

TEST_CASE("judgement: expectations that had nothing to look at") {
    auto run = good_run();
    auto profile = *run.profiles[0].profile;
    profile.rules.clear();
    profile::Expectation never;
    never.place = place("nat.yaml", 9);
    never.form = profile::Form::never;
    never.events.emplace_back(profile::OnReceive{tcp::Kind::rst});
    profile.expect = {never};
    const auto with = [&](std::uint64_t connections) {
        run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
        run.profiles[0].rules.clear();
        run.profiles[0].expectations.assign(1, {});
        run.profiles[0].expectations[0].pass = true;
        run.profiles[0].connections = connections;
        return run;
    };
    check_all(with(1), 0, "pass, COMMAND exited with status 0 after 1.250 s");
    check_all(with(0), 123,
              "FAIL: a profile met no connection; COMMAND exited with status 0 after 1.250 s");
    profile.expect[0].events = {profile::OnReceive{tcp::Kind::syn}};
    check_all(with(0), 0, "pass, COMMAND exited with status 0 after 1.250 s");
    profile.expect[0].form = profile::Form::attempts;
    check_all(with(0), 0, "pass, COMMAND exited with status 0 after 1.250 s");
}

TEST_CASE("judgement: a rule that only ends the run is no fault") {
    auto run = good_run();
    auto profile = *run.profiles[0].profile;
    profile.rules[0].actions = {profile::Log{"seen"}, profile::Finish{true}};
    run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
    const std::string end = "COMMAND exited with status 0 after 1.250 s";
    check_all(run, 0, "pass, " + end);
    // Another acts, or has not.
    profile::Rule dropping = profile.rules[0];
    dropping.optional = true;
    dropping.actions = {profile::Drop{}};
    profile.rules.push_back(dropping);
    run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
    run.profiles[0].rules.resize(2);
    check_all(run, 0, "pass, but no fault happened: no rule acted, and none had to; " + end);
    run.profiles[0].rules[1].fired = 1;
    check_all(run, 0, "pass, " + end);
}

TEST_CASE("judgement: what COMMAND leaves behind") {
    auto run = good_run();
    run.left_behind = {"nginx", "nginx"};
    run.command_length = 12ms;
    auto verdict = make_verdict(run);
    CHECK(verdict.headline ==
          "pass, COMMAND exited with status 0 after 1.250 s and left 2 processes (nginx) behind");
    auto profile = *run.profiles[0].profile;
    profile.role = profile::Role::client;
    run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
    verdict = make_verdict(run);
    CHECK(verdict.status == 123);
    CHECK(verdict.failures.front().sentence.find(
              "left 2 processes (nginx) behind, before the peer") != std::string::npos);
    Attempt answered;
    answered.dialled = true;
    answered.received = 1;
    run.attempts = {answered};
    CHECK(make_verdict(run).status == 0);
}

TEST_CASE("judgement: where COMMAND stood") {
    auto run = good_run();
    run.timeout = 1s;
    run.ended = Ended::timeout;
    run.standstill = {"nc has waited in read() on #1 since 0.016 s", {"nc is in read."}};
    check_all(run, 124, "TIMEOUT after 1.000 s: nc has waited in read() on #1 since 0.016 s");
    CHECK(to_text(make_verdict(run)).find("\n  nc is in read.\n") != std::string::npos);
    run.ended = Ended::command;
    CHECK(to_text(make_verdict(run)).find("nc is in read.") == std::string::npos);
}

TEST_CASE("judgement: a `command` expectation") {
    auto run = good_run();
    auto profile = *run.profiles[0].profile;
    profile::Expectation ends;
    ends.place = place("nat.yaml", 9);
    ends.form = profile::Form::command;
    ends.command.statuses = {28};
    ends.command.within = profile::Range{0, 1'000'000'000};
    ends.command.output = {*profile::Pattern::parse("/^curl: .*time[d]? out$/")};
    profile.expect = {ends};
    run.profiles[0].profile = std::make_shared<profile::Profile>(profile);
    run.profiles[0].expectations.resize(1);
    run.command = event::Exit{28, std::nullopt};
    run.command_length = 1s;
    run.output = {"", "first\ncurl: (28) timed out\n"};
    check_all(run, 0, "pass, COMMAND exited with status 28, as expected, after 1.250 s");
    const std::string fails = "FAIL: an expectation failed; COMMAND exited with status ";
    const auto failure = [&](int status) {
        check_all(run, 123, fails + std::to_string(status) + " after 1.250 s");
        return make_verdict(run).failures.at(0).sentence;
    };
    run.command = event::Exit{0, std::nullopt};
    CHECK(failure(0) ==
          "nat.yaml:9: expected COMMAND to end with status 28, but it exited with status 0.");
    run.command = event::Exit{0, std::nullopt};
    run.output[1] = "nothing";
    CHECK(failure(0).find("but it exited with status 0. And: expected COMMAND to write") !=
          std::string::npos);
    run.output[1] = "first\ncurl: (28) timed out\n";
    run.command = event::Exit{28, std::nullopt};
    run.command_length = 1s + 1ns;
    CHECK(failure(28) ==
          "nat.yaml:9: expected COMMAND to end within 1.000 s, but it ended after 1.000 s.");
    run.command_length = 1s;
    run.output[1] = "curl: timed out!\n";
    CHECK(failure(28) ==
          "nat.yaml:9: expected COMMAND to write `/^curl: .*time[d]? out$/`, but it did not; its "
          "last line: \"curl: timed out!\".");
}
