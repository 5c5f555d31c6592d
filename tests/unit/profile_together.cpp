// Profiles that are put together: `extends: [a, b]`, and `a+b` wherever a profile is named.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

[[nodiscard]] std::string words_of_rules(const profile::Profile& profile) {
    std::string texts;
    for (const auto& rule : profile.rules) {
        for (const auto& action : rule.actions) {
            const auto* log = std::get_if<profile::Log>(&action);
            texts += log != nullptr ? log->text : std::string(profile::name(action)) + " ";
        }
    }
    return texts;
}

}  // namespace

TEST_CASE("rules stand in the list's order, and later keys go before") {
    const Folder folder;
    folder.write("base.yaml",
                 "summary: base\nip: {ttl: 1, tos: 8}\ntcp: {mss: 100}\n"
                 "rules: [{on: start, do: {log: base}}]\n");
    folder.write("a.yaml",
                 "summary: a\nextends: ./base.yaml\nip: {ttl: 2}\n"
                 "rules: [{on: start, do: {log: a}}]\n");
    folder.write("b.yaml",
                 "summary: b\nextends: ./base.yaml\nip: {ttl: 3}\ntcp: {mss: 200}\n"
                 "rules: [{on: start, do: {log: b}}]\n");
    const auto path = folder.write("c.yaml",
                                   "extends: [./a.yaml, ./b.yaml]\nsummary: c\n"
                                   "rules: [{on: start, do: {log: c}}]\n");
    const auto result = profile::load(path);
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(words_of_rules(*result.profile) == "cabbase");
    CHECK(result.profile->ip.ttl == 3);
    CHECK(result.profile->ip.tos == 8);
    CHECK(result.profile->tcp.mss == 200);
    CHECK(result.profile->summary == "c");
    CHECK(result.profile->files.size() == 4);
}

TEST_CASE("a profile with a plus stands for one that extends both") {
    const auto result = profile::load("lossy+high-latency", {{"loss", "5%"}, {"delay", "1s"}});
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(result.profile->name == "lossy+high-latency");
    CHECK(result.profile->summary == "lossy + high-latency");
    CHECK(words_of_rules(*result.profile) == "drop delay ");
    CHECK(profile::load("3g+lossy").profile->link);
    const auto source = profile::read_source("lossy+3g");
    REQUIRE(source);
    CHECK(*source == "summary: 'lossy + 3g'\nextends: ['lossy', '3g']\n");
    // As a record has it.
    const auto again = profile::load_again(result.profile->files, {{"loss", "5%"}});
    REQUIRE_MESSAGE(again.profile, profile::to_string(again.errors));
    CHECK(words_of_rules(*again.profile) == "drop delay ");
}

TEST_CASE("files are put together as names are") {
    const Folder folder;
    const auto mine = folder.write("mine.yaml", "summary: m\nrules: [{on: start, do: {log: m}}]\n");
    folder.write("a+b.yaml", "summary: one file\n");
    const auto result = profile::load(mine + "+lossy");
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(words_of_rules(*result.profile) == "mdrop ");
    const auto again = profile::load_again(result.profile->files);
    REQUIRE_MESSAGE(again.profile, profile::to_string(again.errors));
    CHECK(words_of_rules(*again.profile) == "mdrop ");
    const auto user = folder.write("user.yaml", "extends: [./a+b.yaml, ./mine.yaml+lossy]\n");
    const auto used = profile::load(user);
    REQUIRE_MESSAGE(used.profile, profile::to_string(used.errors));
    CHECK(words_of_rules(*used.profile) == "mdrop ");
    for (const auto* name :
         {"lossy+", "+lossy", "+", "lossy++3g", "lossy+nobody", "./no+file.yaml"}) {
        CAPTURE(name);
        CHECK_FALSE(profile::load(name).profile);
    }
}

TEST_CASE("what only one of them can say is named, unless who puts them together says it") {
    const auto messages = [](const std::string& text) {
        return messages_of("summary: t\n" + text);
    };
    CHECK(messages("extends: [redis, mysql]\n")
              .find("`redis` and `mysql` both have `service`, and only one can hold; say it in a "
                    "profile "
                    "that extends both") != std::string::npos);
    CHECK(messages("extends: [redis, mysql]\nservice: echo\n").find("`service`") ==
          std::string::npos);
    CHECK(messages("extends: [3g, edge]\n").find("both have the parameter `delay`") !=
          std::string::npos);
    CHECK(messages("extends: [3g, edge]\nparams: {down: 1Mbit/s, up: 1Mbit/s, delay: 1ms}\n")
              .empty());
    // Many extend `healthy`, whose service gives way wherever it stands.
    const auto slow = loaded("extends: [never-accepts, lossy]\n");
    CHECK_FALSE(std::holds_alternative<profile::Respond>(slow.service));
    CHECK(messages("extends: []\n").find("names no profile") != std::string::npos);
    CHECK(messages("extends: [[lossy]]\n").find("a profile's name or path") != std::string::npos);
    CHECK(messages("extends: [lossy, lossy]\n").empty());
}

TEST_CASE("a circle through a list is one") {
    const Folder folder;
    folder.write("a.yaml", "summary: a\nextends: [lossy, ./b.yaml]\n");
    const auto path = folder.write("b.yaml", "summary: b\nextends: ./a.yaml\n");
    const auto result = profile::load(path);
    REQUIRE_FALSE(result.errors.empty());
    CHECK(result.errors[0].message.find("`extends` runs in a circle: ") == 0);
}
