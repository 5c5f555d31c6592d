// What became of a program, how it is folded and shown, and how it is compared with what was.
#include "ghostpeer/event/run.hpp"
#include "sweep/baseline.hpp"
#include "sweep/outcome.hpp"
#include "sweep/reports.hpp"
#include "sweep/requests.hpp"
#include "sweep/results.hpp"
#include "sweep/snapshot.hpp"
#include "sweep/table.hpp"

#include "sweep_samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::sweep;

TEST_CASE("sweep: what a run ended in") {
    const Case one = case_of(1, "reset", 1);
    Baseline baseline;
    baseline.output = {"ok\n"};
    const auto outcome = [&](const Evidence& evidence) {
        return judge(one, baseline, evidence, 60).outcome;
    };
    CHECK(outcome(evidence_of(0, 0.1)) == Outcome::fine);
    CHECK(outcome(evidence_of(7, 0.1)) == Outcome::error);
    CHECK(outcome(evidence_of(7, 61)) == Outcome::slow);
    CHECK(outcome(evidence_of(0, 61)) == Outcome::slow);
    CHECK(outcome(evidence_of(0, 0.1, {"ok"})) == Outcome::wrong);
    CHECK(outcome(evidence_of(0, 61, {})) == Outcome::wrong);
    CHECK(outcome(evidence_of(7, 0.1, {})) == Outcome::error);

    auto killed = evidence_of(0, 0.1, {});
    killed.record.status.reset();
    killed.record.signal = "SIGSEGV";
    CHECK(outcome(killed) == Outcome::crash);
    auto hanging = killed;
    hanging.record.ended = "timeout";
    hanging.record.standstill = "nc waits in poll() on #1";
    CHECK(outcome(hanging) == Outcome::hang);
    CHECK(judge(one, baseline, hanging, 60).remark == "nc waits in poll() on #1");
    auto twice = evidence_of(0, 0.1);
    twice.repeated = 1;
    CHECK(outcome(twice) == Outcome::duplicate);
    auto left = evidence_of(0, 0.1);
    left.record.left_behind = {"sleep"};
    CHECK(outcome(left) == Outcome::leak);
    auto unmet = evidence_of(0, 0.1);
    unmet.record.rules.front().fired = 0;
    unmet.record.rules.push_back({"healthy", 1});
    CHECK(outcome(unmet) == Outcome::unreached);
    Evidence nothing;
    nothing.complaint = "there is no memory.";
    CHECK(outcome(nothing) == Outcome::undone);
    CHECK(judge(one, baseline, nothing, 60).remark == "there is no memory.");
    nothing.run_status = 124;  // the last resort's, which leaves no verdict
    CHECK(outcome(nothing) == Outcome::hang);
    auto own = evidence_of(124, 0.1);
    own.run_status = 124;  // COMMAND's
    CHECK(outcome(own) == Outcome::error);
    auto ended = evidence_of(0, 0.1);
    ended.record.ended = "signal";
    CHECK(outcome(ended) == Outcome::undone);

    baseline.unsteady = {0};
    CHECK(outcome(evidence_of(0, 0.1, {"o"})) == Outcome::fine);
}

