#include "ghostpeer/profile/loader.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ghostpeer::profile;

namespace {

[[nodiscard]] std::string errors_of(const std::string& body) {
    return to_string(load_text("summary: a test\n" + body, "test.yaml", {}).errors);
}

[[nodiscard]] bool says(const std::string& body, const std::string& wanted) {
    const std::string errors = errors_of(body);
    INFO(errors);
    CHECK(errors.find(wanted) != std::string::npos);
    return errors.find(wanted) != std::string::npos;
}

}  // namespace

TEST_CASE("scripts: what is wrong is said where it stands") {
    CHECK(says("service: {script: []}", "`script` has no steps"));
    CHECK(says("service: {script: [{sya: x}]}", "did you mean `say`"));
    CHECK(says("service: {script: [{say: x, pause: 1s}]}", "a step does one thing"));
    CHECK(says("service: {script: [{say: x, else: close}]}",
               "`else` stands beside `expect` or `when`"));
    CHECK(says("service: {script: [{expect: x, else: close}]}", "`else` needs `in: line`"));
    CHECK(says("service: {script: [{expect: {bytes: 4}, in: taken}]}", "this step has none"));
    CHECK(says("service: {script: [{expect: {bytes: '0y${1}'}}]}", "bytes"));
    CHECK(says("service: {script: [{expect: '/(/'}]}", "is no regular expression"));
    CHECK(says("service: {script: [{expect: {length: u33be}}]}", "u32be"));
    CHECK(says("service: {script: [{expect: {bytes: 0}}]}", "bytes"));
    CHECK(says("service: {script: [{expect: {at: 1}}]}", "belongs to a `length`"));
    CHECK(says("service: {script: [{expect: {bytes: 1, length: u8}}]}", "either `bytes` or"));
    CHECK(says("service: {script: [break]}", "is in none"));
    CHECK(says("service: {script: [close, {say: x}]}", "this step never comes"));
    CHECK(says("service: {script: [{loop: []}]}", "`loop` needs steps"));
    CHECK(says("service: {script: [{say: '${1}'}]}", "no pattern of the script has a group"));
    CHECK(says("service: {script: [{expect: /(a)/}, {say: '${shal(1)}'}]}", "sha1"));
    CHECK(says("service: {script: [{expect: /(a)/}, {say: '${sha1(1}'}]}", "lacks its `)`"));
    CHECK(says("service: {script: [{expect: /(a)/}, {say: '${xor(1)}'}]}", "takes a key"));
    CHECK(says("service: {script: [{say: '${nothing}'}]}", "is not declared"));
    CHECK(says("service: {script: [{say: \"a\\xc6\"}]}", "{hex: c6}"));
    CHECK(says("rules: [{on: start, do: {say: \"\\xff\"}}]", "two bytes of UTF-8"));
    CHECK(says("params: {t: \"\\xff\"}\nrules: [{on: start, do: {say: '${t}'}}]", "{hex: ff}"));
    CHECK(says("rules: [{on: start, do: {say: '${1}'}}]", "is not declared"));
    CHECK(says("service: {script: [{say: {hex: 0}}]}", "pairs of hexadecimal digits"));
    CHECK(says("service: {script: [{say: {base64: abc}}]}", "base64 such as"));
}

TEST_CASE("a text that is compared with bytes has no characters of two bytes in silence") {
    for (const std::string body :
         {"service: {script: [{expect: \"\\xff\"}]}",
          "service: {script: [{expect: {text: \"\\xff\"}}]}",
          "service: {script: [{when: {\"\\xff\": close}}]}",
          "service: {respond: {text: a, when: \"\\xff\"}}",
          "rules: [{on: \"received \\\"\\xff\\\"\", do: reset}]",
          "rules: [{on: receive data, when: {payload: \"\\xff\"}, do: reset}]",
          "expect: [{see: receive data, when: {payload: \"\\xff\"}}]",
          "expect: [{command: {output: \"\\xff\"}}]"}) {
        CHECK(says(body, "{hex: ff}"));
    }
    CHECK(errors_of("service: {respond: {text: a, when: {hex: ff}}}").empty());
    CHECK(says("service: {respond: {text: a, when: {hex: f}}}", "pairs of hexadecimal digits"));
    CHECK(errors_of("rules: [{on: 'received /\\xff/', do: reset}]").empty());
}

TEST_CASE("captures belong to the script of a service, wherever else a key has its name") {
    CHECK(
        says("rules: [{on: start, do: {become: script}}]\n"
             "phases: {script: [{on: start, do: {log: '${1}'}}]}",
             "is not declared"));
}

