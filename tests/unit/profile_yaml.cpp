// YAML itself: what is no YAML, what is too much of it, and aliases.
#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

std::string repeated(const std::string& text, std::size_t times) {
    std::string result;
    for (std::size_t i = 0; i < times; ++i) {
        result += text;
    }
    return result;
}

}  // namespace

TEST_CASE("a text that is no profile") {
    CHECK(errors_of("") == "p.yaml: the profile is empty; it needs at least a `summary`\n");
    CHECK(errors_of("# a comment\n") ==
          "p.yaml: the profile is empty; it needs at least a `summary`\n");
    CHECK(errors_of("- drop\n") ==
          "p.yaml:1:1: a profile is a map with a `summary`, not a list\n- drop\n^\n");
    CHECK(errors_of("healthy\n") ==
          "p.yaml:1:1: a profile is a map with a `summary`, not a word\nhealthy\n^\n");
    CHECK(errors_of(std::string("summary: \0x\n", 12)) ==
          "p.yaml: this is not a text file: it has control characters\n");
    CHECK(errors_of("\x7f"
                    "ELF\x02\x01") ==
          "p.yaml: this is not a text file: it has control characters\n");
    CHECK(errors_of("summary: \xff\n") == "p.yaml: this is not a text file in UTF-8\n");
    CHECK(errors_of("summary: \xc0\xaf\n") == "p.yaml: this is not a text file in UTF-8\n");
    CHECK(errors_of(std::string(1024 * 1024 + 1, ' ')) ==
          "p.yaml: a profile is at most 1 MiB long\n");
}

TEST_CASE("keys of the top level") {
    CHECK(errors_of("rules: []\n") ==
          "p.yaml:1:1: this profile has no `summary`: the line that `ghostpeer list` shows\n"
          "rules: []\n"
          "^\n");
    CHECK(problems("detials: x\n") ==
          "1:1 there is no key `detials` in a profile; did you mean `details`?\n");
    CHECK(problems("verbose: x\n") ==
          "1:1 there is no key `verbose` in a profile; known are `summary`, `details`, `tags`, "
          "`params`, "
          "`extends`, `tcp`, `ip`, `link`, `service`, `after_eof`, `rules`, `sysctl`, `servers`, "
          "`role`, `phases`, `attempts`, `client`, `expect` and `tolerance`\n");
    CHECK(messages_of("summary: |\n  one\n  two\n") == "1:10 `summary` is one line of text\n");
    CHECK(messages_of("summary: ''\n") == "1:10 `summary` is one line of text\n");
    CHECK(messages_of("summary:\n") == "1:1 `summary` has no value; it takes a text\n");
    CHECK(messages_of("summary: [x]\n") == "1:10 `summary` takes a text, not a list\n");
    CHECK(problems("details: {a: b}\n") == "1:10 `details` takes a text, not a map\n");
}

TEST_CASE("all errors of a file come at once, in its order") {
    CHECK(
        messages_of("rules:\n  - {on: x, do: y}\ntcp: {mss: x}\nfoo: 1\nsummary: ''\n") ==
        "2:10 there is no event `x`; known are `receive`, `send`, `enter`, `start`, `received`, "
        "`sent`, `idle`, `command`, `request` and `response`\n"
        "2:17 there is no action `y`; known are `drop`, `delay`, `hold`, `duplicate`, `reset`, "
        "`close`, "
        "`shutdown`, `forget`, `say`, `stop-reading`, `resume-reading`, `window`, `stop-acking`, "
        "`resume-acking`, `blackhole`, `revive`, `log`, `finish`, `corrupt`, `set`, "
        "`fragment`, `send`, `connect`, `icmp`, "
        "`become`, `link` and `interface`\n"
        "3:12 `mss` takes `off` or a whole number from 1 to 65535, not `x`\n"
        "4:1 there is no key `foo` in a profile; known are `summary`, `details`, `tags`, `params`, "
        "`extends`, `tcp`, `ip`, `link`, `service`, `after_eof`, `rules`, `sysctl`, `servers`, "
        "`role`, `phases`, `attempts`, `client`, `expect` and `tolerance`\n"
        "5:10 `summary` is one line of text\n");
}