TEST_CASE("sweep: what standard error says is compared with the baseline's, numbers aside") {
    const Case one = case_of(1, "reset", 1);
    Baseline baseline;
    baseline.output = {"ok\n"};
    baseline.errors = {"12:00:01 begin\n", "speed 3\n"};
    baseline.unsteady_errors = {1};
    const auto end = [&](int status, std::vector<std::string> errors) {
        auto run = evidence_of(status, 0.1);
        run.errors = std::move(errors);
        return judge(one, baseline, run, 60);
    };
    using Errors = Result::Errors;
    CHECK(end(0, {"12:59:59 begin\n", "speed: unknown\n"}).errors == Errors::same);
    const Result other = end(0, {"12:00:01 begin\n", "x\n", "it \x1b broke\n"});
    CHECK(other.errors == Errors::other);
    CHECK(other.error_line == "it \\x1b broke");
    CHECK(other.outcome == Outcome::fine);
    CHECK(describe_rest(other) == ", other standard error");
    CHECK(end(0, {}).errors == Errors::other);
    CHECK(end(0, {}).error_line.empty());
    CHECK(describe_rest(end(7, {"1 begin\n", "2\n"})).empty());
    CHECK(describe_rest(end(7, {"12:00:01 begin\n", "speed 3\n"})) ==
          ", nothing new on standard error");
    const Result again = parse_results(to_line(other)).at(1);
    CHECK(again.errors == Errors::other);
    CHECK(again.error_line == other.error_line);
    baseline.errors_differ = true;
    CHECK(end(0, {}).errors == Errors::unknown);

    auto first = evidence_of(0, 1);
    auto second = evidence_of(0, 1);
    first.errors = {"a\n", "same\n"};
    second.errors = {"b\n", "same\n"};
    CHECK(compare_ends({first, second})->baseline.unsteady_errors == std::vector<std::size_t>{0});
    second.errors.pop_back();
    const auto found = compare_ends({first, second});
    REQUIRE(found.has_value());
    CHECK(found->baseline.errors_differ);
    CHECK(found->remarks.front().find("Standard error has 2 lines, then 1") != std::string::npos);
}

TEST_CASE("sweep: connections that are left open are a leak, unless the baseline leaves them") {
    const auto socket = [](const char* state, std::uint16_t port) {
        event::Socket told;
        told.src.port = port;
        told.state = state;
        event::Event event;
        event.what = told;
        return event;
    };
    event::Event over;
    over.what = event::Conclusion{};
    auto run = evidence_of(0, 0.1);
    for (const auto& told :
         {socket("ESTAB", 1), socket("CLOSE-WAIT", 2), socket("ESTAB", 3), socket("gone", 3),
          socket("FIN-WAIT-1", 4), over, socket("ESTAB", 5)}) {
        add(run.record, told);
    }
    CHECK(run.record.open == 2);
    CHECK(run.record.half_closed == 1);
    Baseline baseline;
    baseline.output = {"ok\n"};
    const Result leak = judge(case_of(1, "reset", 1), baseline, run, 60);
    CHECK(leak.outcome == Outcome::leak);
    CHECK(describe_rest(leak) == ", 2 connections left open");
    CHECK(parse_results(to_line(leak)).at(1).left_open == 2);
    Plan plan = plan_of_six();
    Results results{{1, leak}};
    CHECK(take_snapshot(plan, results).begin()->second ==
          "leak, status 0, at once, 2 connections left open");
    const auto json = nlohmann::json::parse(to_json(plan, results, no_line, "1.0"));
    CHECK(json["runs"][0]["left_open"] == 2);
    CHECK(json["runs"][0]["errors"] == "same");
    CHECK(describe(plan, results, no_line).find("status 0 at once, 2 connections left open") !=
          std::string::npos);
    baseline.left_open = 2;
    CHECK(judge(case_of(1, "reset", 1), baseline, run, 60).outcome == Outcome::fine);
    run.record.left_behind = {"sleep"};
    CHECK(judge(case_of(1, "reset", 1), baseline, run, 60).outcome == Outcome::leak);
    baseline.left_behind = 1;
    CHECK(judge(case_of(1, "reset", 1), baseline, run, 60).outcome == Outcome::fine);

    // Of a server that goes on, what its client has closed and it has not.
    baseline = Baseline{};
    baseline.peer_dials = true;
    baseline.goes_on = true;
    run.record.left_behind.clear();
    run.record.ended = "finish";
    const Result server = judge(case_of(1, "reset", 1), baseline, run, 60);
    CHECK(server.outcome == Outcome::leak);
    CHECK(server.left_open == 1);
}

