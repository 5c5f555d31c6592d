// `expect:` from text to data, and the exact words of what is wrong with one.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;
using profile::Form;
using profile::Outcome;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

profile::Expectation loaded_expectation(const std::string& text) {
    auto all = loaded("expect:\n- " + text + "\n").expect;
    REQUIRE(all.size() == 1);
    return all.front();
}

/// The messages about one expectation.
std::string complaints(const std::string& text) {
    std::string result;
    const auto whole = "summary: test\nexpect:\n- " + text + "\n";
    for (const auto& error : profile::load_text(whole, "p.yaml").errors) {
        result += std::to_string(error.column) + " " + error.message + "\n";
    }
    return result;
}

bool same(const std::optional<profile::Range>& range, std::uint64_t least, std::uint64_t most) {
    return range && range->least == least && range->most == most;
}

}  // namespace

TEST_CASE("expectations: see") {
    const auto made = loaded_expectation(
        "{see: receive keepalive-probe, times: 3, apart: 3s, when: {attempt: 1}}");
    CHECK(made.form == Form::see);
    REQUIRE(made.events.size() == 1);
    CHECK(profile::to_string(made.events[0]) == "receive keepalive-probe");
    CHECK(same(made.times, 3, 3));
    REQUIRE(made.apart);
    CHECK(same(made.apart->gap, 3 * second, 3 * second));
    CHECK_FALSE(made.apart->growth);
    CHECK(same(made.when.attempt, 1, 1));
    CHECK(*made.place.file == "p.yaml");
    CHECK(made.place.line == 3);
    CHECK(made.place.column == 3);
    CHECK(made.source_line ==
          "- {see: receive keepalive-probe, times: 3, apart: 3s, when: {attempt: 1}}");
    CHECK(made.text == "see: receive keepalive-probe, times: 3, apart: 3s, when: {attempt: 1}");
}

TEST_CASE("expectations: several events, and every kind of event") {
    const auto made = loaded_expectation(
        "see: [receive rst, send rst, enter closed, start, received 1KiB, sent 5, idle 1s, "
        "command x]");
    CHECK(made.events.size() == 8);
    CHECK_FALSE(made.times);
}

TEST_CASE("expectations: times between neighbours") {
    CHECK(same(loaded_expectation("{see: start, apart: 1s..1.5s}").apart->gap, second,
               second * 3 / 2));
    CHECK(
        same(loaded_expectation("{see: start, apart: \">= 1s\"}").apart->gap, second, UINT64_MAX));
    const auto map =
        *loaded_expectation("{see: start, apart: {at_least: 1s, at_most: 2s, growth: 1.5..3}}")
             .apart;
    CHECK(same(map.gap, second, 2 * second));
    CHECK(same(map.growth, 1'500'000, 3'000'000));
    const auto capped =
        *loaded_expectation("{see: start, apart: {growth: 2, up_to: 4s, jitter: 20%}}").apart;
    CHECK(capped.up_to == 4s);
    CHECK(capped.jitter == 0.2);
    CHECK(complaints("{see: start, apart: {at_least: 1s, up_to: 4s, jitter: 20%}}") ==
          "38 `up_to` says something of `growth` only\n"
          "49 `jitter` says something of `growth` only\n");
    CHECK(complaints("{see: start, apart: {growth: 2, jitter: 1s}}") ==
          "43 `jitter` takes a percentage such as `20%`, not `1s`\n");
    CHECK(complaints("{see: start, apart: {growth: 2, up_to: 0s}}") ==
          "42 `up_to` must be longer than nothing\n");
    const auto list = *loaded_expectation("{see: start, apart: [1s, 2s, \">= 4s\"]}").apart;
    REQUIRE(list.steps.size() == 3);
    CHECK(same(list.steps[1], 2 * second, 2 * second));
    CHECK(same(list.steps[2], 4 * second, UINT64_MAX));
}

