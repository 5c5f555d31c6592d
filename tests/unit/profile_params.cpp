// `params`, `--set` and `extends`.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

const std::string delayed =
    "params: {late: 5s, kind: data}\n"
    "rules:\n  - {on: 'receive ${kind}', do: {delay: '${late}'}}\n";

profile::LoadResult load_from(const std::string& path, const profile::Parameters& set = {}) {
    return profile::load(path, set);
}

}  // namespace

TEST_CASE("a parameter stands for its default or for what is set") {
    const auto plain = loaded(delayed);
    CHECK(to_string(plain.rules[0].on[0]) == "receive data");
    CHECK(std::get<profile::Delay>(plain.rules[0].actions[0]).length == 5s);
    CHECK(plain.parameters == std::vector<std::string>{"kind", "late"});
    const auto set = loaded(delayed, {{"late", "1ms"}, {"kind", "fin"}});
    CHECK(to_string(set.rules[0].on[0]) == "receive fin");
    CHECK(std::get<profile::Delay>(set.rules[0].actions[0]).length == 1ms);
}

TEST_CASE("parameters stand anywhere in a text, also twice and in a key") {
    const auto profile = loaded(
        "params: {a: one, b: two, what: log}\n"
        "details: $${a} $ ${a}-${b}${a} } ${b}\n"
        "rules:\n  - {on: start, do: {'${what}': x}}\n");
    CHECK(profile.details == "${a} $ one-twoone } two");
    CHECK(name(profile.rules[0].actions[0]) == "log");
    // What is put in is not read again.
    CHECK(loaded("params: {a: x}\ndetails: ${a}\n", {{"a", "${a}"}}).details == "${a}");
}

TEST_CASE("a wrong value that is set shows where it is used") {
    const auto result = profile::load_text("summary: test\n" + delayed, "p.yaml", {{"late", "5"}});
    CHECK(
        profile::to_string(result.errors) ==
        "p.yaml:4:41: `delay` takes a time such as `250ms`, `5s`, `2m` or `1h`, up to 10000h, not "
        "`5`\n"
        "  - {on: 'receive ${kind}', do: {delay: '${late}'}}\n"
        "                                        ^\n");
}

TEST_CASE("parameters have errors of their own") {
    CHECK(problems("params: {late: 5s}\ndetails: ${lat}${late}\n") ==
          "2:10 the parameter `lat` is not declared in `params`; did you mean `late`?\n");
    CHECK(problems("details: ${x}\n") == "1:10 the parameter `x` is not declared in `params`\n");
    CHECK(problems("rules: [{on: start, do: {window: '${x}'}}]\n") ==
          "1:34 the parameter `x` is not declared in `params`\n");
    CHECK(problems("details: a ${ b\n") == "1:10 `${` lacks its `}`\n");
    CHECK(problems("params: {late: 5s}\n") == "1:10 the parameter `late` is never used\n");
    CHECK(problems("params: {late: }\ndetails: ${late}\n") ==
          "1:10 the parameter `late` needs a default, not nothing\n");
    CHECK(problems("params: {late: [5s]}\ndetails: ${late}\n") ==
          "1:16 the parameter `late` needs a default, not a list\n");
    CHECK(problems("params: {a: 1, b: '${a}'}\ndetails: ${b}\n") ==
          "1:19 the default of `b` cannot be made of other parameters\n");
    CHECK(
        problems("params: {1st: 1}\n") ==
        "1:10 a parameter's name has letters, digits, `_` and `-` and begins with a letter, unlike "
        "`1st`\n");
    CHECK(problems("params: [a]\n") ==
          "1:9 `params` takes a map of names and defaults, not a list\n");
    CHECK(messages_of("summary: x\n", {{"a", "1"}}) ==
          "0:0 there is no parameter `a` to set; this profile has none\n");
    CHECK(errors_of("summary: ${late}\nparams: {late: 5s}\n", {{"laet", "1"}}) ==
          "p.yaml: there is no parameter `laet` to set; did you mean `late`?\n");
    CHECK(errors_of("summary: ${late}\nparams: {late: 5s}\n", {{"x", "1"}}) ==
          "p.yaml: there is no parameter `x` to set; this profile has `late`\n");
}

TEST_CASE("parameters cannot fill the memory") {
    std::string text = "params: {a: x}\nrules:\n";
    for (int i = 0; i < 20; ++i) {
        text += "  - {on: start, do: {log: '${a}'}}\n";
    }
    const auto result =
        profile::load_text("summary: x\n" + text, "p.yaml", {{"a", std::string(1'000'000, 'a')}});
    REQUIRE_FALSE(result.errors.empty());
    CHECK(result.errors[0].message == "the parameters' values make more than 16 MiB of text");
}