TEST_CASE("sweep: neighbours that ended alike are one line, findings come worst first") {
    const Plan plan = plan_of_six();
    const Results results = results_of_six();
    const auto groups = fold(plan, results);
    REQUIRE(groups.size() == 4);
    CHECK(groups[0].cases.size() == 2);
    CHECK(groups[3].cases.size() == 2);
    const auto found = findings(plan, results);
    REQUIRE(found.size() == 2);
    CHECK(found[0].result->outcome == Outcome::wrong);
    const std::string text = describe(plan, results, no_line);
    CHECK(text.find("  lose   1..2  fine       status 0 at once\n"
                    "         3     slow       status 0 after 1 min 40 s\n"
                    "  reset  1     error      status 56 at once\n"
                    "         2..3  wrong      status 0 at once\n") != std::string::npos);
    CHECK(text.find("  wrong: reset: 2. segment to 3. segment (2 runs): status 0 at once\n"
                    "      the output ends after 1 line of 2\n"
                    "    repeat 0005\n") != std::string::npos);
    CHECK(text.find("6 runs: 2 wrong, 1 slow, 1 error, 2 fine\n") != std::string::npos);
}

TEST_CASE("sweep: runs that are missing are shown as such") {
    Results results = results_of_six();
    results.erase(2);
    const std::string text = describe(plan_of_six(), results, no_line);
    CHECK(text.find("2     not run") != std::string::npos);
    CHECK(text.find("1 not run") != std::string::npos);
}

TEST_CASE("sweep: times are coarse") {
    CHECK(time_text(0.499) == "at once");
    CHECK(time_text(1.04) == "1.0 s");
    CHECK(time_text(9.96) == "10 s");
    CHECK(time_text(59.7) == "1 min 0 s");
    CHECK(time_text(938.2) == "15 min 38 s");
    CHECK(time_text(7871) == "2 h 11 min");
    CHECK(time_class(0) == "at once");
    CHECK(time_class(59) == "seconds");
    CHECK(time_class(3599) == "minutes");
    CHECK(time_class(3600) == "hours");
}

TEST_CASE("sweep: results are the same after they were written and read") {
    const Results results = results_of_six();
    std::string text;
    for (const auto& [number, result] : results) {
        text += to_line(result);
    }
    const Results again = parse_results(text + "{\"number\":7,\"outc");
    CHECK(again.size() == 6);
    CHECK(describe(plan_of_six(), again, no_line) == describe(plan_of_six(), results, no_line));
    CHECK(again.at(5).remark == results.at(5).remark);
    CHECK(parse_results("7\n{}\n[]\n{\"number\":-1}\n").empty());

    // The line that a sweep was killed in does not swallow the next one.
    const auto top = std::filesystem::temp_directory_path() / "ghostpeer-sweep-killed";
    std::filesystem::remove_all(top);
    const auto folder = Folder::create(top).value();
    std::ofstream(top / "results.jsonl") << to_line(results.at(1)) << "{\"number\":2,\"outc";
    CHECK(folder.resume_results(plan_of_six())->size() == 1);
    REQUIRE(folder.add(results.at(3)).has_value());
    CHECK(folder.read_results(plan_of_six()).size() == 2);
    REQUIRE(folder.add(result_of(7, Outcome::fine)).has_value());  // which the plan has not
    CHECK(folder.read_results(plan_of_six()).size() == 2);
    std::filesystem::remove_all(top);
}

TEST_CASE("sweep: a snapshot is compared by what it says") {
    const Plan plan = plan_of_six();
    Results results = results_of_six();
    const Snapshot before = take_snapshot(plan, results);
    const std::string text = to_yaml(before, {"nc", "a \"b\"\nc"});
    CHECK(text.find("  \"reset, 1. segment\": \"error, status 56, at once\"\n") !=
          std::string::npos);
    const auto again = parse_snapshot(text);
    REQUIRE(again.has_value());
    CHECK(*again == before);
    CHECK(compare(before, *again).empty());
    const Snapshot odd{{"a\n\"b\": \"\\", "fine"}};
    CHECK(parse_snapshot(to_yaml(odd, {})) == odd);
    CHECK(describe(compare({}, {{"\x1b[2J", "x"}})).find('\x1b') == std::string::npos);

    results[4].status = 28;
    results.erase(1);
    const auto changes = compare(before, take_snapshot(plan, results));
    REQUIRE(changes.size() == 2);
    CHECK(describe(changes) ==
          "  lose, 1. segment: is no more (was: fine, status 0, at once)\n"
          "  reset, 1. segment: error, status 28, at once "
          "(was: error, status 56, at once)\n");
    CHECK(describe(compare(take_snapshot(plan, results), before)).find("new: fine") !=
          std::string::npos);
    for (const char* broken : {"", "runs\n", "runs:\n  x: y\n", "runs:\n  \"a\": \"b\n",
                               "  \"a\": \"b\"\n", "runs:\n  \"\": \"\n"}) {
        CHECK_FALSE(parse_snapshot(broken).has_value());
    }
}

