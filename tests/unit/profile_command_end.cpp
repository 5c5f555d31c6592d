// `expect: - command:`, and the patterns of its output.
#include "ghostpeer/profile/pattern.hpp"
#include "profile_samples.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ghostpeer;

TEST_CASE("pattern: a text is looked for as it is, /…/ is a regular expression") {
    const auto found = [](const char* pattern, std::string_view text) {
        const auto parsed = profile::Pattern::parse(pattern);
        REQUIRE(parsed);
        return parsed->found_in(text);
    };
    CHECK(found("a.c", "xa.cx"));
    CHECK_FALSE(found("a.c", "abc"));
    CHECK(found("/a.c/", "abc"));
    CHECK(found("/^b$/", "a\nb\nc"));
    CHECK_FALSE(found("/a.b/", "a\nb"));
    CHECK(found("//", "a//b"));
    CHECK(found("/", "/"));
    CHECK(found("/\\xff/", "\xff\xfe"));
    const auto wrong = profile::Pattern::parse("/a(b/");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().find("missing )") != std::string::npos);
    CHECK_FALSE(profile::Pattern::parse("/(((x{1000}){1000}){1000})/"));
}

TEST_CASE("pattern: no expression takes long over hostile text") {
    const auto evil = profile::Pattern::parse("/(a*)*(a|aa)*$b/");
    REQUIRE(evil);
    CHECK_FALSE(evil->found_in(std::string(1 << 20, 'a')));
}