TEST_CASE("expectations: neighbours are needed where the time between them is asked for") {
    CHECK(same(loaded_expectation("{see: start, apart: 1s}").times, 2, UINT64_MAX));
    CHECK(same(loaded_expectation("{see: start, apart: {growth: 2}}").times, 3, UINT64_MAX));
    CHECK(
        same(loaded_expectation("{see: start, apart: 1s, times: \">= 1\"}").times, 1, UINT64_MAX));
}

TEST_CASE("expectations: within") {
    const auto made =
        *loaded_expectation("{see: receive rst, within: 15s of enter established}").within;
    CHECK(same(made.time, 0, 15 * second));
    CHECK(profile::to_string(made.of) == "enter established");
    CHECK_FALSE(made.of_first);
    const auto first =
        *loaded_expectation("{never: receive rst, within: 1s..2s of first receive data}").within;
    CHECK(same(first.time, second, 2 * second));
    CHECK(first.of_first);
    CHECK(same(loaded_expectation("{see: start, within: \">= 1s of start\"}").within->time, second,
               UINT64_MAX));
}

TEST_CASE("expectations: attempts and outcome") {
    const auto attempts =
        loaded_expectation("{attempts: \">= 3\", apart: {at_least: 100ms}, when: {port: 80}}");
    CHECK(attempts.form == Form::attempts);
    CHECK(same(attempts.times, 3, UINT64_MAX));
    CHECK(same(attempts.when.port, 80, 80));
    const auto outcome = loaded_expectation("{outcome: [timed-out, reset], times: 2}");
    CHECK(outcome.form == Form::outcome);
    CHECK(outcome.outcomes == std::vector{Outcome::timed_out, Outcome::reset});
    CHECK(same(outcome.times, 2, 2));
    for (std::size_t i = 0; i < profile::outcome_count; ++i) {
        const auto word = std::string(name(static_cast<Outcome>(i)));
        CHECK(loaded_expectation("outcome: " + word).outcomes.front() == static_cast<Outcome>(i));
    }
}

TEST_CASE("expectations: tolerance of each, or of all") {
    const auto all = loaded(
                         "tolerance: 10%\nexpect:\n- {see: start, apart: 1s}\n"
                         "- {see: start, apart: 1s, tolerance: 50ms}\n")
                         .expect;
    CHECK(all[0].tolerance.share == 0.1);
    CHECK_FALSE(all[0].tolerance.time);
    CHECK(all[1].tolerance.time == 50ms);
    CHECK_FALSE(all[1].tolerance.share);
}

TEST_CASE("expectations: those of an extended profile hold until others replace them") {
    Folder folder;
    folder.write("base.yaml", "summary: b\ntolerance: 10%\nexpect: [{outcome: reset}]\n");
    const auto expect_of = [&](const std::string& text) {
        const auto result = profile::load(folder.write("p.yaml", "extends: base.yaml\n" + text));
        REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
        return result.profile->expect;
    };
    const auto inherited = expect_of("");
    REQUIRE(inherited.size() == 1);
    CHECK(*inherited[0].place.file == folder.path("base.yaml"));
    CHECK(inherited[0].place.line == 3);
    CHECK(expect_of("expect: [{attempts: 1}, {outcome: closed}]\n").size() == 2);
    CHECK(expect_of("expect: []\n").empty());
    CHECK(expect_of("expect: [{see: start, apart: 1s}]\n")[0].tolerance.share == 0.1);
}

TEST_CASE("expectations: a profile that `attempts` names keeps its own to itself") {
    Folder folder;
    folder.write("other.yaml", "summary: o\nexpect: [{outcome: reset}]\n");
    const auto result = profile::load(folder.write(
        "p.yaml", "summary: p\nattempts: {1: ./other.yaml, 2: []}\nexpect: [{attempts: 2}]\n"));
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(result.profile->expect.size() == 1);
    CHECK(result.profile->attempts[1].profile->expect.empty());
}

TEST_CASE("expectations: a thousand of them, and no more") {
    std::string text = "summary: test\nexpect:\n";
    for (int i = 0; i < 1000; ++i) {
        text += "- {see: start}\n";
    }
    const auto most = profile::load_text(text, "p.yaml");
    REQUIRE(most.profile);
    CHECK(most.profile->expect.size() == 1000);
    const auto more = profile::load_text(text + "- {see: start}\n", "p.yaml");
    REQUIRE(more.errors.size() == 1);
    CHECK(more.errors.front().message == "`expect` has more than 1000 entries");
}