TEST_CASE("sweep: which seeds have failed") {
    Plan plan;
    plan.kind = "survey";
    plan.baselines.emplace_back();
    plan.rows = {"lossy"};
    Results results;
    for (std::size_t seed = 1; seed <= 30; ++seed) {
        Case one = case_of(seed, "lossy", seed);
        one.column = "seed " + std::to_string(seed);
        plan.columns.push_back(one.column);
        plan.cases.push_back(one);
        results[seed] = result_of(seed, seed == 4    ? Outcome::hang
                                        : seed == 17 ? Outcome::error
                                                     : Outcome::fine);
    }
    CHECK(describe(plan, results, no_line).find("  lossy: 2 of 30 seeds failed: 4, 17\n") !=
          std::string::npos);
    plan.cases[0].column = "curl, seed 1";
    CHECK(describe(plan, results, no_line).find("  lossy, curl: 0 of 1 seeds failed\n") !=
          std::string::npos);
}

TEST_CASE("sweep: the record's own words say what was left, and where COMMAND stood") {
    event::End end;
    end.ended = event::Ended::wall_timeout;
    end.standstill.clause = "python3 runs";
    end.left_behind = {"sleep", "sh"};
    event::Event told;
    told.what = std::make_shared<const event::End>(end);
    RunRecord record;
    add(record, told);
    CHECK(record.ended == "wall-timeout");
    CHECK(record.standstill == "python3 runs");
    CHECK(record.left_behind == end.left_behind);
}

TEST_CASE("sweep: a server has to answer the next client") {
    const Case one = case_of(1, "reset", 1);
    Baseline baseline;
    baseline.peer_dials = true;
    baseline.goes_on = true;
    baseline.last_answer = 100;
    auto run = evidence_of(0, 90, {});
    run.record.ended = "finish";
    run.record.connections = {{1, true, 0}, {2, true, 100}};
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::fine);
    run.record.connections[1].received = 0;
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::hang);
    CHECK(judge(one, baseline, run, 60).remark == "the next client got no answer");
    run.record.connections.pop_back();
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::hang);
    run.record.connections.push_back({2, true, 40});
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::wrong);
    run.repeated = 1;  // answers, which are the same on every connection
    run.record.connections[1].received = 100;
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::fine);
    run.record.ended = "timeout";  // the client is still there, the server goes on
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::fine);
    run.record.ended = "command";
    CHECK(judge(one, baseline, run, 60).outcome == Outcome::crash);
}

TEST_CASE("sweep: a baseline is two runs that say the same") {
    CHECK(compare_ends({evidence_of(0, 1), evidence_of(0, 1)})->remarks.empty());
    const auto unsteady =
        compare_ends({evidence_of(0, 1, {"a\n", "1\n"}), evidence_of(0, 1, {"a\n", "2\n"})});
    REQUIRE(unsteady.has_value());
    CHECK(unsteady->baseline.unsteady == std::vector<std::size_t>{1});
    CHECK(unsteady->remarks.front().find("\n  -1\n  +2") != std::string::npos);
    const auto error = [](const Evidence& one, const Evidence& other) {
        const auto found = compare_ends({one, other});
        return found ? std::string() : found.error();
    };
    CHECK(error(evidence_of(0, 1, {"a\n"}), evidence_of(0, 1, {})).find("\n  -a") !=
          std::string::npos);
    CHECK(error(evidence_of(3, 1), evidence_of(3, 1)).find("status 3") != std::string::npos);
    auto endless = evidence_of(0, 1);
    endless.record.ended = "timeout";
    CHECK(error(endless, endless).find("does not end") != std::string::npos);
    CHECK(error({}, {}).find("could not be run") != std::string::npos);
    const auto mute = compare_baseline({evidence_of(0, 1), evidence_of(0, 1)}, {});
    REQUIRE_FALSE(mute.has_value());
    CHECK(mute.error().find("no conversation") != std::string::npos);
}

