#include "ghostpeer/profile/loader.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;

namespace {

std::string places_of(const std::string& body) {
    const auto loaded = profile::load_text("summary: x\n" + body, "p.yaml");
    std::string text;
    for (const auto& error : loaded.errors) {
        text += std::to_string(error.line) + ":" + std::to_string(error.column) + " " +
                error.message + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("phases and become") {
    const auto loaded = profile::load_text(R"(summary: x
rules:
  - {on: start, do: {become: b}}
phases:
  a: [{on: receive data, do: drop}]
  b: [{on: receive fin, do: [drop, {become: a}]}]
)",
                                           "p.yaml");
    REQUIRE(loaded.profile);
    const auto& profile = *loaded.profile;
    CHECK(profile.phases == std::vector<std::string>{"", "a", "b"});
    REQUIRE(profile.rules.size() == 3);
    CHECK(profile.rules[1].phase == 1);
    CHECK(profile.rules[2].phase == 2);
    CHECK(profile.rules[2].id == 2);
    CHECK(std::get<profile::Become>(profile.rules[0].actions[0]).index == 2);
}

TEST_CASE("errors of phases, each with its own message") {
    CHECK(places_of("rules: [{on: start, do: {become: dead}}]\n") ==
          "2:34 there is no phase `dead`; the profile has no `phases`\n");
    CHECK(places_of("rules: [{on: start, do: {become: daed}}]\n"
                    "phases: {dead: [{on: receive data, do: drop}]}\n") ==
          "2:34 there is no phase `daed`; did you mean `dead`?\n"
          "3:10 no rule has `become: dead`, so this phase never begins\n");
    CHECK(places_of("phases: [1]\n") == "2:9 `phases` takes a map of lists of rules, not a list\n");
    CHECK(places_of("phases: {'a b': []}\n") ==
          "2:10 `a b` is no name of a phase; use letters, digits, `-` and `_`\n");
    CHECK(places_of("rules: [{on: command, do: drop}]\n") ==
          "2:14 `command` needs a name, as in `command unplug`\n");
    CHECK(places_of("rules: [{on: command a/b, do: close}]\n") ==
          "2:14 `a/b` is no name of a command; use letters, digits, `-` and `_`\n");
}

TEST_CASE("attempts") {
    const auto loaded = profile::load_text(
        "summary: x\ntcp: {window: 1000}\nattempts: {1-2: refuse, 3: [], 4+: {tcp: {mss: 100}}}\n",
        "p.yaml");
    REQUIRE(loaded.profile);
    const auto& attempts = loaded.profile->attempts;
    REQUIRE(attempts.size() == 3);
    CHECK(attempts[0].attempts.least == 1);
    CHECK(attempts[0].attempts.most == 2);
    CHECK(attempts[0].profile->name == "refuse");
    CHECK(attempts[1].profile->tcp.window == 1000);
    CHECK(attempts[2].attempts.most == UINT64_MAX);
    CHECK(attempts[2].profile->tcp.window == 1000);
    CHECK(attempts[2].profile->tcp.mss == 100);
}

TEST_CASE("errors of attempts, each with its own message") {
    CHECK(places_of("attempts: {0: refuse}\n") ==
          "2:12 `0` is no attempt; write `3`, `1-2` or `4+`\n");
    CHECK(places_of("attempts: {2-1: refuse}\n") ==
          "2:12 `2-1` is no attempt; write `3`, `1-2` or `4+`\n");
    CHECK(places_of("attempts: {1-3: refuse, 2: healthy}\n") ==
          "2:25 attempt 2 has a behaviour already\n");
    CHECK(places_of("attempts: {1: refsue}\n") ==
          "2:15 there is no profile `refsue`; did you mean `refuse`? `ghostpeer list` shows "
          "all\n");
    CHECK(places_of("attempts: {1: {params: {}}}\n").find("`params`") != std::string::npos);
    CHECK(places_of("attempts: refuse\n") ==
          "2:11 `attempts` takes a map such as `{1-2: refuse, 3+: healthy}`, not `refuse`\n");
}