TEST_CASE("errors of expectations: forms") {
    CHECK(problems("expect: x\n") == "1:9 `expect` takes a list of expectations, not `x`\n");
    CHECK(complaints("5") ==
          "3 an expectation is a map with `see`, `never`, `attempts`, `outcome` or `command`, not "
          "a word\n");
    CHECK(complaints("{times: 3}") ==
          "3 this expectation has none of `see`, `never`, `attempts`, `outcome` and `command`\n");
    CHECK(complaints("{see: start, never: start}") ==
          "16 an expectation has one of `see`, `never`, `attempts`, `outcome` and `command`, not "
          "both `see` "
          "and `never`\n");
    CHECK(complaints("{sea: start, see: start}") ==
          "4 there is no key `sea` in an expectation; did you mean `see`?\n");
}

TEST_CASE("errors of expectations: events") {
    CHECK(complaints("see: receive dta") ==
          "8 there is no kind of segment `dta`; did you mean `data`?\n");
    CHECK(complaints("see: recieve data") ==
          "8 there is no event `recieve`; did you mean `receive`?\n");
    CHECK(complaints("never: [start, start]") == "18 the event `start` stands twice in `never`\n");
    CHECK(complaints("see: []") == "8 `see` names no event\n");
    CHECK(complaints("{see: start, when: {length: 5}}") ==
          "23 the filter `length` needs a segment, and `start` has none\n");
    CHECK(complaints("{see: receive data, when: {length: 0}}") ==
          "38 `receive data` never has `length: 0`\n");
    CHECK(complaints("{see: start, when: {prot: 5}}") ==
          "23 there is no filter `prot` in `when`; did you mean `port`?\n");
}

TEST_CASE("errors of expectations: numbers and times") {
    CHECK(complaints("{see: start, times: many}") ==
          "23 `times` takes a number or a range such as `3`, `\">= 3\"` or `2..4`, not `many`\n");
    CHECK(complaints("{see: start, times: 4..2}") ==
          "23 `times` can never be `4..2`: nothing is in that range\n");
    CHECK(complaints("attempts: \"< 0\"") ==
          "13 `attempts` can never be `< 0`: nothing is in that range\n");
    CHECK(complaints("{see: start, apart: 3}") ==
          "23 `apart` takes a time or a range such as `3s`, `\">= 3s\"` or `1s..1.5s`, not `3`\n");
    CHECK(complaints("{see: start, apart: [1s, x]}") ==
          "28 `apart` takes a time or a range such as `3s`, `\">= 3s\"` or `1s..1.5s`, not `x`\n");
    CHECK(complaints("{see: start, apart: []}") == "23 `apart` takes a list of 1 to 1000 times\n");
    CHECK(complaints("{see: start, apart: {}}") ==
          "23 `apart` says nothing; give it `at_least`, `at_most` or `growth`\n");
    CHECK(complaints("{see: start, apart: {at_least: 2s, at_most: 1s}}") ==
          "47 `at_most` is shorter than `at_least`\n");
    CHECK(complaints("{see: start, apart: {growth: 0}}") ==
          "32 `growth` takes a factor or a range such as `2`, `\">= 1.5\"` or `1.5..3`, not "
          "`0`\n");
    CHECK(complaints("{see: start, apart: {grwth: 2}}") ==
          "24 there is no key `grwth` in `apart`; did you mean `growth`?\n");
    CHECK(complaints("{see: start, apart: 1s, times: 1}") ==
          "16 `apart` needs two of them at least, and there may be no more than 1\n");
    CHECK(complaints("{attempts: 2, apart: {growth: 2}}") ==
          "17 `growth` needs three of them at least, and there may be no more than 2\n");
    CHECK(complaints("{see: start, tolerance: 1}") ==
          "16 `tolerance` needs a time: `apart` or `within`\n"
          "27 `tolerance` takes a time or a percentage such as `50ms` or `10%`, not `1`\n");
}

