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
    CHECK(says("service: {script: [{say: '${nothing}'}]}", "is not declared"));
    CHECK(says("service: {script: [{say: \"a\\xc6\"}]}", "{hex: c6}"));
    CHECK(says("rules: [{on: start, do: {say: \"\\xff\"}}]", "two bytes of UTF-8"));
    CHECK(says("params: {t: \"\\xff\"}\nrules: [{on: start, do: {say: '${t}'}}]", "{hex: ff}"));
    CHECK(says("rules: [{on: start, do: {say: '${1}'}}]", "is not declared"));
    CHECK(says("service: {script: [{say: {hex: 0}}]}", "pairs of hexadecimal digits"));
    CHECK(says("service: {script: [{say: {base64: abc}}]}", "base64 such as"));
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
