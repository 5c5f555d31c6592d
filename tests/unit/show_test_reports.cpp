// What continuous integration reads: JUnit's XML, TAP, and the verdict with its excerpts.
#include "show/test_reports.hpp"
#include "show/verdict_text.hpp"
#include "support/expect_harness.hpp"

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

constexpr const char* keepalive = R"(rules:
  - {on: receive keepalive-probe, do: drop}
expect:
  - {see: receive keepalive-probe, times: 2}
  - never: receive rst
)";

event::Verdict sample() {
    World world(keepalive);
    Socket socket(world);
    socket.connect();
    for (const auto at : {5s, 8s}) {
        world.until(at);
        socket.send_probe();
    }
    world.until(11s);
    socket.send_rst();
    auto verdict = verdict_of(world);
    verdict.seed = 7;
    return verdict;
}

}  // namespace

TEST_CASE("verdict: what was expected, what was seen, the conversation and the profile's line") {
    const auto text = show::to_text(sample());
    CHECK(
        text.find("\n  test.yaml:5  see: receive keepalive-probe, times: 2: held, seen twice\n") !=
        std::string::npos);
    const auto failure = text.substr(text.find("  FAIL"));
    CHECK(failure ==
          R"(  FAIL test.yaml:6: expected `receive rst` never, but saw it once: at 11.000 s.
        6 |   - never: receive rst
         0.000000  #1   >  [.] seq 1 ack 1 win 64240                           ack
         0.000000  #1      SYN-RECEIVED -> ESTABLISHED
         5.000000  #1   >x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3
         8.000000  #1   >x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3
    ->  11.000000  #1   >  [R] seq 1 win 64240                                 rst
        11.000000  #1      ESTABLISHED -> CLOSED
)");
}

TEST_CASE("JUnit") {
    CHECK(show::to_junit(sample()) == R"x(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ghostpeer" tests="5" failures="1" errors="0" time="11.000000">
  <testsuite name="test.yaml" tests="3" failures="1" errors="0" skipped="0" time="11.000000">
    <properties>
      <property name="seed" value="7"/>
      <property name="ended" value="command"/>
      <property name="verdict" value="FAIL: an expectation failed; COMMAND exited with status 0 after 11.000 s"/>
      <property name="status" value="123"/>
    </properties>
    <testcase classname="test.yaml" name="fires on: receive keepalive-probe (line 3)" file="test.yaml" line="3" time="0"/>
    <testcase classname="test.yaml" name="see: receive keepalive-probe, times: 2 (line 5)" file="test.yaml" line="5" time="0"/>
    <testcase classname="test.yaml" name="never: receive rst (line 6)" file="test.yaml" line="6" time="0">
      <failure message="test.yaml:6: expected `receive rst` never, but saw it once: at 11.000 s." type="expectation">test.yaml:6: expected `receive rst` never, but saw it once: at 11.000 s.
    6 |   - never: receive rst
     0.000000  #1   &gt;  [.] seq 1 ack 1 win 64240                           ack
     0.000000  #1      SYN-RECEIVED -&gt; ESTABLISHED
     5.000000  #1   &gt;x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3
     8.000000  #1   &gt;x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3
-&gt;  11.000000  #1   &gt;  [R] seq 1 win 64240                                 rst
    11.000000  #1      ESTABLISHED -&gt; CLOSED</failure>
    </testcase>
  </testsuite>
  <testsuite name="ghostpeer run" tests="2" failures="0" errors="0" skipped="0" time="11.000000">
    <properties>
      <property name="seed" value="7"/>
      <property name="ended" value="command"/>
      <property name="verdict" value="FAIL: an expectation failed; COMMAND exited with status 0 after 11.000 s"/>
      <property name="status" value="123"/>
    </properties>
    <testcase classname="ghostpeer run" name="COMMAND ends with status 0" time="0"/>
    <testcase classname="ghostpeer run" name="the run is whole" time="0"/>
  </testsuite>
</testsuites>
)x");
}

TEST_CASE("TAP") {
    CHECK(show::to_tap(sample()) == R"(TAP version 14
1..5
ok 1 - test.yaml: fires on: receive keepalive-probe (line 3)
ok 2 - test.yaml: see: receive keepalive-probe, times: 2 (line 5)
not ok 3 - test.yaml: never: receive rst (line 6)
  ---
  message: "test.yaml:6: expected `receive rst` never, but saw it once: at 11.000 s."
  severity: fail
  file: "test.yaml"
  line: 6
  conversation:
    - "    6 |   - never: receive rst"
    - "     0.000000  #1   >  [.] seq 1 ack 1 win 64240                           ack"
    - "     0.000000  #1      SYN-RECEIVED -> ESTABLISHED"
    - "     5.000000  #1   >x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3"
    - "     8.000000  #1   >x [.] seq 0 ack 1 win 64240               keepalive-probe  dropped by test.yaml:3"
    - "->  11.000000  #1   >  [R] seq 1 win 64240                                 rst"
    - "    11.000000  #1      ESTABLISHED -> CLOSED"
  ...
ok 4 - ghostpeer run: COMMAND ends with status 0
ok 5 - ghostpeer run: the run is whole
# ghostpeer: FAIL: an expectation failed; COMMAND exited with status 0 after 11.000 s (status 123, seed 7)
)");
}