TEST_CASE("sweep: a request that arrives on two connections is one that was repeated") {
    CHECK(count_repeated({"POST / x", "POST / x"}) == 1);
    CHECK(count_repeated({"GET / x", "GET / x"}) == 0);
    CHECK(count_repeated({"hello", "hello", "hello"}) == 2);
    CHECK(count_repeated({"POST / he", "POST / hello"}) == 0);
    CHECK(count_repeated({"one two", "two"}) == 1);
    CHECK(count_repeated({"", ""}) == 0);

    RunRecord record;
    record.segments.resize(3);
    std::vector<Payload> payloads;
    for (std::uint32_t i = 0; i < 3; ++i) {
        SegmentSeen& segment = record.segments[i];
        segment.conn = i < 2 ? 1 : 2;
        segment.in = true;
        segment.fate = event::Fate::accepted;
        segment.from_port = static_cast<std::uint16_t>(i < 2 ? 5000 : 6000);
        segment.seq = i == 1 ? 4 : 1;
        segment.raw_seq = 100 + i;
        segment.length = 3;
        payloads.push_back({static_cast<std::uint16_t>(i < 2 ? 5000 : 6000), 100 + i,
                            std::string(3, static_cast<char>('a' + i))});
    }
    CHECK(delivered(record, payloads) == std::vector<std::string>{"aaabbb", "ccc"});
    record.segments[0].fate = event::Fate::dropped;
    CHECK(delivered(record, payloads) == std::vector<std::string>{"", "ccc"});
}

TEST_CASE("sweep: payloads are read from a capture, and nothing from what is none") {
    std::string packet(20 + 20 + 5, '\0');
    packet[0] = 0x45;
    packet[3] = 45;
    packet[9] = 6;
    packet[20] = 0x13;
    packet[21] = static_cast<char>(0x88);
    packet[27] = 9;
    packet[32] = 0x50;
    std::memcpy(packet.data() + 40, "hello", 5);
    std::string capture(24, '\0');
    const std::uint32_t magic = 0xa1b2c3d4;
    std::memcpy(capture.data(), &magic, sizeof magic);
    std::string header(16, '\0');
    const auto length = static_cast<std::uint32_t>(packet.size());
    std::memcpy(header.data() + 8, &length, sizeof length);
    const auto found = payloads_in(capture + header + packet);
    REQUIRE(found.size() == 1);
    CHECK(found[0].source == 5000);
    CHECK(found[0].sequence == 9);
    CHECK(found[0].bytes == "hello");
    const std::string whole = capture + header + packet;
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CHECK(payloads_in(whole.substr(0, cut)).empty());
    }
    for (std::size_t at = 40; at < 80; ++at) {  // headers that lie
        std::string broken = whole;
        broken[at] = static_cast<char>(0xff);
        CHECK(payloads_in(broken).size() <= 1);
    }
}

TEST_CASE("sweep: reports say the same as the table") {
    const Plan plan = plan_of_six();
    Results results = results_of_six();
    results[5].remark = "line 1 is \"<a&b>\" \x01";
    const std::vector<Outcome> failures{Outcome::wrong};
    const auto json = nlohmann::json::parse(to_json(plan, results, no_line, "1.0"));
    CHECK(json["outcomes"]["wrong"] == 2);
    CHECK(json["runs"][4]["repeat"] == "repeat 0005");
    const std::string junit = to_junit(plan, results, failures, no_line);
    CHECK(junit.find("tests=\"6\" failures=\"2\" skipped=\"0\"") != std::string::npos);
    CHECK(junit.find("&lt;a&amp;b&gt;&quot; \\x01") != std::string::npos);
    const std::string tap = to_tap(plan, results, failures, no_line);
    CHECK(tap.find("1..6\nok 1 - lose, 1. segment\n") != std::string::npos);
    CHECK(tap.find("not ok 5 - reset, 2. segment\n") != std::string::npos);
    results.erase(1);
    CHECK(to_tap(plan, results, failures, no_line).find("ok 1 - lose, 1. segment # SKIP not run") !=
          std::string::npos);
}