TEST_CASE("the limits of scripts and patterns, and what is said there") {
    const auto script = [](std::size_t count, const std::string& step) {
        std::string body = "service:\n  script:\n";
        for (std::size_t i = 0; i < count; ++i) {
            body += "    - " + step + "\n";
        }
        return body;
    };
    CHECK(errors_of(script(30'000, "pause: 0s")).empty());
    CHECK(says(script(40'000, "pause: 0s"), "more than 100000 values"));
    CHECK(errors_of(script(1000, "expect: /a/")).empty());
    CHECK(says(script(1001, "expect: /a/"), "a profile has at most 1000 regular expressions"));
    CHECK(errors_of(script(2000, "expect: a")).empty());
    std::string rules = script(999, "expect: /a/") + "rules:\n";
    rules += "  - {on: 'received /a/', when: {received: 1}, do: {log: a}}\n";
    CHECK(errors_of(rules).empty());
    CHECK(says(rules + "  - {on: receive data, when: {payload: /a/}, do: {log: b}}\n",
               "a profile has at most 1000 regular expressions"));
    const std::string longest(64 * 1024, 'a');
    CHECK(errors_of(script(1, "expect: " + longest)).empty());
    CHECK(says(script(1, "expect: a" + longest), "at most 64 KiB long"));
    CHECK(says(script(1, "expect: {hex: " + longest + longest + "aa}"), "at most 64 KiB long"));
    CHECK(says("service: {script: [{expect: ''}]}", "at least one byte"));
    CHECK(says("service: {script: [{when: {'': close}}]}", "at least one byte"));
    CHECK(says("rules: [{on: receive data, when: {payload: ''}, do: reset}]", "at least one byte"));
}

TEST_CASE("scripts: steps that cannot come are errors") {
    const std::string late = "cannot follow `shutdown`: the peer has finished sending then";
    CHECK(says("service: {script: [{say: a}, shutdown, {say: b}]}", "`say` " + late));
    CHECK(says("service: {script: [shutdown, {expect: a}, shutdown]}", "`shutdown` " + late));
    CHECK(says("service: {script: [{when: {a: shutdown, b: [{say: c}, shutdown]}}, {say: d}]}",
               "`say` " + late));
    CHECK(says("service: {script: [shutdown, {when: {a: {say: b}}}]}", "`say` " + late));
    CHECK(says("service: {script: [{loop: [{say: a}, shutdown]}]}", "each round of the loop"));
    const std::string never = "this step never comes";
    CHECK(says("service: {script: [reset, {expect: a}]}", never));
    CHECK(says("service: {script: [{loop: {expect: a}}, {say: b}]}", never));
    CHECK(says("service: {script: [{when: {a: close, b: reset}}, {say: b}]}", never));
    CHECK(says("service: {script: [{loop: [break, {say: a}]}]}", never));
    CHECK(says("service: {script: [{in: line, when: {a: close}, else: []}, {say: b}]}", never));
    CHECK(says("service: {script: [{in: taken, when: {a: close}, else: reset}, {say: b}]}", never));
    CHECK(says("service: {script: [{loop: [{expect: a}, close], times: 3}, {say: b}]}", never));
}

TEST_CASE("scripts: steps that may come are none") {
    for (const std::string script :
         {"shutdown, {expect: a}, close", "{when: {a: shutdown, b: []}}, {say: c}",
          "{loop: [{expect: a}, break]}, {say: b}", "{loop: [{say: a}, shutdown], times: 1}, reset",
          "{loop: {when: {a: break, b: close}}}, {say: c}",
          "{in: line, when: {a: []}, else: close}, {say: b}",
          "{expect: a}, {in: taken, when: {a: close}}, {say: b}",
          "{expect: a}, {in: taken, when: {a: close}, else: []}, {say: b}",
          "{loop: [{loop: [{expect: a}, break]}, {say: b}]}",
          "{loop: {pause: 1s}, times: 2}, close"}) {
        CHECK(errors_of("service: {script: [" + script + "]}") == "");
    }
}

TEST_CASE("scripts: what is right") {
    CHECK(errors_of("params: {t: x}\nservice: {script: [{say: '${t}$${1}${0}'}]}").empty());
    CHECK(errors_of("service: {script: [{say: \"\\x7f\\\\xff\"}, {say: {hex: 'c6'}}]}").empty());
    CHECK(errors_of("service: {script: [{expect: /(x)/}, {expect: x, in: taken, else: []}]}")
              .empty());
    CHECK(
        errors_of("attempts: {1: {service: {script: [{expect: /(x)/}, {say: '${1}'}]}}}").empty());
    CHECK(errors_of("role: client\nservice: {script: [{say: GET}, {expect: x}, close]}").empty());
}

TEST_CASE("requests: what needs which service, and what expectations cannot name") {
    CHECK(says("service: discard\nrules: [{on: request 1, do: reset}]", "tell requests apart"));
    CHECK(says("rules: [{on: request 0, do: reset}]", "counted from 1"));
    CHECK(says("rules: [{on: 'received /(/', do: reset}]", "is no regular expression"));
    CHECK(says("rules: [{on: 'received \"\"', do: reset}]", "1 to 4094 bytes"));
    CHECK(says("expect: [{see: request 1}]", "is for rules"));
    CHECK(says("expect: [{see: receive fin, within: 1s of request 1}]", "is for rules"));
    CHECK(says("rules: [{on: start, when: {payload: x}, do: reset}]", "needs a segment"));
    CHECK(errors_of("attempts: {1: {service: {respond: {text: x}}, rules: [{on: request 1, "
                    "do: reset}]}}")
              .empty());
    CHECK(says("expect: [{never: {repeated: segment}}]", "`request`"));
    CHECK(says("rules: [{on: {repeated: request}, do: reset}]", "a map"));
    CHECK(errors_of("expect: [{never: {repeated: request}}]").empty());
    CHECK(errors_of("expect: [{see: receive data, when: {payload: '/^QUIT/'}}]").empty());
}