TEST_CASE("errors of expectations: within") {
    CHECK(complaints("{see: receive rst, within: 15s}") ==
          "30 `within: 15s` needs what it counts from, as in `15s of enter established`\n");
    CHECK(complaints("{see: receive rst, within: soon of start}") ==
          "30 `within` takes a time and what it counts from, as in `15s of enter established`, not "
          "`soon of start`\n");
    CHECK(complaints("{see: receive rst, within: 2s..1s of start}") ==
          "30 `within` can never be `2s..1s`: nothing is in that range\n");
    CHECK(complaints("{see: receive rst, within: 2s of enter establishd}") ==
          "30 there is no state `establishd` that a connection enters; did you mean "
          "`established`?\n");
    CHECK(complaints("{see: receive rst, within: [1s]}") ==
          "30 `within` takes a time and what it counts from, as in `15s of enter established`, not "
          "a list\n");
}

TEST_CASE("errors of expectations: what a form does not have") {
    CHECK(complaints("{never: start, times: 2}") == "18 `never` cannot have `times`\n");
    CHECK(complaints("{never: start, apart: 2s}").find("18 `never` cannot have `apart`\n") == 0);
    CHECK(complaints("{attempts: 2, times: 2}") ==
          "17 `attempts` cannot have `times`; it is a number itself\n");
    CHECK(complaints("{attempts: 2, within: 1s of start}") ==
          "17 `attempts` cannot have `within`; `apart` tells the time between attempts\n");
    CHECK(complaints("{attempts: 2, when: {attempt: 1}}") ==
          "24 `attempts` takes only `port`, `family` and `address` in `when`, not `attempt`\n");
    CHECK(complaints("{outcome: reset, when: {length: 1}}") ==
          "27 `outcome` takes only `attempt`, `port`, `family` and `address` in `when`, not "
          "`length`\n");
    CHECK(complaints("{outcome: [reset, open], within: 1s of start}") ==
          "28 `within` cannot stand beside the outcome `open`, which has no time\n");
    CHECK(complaints("{outcome: unknown, within: 1s of start}") ==
          "22 `within` cannot stand beside the outcome `unknown`, which has no time\n");
    CHECK(loaded_expectation("{outcome: reset, within: 1s of start}").within);
    CHECK(complaints("outcome: timeout") ==
          "12 there is no outcome `timeout`; did you mean `timed-out`?\n");
    CHECK(complaints("outcome: [[reset]]") ==
          "13 an outcome is a word such as `reset`, not a list\n");
    CHECK(complaints("outcome: []") == "12 `outcome` names no outcome\n");
}

TEST_CASE("expectations: command") {
    const auto made = loaded_expectation(
        "{command: {status: [28, '7'], within: 3s, output: [\"timed out\", /a|b/]}}");
    CHECK(made.form == Form::command);
    CHECK(made.command.statuses == std::vector<int>{28, 7});
    CHECK(same(made.command.within, 0, 3 * second));
    REQUIRE(made.command.output.size() == 2);
    CHECK(made.command.output[0].found_in("it timed out."));
    CHECK(made.command.output[1].found_in("xb"));
    CHECK(
        same(loaded_expectation("{command: {within: 1s..2s}}").command.within, second, 2 * second));
    CHECK(complaints("{command: {}}") ==
          "13 `command` expects nothing: give it `status`, `within` or `output`\n");
    CHECK(complaints("{command: {status: 256}}") ==
          "22 `status` takes an exit status from 0 to 255, or a list of them\n");
    CHECK(complaints("{command: {output: /a(b/}}") ==
          "22 `/a(b/` is no regular expression: missing ): a(b\n");
    CHECK(complaints("{command: {status: 1}, within: 3s of start}") ==
          "26 `command` cannot have `within` beside it; write it in its map\n");
    CHECK(complaints("{command: {status: 1}, times: 2}") == "26 `command` cannot have `times`\n");
}