TEST_CASE("syntax errors say what they most likely mean") {
    CHECK(errors_of("summary: x\nrules:\n\t- on: start\n") ==
          "p.yaml:3:1: this is not valid YAML: tabs cannot indent, use spaces\n"
          "\t- on: start\n"
          "^\n");
    CHECK(problems("when: > 5\n") ==
          "1:9 this is not valid YAML: unexpected character in block scalar; a comparison needs "
          "quotes, as in `\">= 5\"`\n");
    CHECK(problems("params: {a: 1}\nservice: {discard: {rate: ${a}}}\n") ==
          "2:28 this is not valid YAML: end of map flow not found; inside `{ }` and `[ ]` a "
          "parameter needs quotes, as in `\"${name}\"`\n");
    CHECK(problems("details: a: b\n") == "1:11 this is not valid YAML: illegal map value\n");
    CHECK(problems("tcp: {mss: 1\n") == "2:1 this is not valid YAML: end of map flow not found\n");
    CHECK(problems("details: \"open\nrules: []\n") ==
          "1:10 this is not valid YAML: the quotation mark is never closed\n");
    CHECK(problems("details: 'it''s\n") ==
          "1:10 this is not valid YAML: the quotation mark is never closed\n");
    CHECK(problems("details: \"\\\"\"\n") == "");
    CHECK(problems("details: *nothing\n") ==
          "1:10 this is not valid YAML: the referenced anchor is not defined\n");
    CHECK(problems("---\nsummary: y\n") ==
          "1:1 a profile is one YAML document; here a second one begins\n");
    CHECK(problems("details: !include x\n") ==
          "1:10 the tag `!include` means nothing in a profile; take it away\n");
    CHECK(problems("details: !!str x\n") == "");
    CHECK(messages_of("---\nsummary: x\n...\n") == "");
    CHECK(messages_of("%YAML 1.2\n---\nsummary: x\n") == "");
}

TEST_CASE("a key stands once, and is a word") {
    CHECK(problems("tcp: {mss: 1, mss: 2}\n") ==
          "1:15 the key `mss` stands twice in this map, first in line 2\n");
    CHECK(problems("summary: y\n") ==
          "1:1 the key `summary` stands twice in this map, first in line 1\n");
    CHECK(problems("? [a]\n: b\n") == "1:3 a key is a word, not a list\n");
}

TEST_CASE("places count characters, the caret stands below them") {
    CHECK(errors_of("summary: x\ntcp: {sack: \"ä\", mms: 5}\n") ==
          "p.yaml:2:13: `sack` takes `true` or `false`, not `ä`\n"
          "tcp: {sack: \"ä\", mms: 5}\n"
          "            ^\n"
          "p.yaml:2:18: there is no key `mms` in `tcp`; did you mean `mss`?\n"
          "tcp: {sack: \"ä\", mms: 5}\n"
          "                 ^\n");
    CHECK(errors_of("\xEF\xBB\xBFsumary: x\nsummary: x\n").starts_with("p.yaml:1:1: "));
    CHECK(errors_of("summary: x\r\nfoo:\tbar\r\ntcp:\t\t5\r\n").find("\ntcp:\t\t5\n    \t\t^\n") !=
          std::string::npos);
}

TEST_CASE("of a long line only the part around the place is shown") {
    const auto errors = errors_of("{summary: x, details: " + std::string(5000, 'x') +
                                  ", foo: " + std::string(5000, 'y') + "}");
    CHECK(errors.size() < 2000);
    CHECK(errors.starts_with("p.yaml:1:5025: there is no key `foo` in a profile; known are"));
    const auto second = errors.find("xxx, foo: yyy");
    REQUIRE(second != std::string::npos);
    const auto line_start = errors.rfind('\n', second) + 1;
    const auto caret_line = errors.find('\n', second) + 1;
    CHECK(errors.find('^', caret_line) - caret_line == second + 5 - line_start);
}