TEST_CASE("an extending profile overrides key by key and puts its rules first") {
    const Folder folder;
    folder.write("base.yaml",
                 "summary: base\ndetails: of the base\nparams: {late: 5s, size: 10}\n"
                 "tcp: {mss: 500, window: 1000}\nip: {ttl: 5}\n"
                 "sysctl: {net.a: 1, net.b: 2}\n"
                 "service: {discard: {rate: 1B/s}}\nafter_eof: keep-open\n"
                 "rules:\n  - {on: 'received ${size}', do: {log: '${late}'}}\n");
    const auto path = folder.write("more/top.yaml",
                                   "summary: top\nextends: ../base.yaml\nparams: {late: 9s}\n"
                                   "tcp: {mss: 600}\nsysctl: {net.b: 3}\nservice: echo\n"
                                   "rules:\n  - {on: start, do: {log: '${size}'}}\n");
    const auto result = load_from(path, {{"size", "20"}});
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    const auto& profile = *result.profile;
    CHECK(profile.name == path);
    CHECK(profile.summary == "top");
    CHECK(profile.details == "of the base");
    CHECK(profile.tcp.mss == 600);
    CHECK(profile.tcp.window == 1000);
    CHECK(profile.ip.ttl == 5);
    CHECK(profile.after_eof == profile::AfterEof::keep_open);
    CHECK(std::holds_alternative<profile::Echo>(profile.service));
    REQUIRE(profile.sysctl.size() == 2);
    CHECK(profile.sysctl[0].second == "1");
    CHECK(profile.sysctl[1].second == "3");
    REQUIRE(profile.rules.size() == 2);
    CHECK(profile.rules[0].id == 0);
    CHECK(*profile.rules[0].place.file == path);
    CHECK(std::get<profile::Log>(profile.rules[0].actions[0]).text == "20");
    CHECK(profile.rules[1].id == 1);
    CHECK(*profile.rules[1].place.file == folder.path("more/../base.yaml"));
    CHECK(to_string(profile.rules[1].on[0]) == "received 20");
    CHECK(std::get<profile::Log>(profile.rules[1].actions[0]).text == "9s");
    CHECK(profile.parameters == std::vector<std::string>{"late", "size"});
}

TEST_CASE("a profile of the catalogue can be extended, and its summary inherited") {
    const auto profile = profile::load_text("extends: keepalive-blackhole\n", "p.yaml").profile;
    REQUIRE(profile);
    CHECK_FALSE(profile->summary.empty());
    REQUIRE_FALSE(profile->rules.empty());
    CHECK(*profile->rules[0].place.file == "keepalive-blackhole");
}

TEST_CASE("errors of the extended profile are shown in its own file") {
    const Folder folder;
    const auto base = folder.write("base.yaml", "sumary: base\n");
    const auto path = folder.write("top.yaml", "summary: x\nextends: ./base.yaml\nfoo: 1\n");
    const auto errors = load_from(path).errors;
    REQUIRE(errors.size() == 2);
    CHECK(errors[0].file == path);
    CHECK(errors[0].line == 3);
    CHECK(errors[1].file == base);
    CHECK(errors[1].message == "there is no key `sumary` in a profile; did you mean `summary`?");
}

TEST_CASE("`extends` runs in no circle") {
    const Folder folder;
    const auto a = folder.write("a.yaml", "summary: a\nextends: b.yaml\n");
    const auto b = folder.write(
        "b.yaml", "summary: b\nextends: ./../" +
                      std::filesystem::path(folder.path("")).parent_path().filename().string() +
                      "/a.yaml\n");
    const auto errors = load_from(a).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].file == b);
    CHECK(errors[0].line == 2);
    CHECK(errors[0].column == 10);
    CHECK(errors[0].message.starts_with("`extends` runs in a circle: "));
    const auto self = folder.write("self.yaml", "summary: x\nextends: self.yaml\n");
    CHECK(profile::to_string(load_from(self).errors) ==
          self + ":2:10: `extends` runs in a circle: " + self + " -> " + self +
              "\nextends: self.yaml\n         ^\n");
}

TEST_CASE("`extends` of what cannot be") {
    CHECK(
        problems("extends: helthy\n") ==
        "1:10 there is no profile `helthy`; did you mean `healthy`? `ghostpeer list` shows all\n");
    CHECK(problems("extends: no/such.yaml\n") ==
          "1:10 the profile `no/such.yaml` cannot be read: No such file or directory\n");
    CHECK(problems("extends: /dev/zero\n") ==
          "1:10 the profile `/dev/zero` cannot be read: it is not a regular file\n");
    CHECK(problems("extends: {a: b}\n") ==
          "1:10 `extends` takes a profile's name or path, or a list of them, not a map\n");
    CHECK(problems("extends:\n") ==
          "1:1 `extends` has no value; it takes a profile's name or path, or a list of them\n");
    // What the missing file may have declared is not complained about; the rest is.
    CHECK(
        problems("extends: ./no\ndetails: ${x}\nfoo: 1\n") ==
        "1:10 the profile `./no` cannot be read: No such file or directory\n"
        "3:1 there is no key `foo` in a profile; known are `summary`, `details`, `tags`, `params`, "
        "`extends`, `tcp`, `ip`, `link`, `service`, `after_eof`, `rules`, `sysctl`, `servers`, "
        "`role`, `phases`, `attempts`, `client`, `expect` and `tolerance`\n");
    const Folder folder;
    std::string path;
    for (int i = 0; i < 40; ++i) {
        path = folder.write(std::to_string(i) + ".yaml",
                            "summary: x\nextends: " + std::to_string(i - 1) + ".yaml\n");
    }
    const auto errors = load_from(path).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].message == "more than 32 profiles extend one another here");
}