TEST_CASE("reports: until the run has ended they fail, and the last verdict is what stays") {
    const auto path = std::filesystem::temp_directory_path() /
                      ("ghostpeer-report-" + std::to_string(::getpid()) + ".xml");
    const auto content = [&] {
        std::ifstream file(path);
        return std::string{std::istreambuf_iterator<char>(file), {}};
    };
    auto file = show::OutputFile::open(path, "JUnit report");
    REQUIRE(file);
    const auto report = show::make_junit(std::move(*file));
    CHECK(content().find("failures=\"1\"") != std::string::npos);
    CHECK(content().find("The run did not end") != std::string::npos);
    report->record({run_start, 0, 0, std::make_shared<const event::Verdict>(sample())});
    report->finish();
    CHECK(content() == show::to_junit(sample()));
    report->record({run_start, 0, 0, std::make_shared<const event::Verdict>(event::Verdict{})});
    report->finish();
    CHECK(content() == show::to_junit(event::Verdict{}));
    CHECK_FALSE(report->lost());
    std::filesystem::remove(path);
}

TEST_CASE("reports: a run without a verdict has the status that it ended with") {
    const auto verdict = show::verdict_of_none("The run did not begin: x.", 127);
    CHECK(show::to_junit(verdict).find("name=\"status\" value=\"127\"") != std::string::npos);
    const auto tap = show::to_tap(verdict);
    CHECK(tap.find("not ok 1 - ghostpeer run: the run ends\n") != std::string::npos);
    CHECK(tap.find("# ghostpeer: ERROR: The run did not begin: x. (status 127, ") !=
          std::string::npos);
    // Nothing is escaped in a comment.
    auto named = verdict;
    named.headline = "TIMEOUT after 1 s: nc waits on #1";
    CHECK(show::to_tap(named).find("nc waits on #1 (status") != std::string::npos);
}

TEST_CASE("JUnit: whatever bytes the texts hold, it is XML") {
    event::Verdict verdict;
    verdict.profiles = {"a<b>&\"\x01\xff\xef\xbf\xbf\xed\xa0\x80\xc3\xa9\xf0\x9f\x98\x80"};
    verdict.kernel = "Linux 6.12.1";
    const auto text = show::to_junit(verdict);
    CHECK(
        text.find("<testsuite name=\"a&lt;b&gt;&amp;&quot;\\x01\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\xf0\x9f\x98\x80"
                  " on Linux 6.12.1\"") != std::string::npos);
}

TEST_CASE("TAP: a description stays one line without a directive") {
    event::Verdict verdict;
    event::ExpectationOutcome outcome;
    outcome.profile = "p#1";
    outcome.text = "see: command x\n# SKIP";
    outcome.pass = false;
    outcome.failure = "p:1: \"no\"\\\xff.";
    verdict.expectations = {outcome};
    const auto text = show::to_tap(verdict);
    CHECK(text.find("not ok 1 - p\\#1: see: command x\\\\x0a\\# SKIP (line 0)\n"
                    "  ---\n  message: \"p:1: \\\"no\\\"\\\\\xef\xbf\xbd.\"\n") !=
          std::string::npos);
}

TEST_CASE("verdict: the excerpt is of the profile's own conversation") {
    const auto silent = profile_of("expect: [{see: receive data}]\n");
    const auto talks = profile_of("");
    const auto address = *wire::IpAddress::parse("198.18.0.3");
    World world(test_settings(),
                {peer::PeerSpec{{address}, {}, silent, {}}, peer::PeerSpec{{}, {}, talks, {}}});
    Socket quiet(world, 40'000, "198.18.0.3", 80);
    quiet.connect();
    Socket loud(world, 40'001);
    loud.connect();
    for (int i = 0; i < 20; ++i) {
        loud.send_data("x");
    }
    const auto verdict = verdict_of(world);
    REQUIRE(verdict.failures.size() == 1);
    CHECK(verdict.failures[0].sentence ==
          "test.yaml:2: expected `receive data` at least once, but did not see it. What arrived: 1 "
          "syn, 1 ack.");
    REQUIRE(verdict.failures.at(0).excerpt.size() > 3);
    for (const auto& line : verdict.failures.at(0).excerpt) {
        CHECK(line.find("#2") == std::string::npos);
    }
}

TEST_CASE("conversation: the beginning and the end are kept") {
    judge::Conversation conversation(10);
    for (int i = 0; i < 100; ++i) {
        conversation.record({run_start + std::chrono::seconds(i), 1, 1,
                             event::State{tcp::State::listen, tcp::State::syn_received}});
    }
    const auto lines = conversation.around({{run_start + 9s, 1, 1}, {run_start + 95s, 1, 1}},
                                           {profile::OnEnter{tcp::State::syn_received}});
    REQUIRE(lines.size() == 14);
    CHECK(lines[0].find("5.000000") != std::string::npos);
    CHECK(lines[4].rfind("->   9.000000", 0) == 0);
    CHECK(lines[5] == "   …");  // the lines between them are lost
    CHECK(lines[6].find("90.000000") != std::string::npos);
    CHECK(conversation.end_of(1).size() == 8);
    conversation.forget_after(run_start + 5s);
    CHECK(conversation.end_of(1).back().find("5.000000") != std::string::npos);
    CHECK(conversation.end_of(2).empty());
    CHECK(conversation.around({}, {}).size() == 6);
    CHECK(judge::Conversation().around({}, {}).empty());
}