TEST_CASE("anchors, aliases and merge keys unfold") {
    const auto rules = loaded(
                           "rules:\n"
                           "  - &first {on: receive data, do: &what [{delay: 5ms}]}\n"
                           "  - {<<: *first, on: receive fin}\n"
                           "  - {on: receive ack, do: *what}\n")
                           .rules;
    REQUIRE(rules.size() == 3);
    CHECK(to_string(rules[1].on[0]) == "receive fin");
    CHECK(name(rules[1].actions[0]) == "delay");
    CHECK(name(rules[2].actions[0]) == "delay");
    CHECK(problems("details: &a [*a]\n") ==
          "1:14 this alias stands inside the value that it is short for\n");
    CHECK(problems("tcp: {<<: 5}\n") == "1:11 `<<` takes a map or a list of maps, not a word\n");
    // One mistake that several aliases repeat is one error.
    CHECK(problems("rules: [&r {on: start, do: clsoe}, *r, *r]\n") ==
          "1:28 there is no action `clsoe`; did you mean `close`?\n");
}

TEST_CASE("a small text cannot become a large tree") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const auto alias = "*a" + std::to_string(i - 1);
        const auto name = std::to_string(i);
        bomb.append("a").append(name).append(": &a").append(name).append(" [");
        bomb.append(repeated(alias + ", ", 9)).append(alias).append("]\n");
    }
    CHECK(problems(bomb).find("this profile has more than 100000 values, aliases unfolded\n") !=
          std::string::npos);
    CHECK(problems("details: &a " + std::string(100'000, 'x') + "\nrules: [" +
                   repeated("*a, ", 50) + "]\n") ==
          "2:165 this profile has more than 4 MiB of text, aliases unfolded\n");
    CHECK(problems("rules: [" + repeated("a, ", 100'001) + "]\n")
              .find("this profile has more than 100000 values") != std::string::npos);
}

TEST_CASE("deep nesting ends at 64 levels, however it is written") {
    const std::string message = "lists and maps are nested more than 64 deep here\n";
    CHECK(problems("details: " + repeated("[", 63) + repeated("]", 63) + "\n") ==
          "1:10 `details` takes a text, not a list\n");
    CHECK(problems("details: " + repeated("[", 64) + repeated("]", 64) + "\n") ==
          "1:73 " + message);
    CHECK(problems("details: " + repeated("{a: ", 90'000) + "\n").find(message) !=
          std::string::npos);
    CHECK(problems("details:\n " + repeated("- ", 100'000) + "\n").find(message) !=
          std::string::npos);
    CHECK(problems("details:\n " + repeated("? ", 100'000) + "\n").find(message) !=
          std::string::npos);
    CHECK(problems("details: " + repeated("[", 100'000) + "\n").find(message) != std::string::npos);
    const auto nested = "a: &a " + repeated("[", 40) + repeated("]", 40) + "\n";
    CHECK(problems(nested + "b: " + repeated("[", 40) + "*a" + repeated("]", 40) + "\n") ==
          "2:44 " + message);
}

TEST_CASE("a file in which everything is wrong has a thousand errors and a count") {
    const auto result =
        profile::load_text("summary: x\nrules: [" + repeated("a, ", 5000) + "]\n", "p.yaml");
    REQUIRE(result.errors.size() == 1001);
    CHECK(to_string(result.errors.back()) == "p.yaml: 4000 more errors are not shown");
}

TEST_CASE("messages and excerpts cannot drive a terminal") {
    const auto errors = errors_of("summary: x\n\"\\e[31m\\n\": \"\\x9b\"\n");
    CHECK(errors.find('\x1b') == std::string::npos);
    CHECK(errors.starts_with("p.yaml:2:1: there is no key `?[31m\\n` in a profile"));
}
