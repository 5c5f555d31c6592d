#include "flows/stream_watch.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>

using namespace ghostpeer;
using flows::StreamWatch;

namespace {

[[nodiscard]] profile::Rule rule_on(std::size_t id, std::initializer_list<std::string> patterns) {
    profile::Rule rule;
    rule.id = id;
    for (const std::string& text : patterns) {
        const auto pattern = profile::Pattern::parse(text);
        REQUIRE(pattern);
        rule.on.emplace_back(profile::OnReceivedPattern{*pattern});
    }
    return rule;
}

/// A stream whose bytes are read as they come.
struct Stream {
    StreamWatch watch;
    std::uint64_t received = 0;

    void comes(std::string_view text) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
        received += text.size();
        watch.hear(std::span(bytes, text.size()), received);
    }
    [[nodiscard]] std::size_t count(const profile::Rule& rule) {
        const std::size_t found = watch.count(rule);
        watch.forget();
        return found;
    }
};

}  // namespace

TEST_CASE("patterns of one rule are counted in the order of the stream, none twice") {
    Stream stream;
    const auto rule = rule_on(0, {"ab", "/b+c/", "abbc"});
    stream.comes("ab abbc bbbc a");
    // "ab", "ab" (with which both the others overlap), "bc" behind it, "bbbc".
    CHECK(stream.count(rule) == 4);
    CHECK(stream.count(rule) == 0);
    stream.comes("b");
    CHECK(stream.count(rule) == 1);
    stream.comes("bc");
    CHECK(stream.count(rule) == 1);
}

TEST_CASE("many matches beside a pattern that never comes take time in proportion to the stream") {
    Stream stream;
    const auto rule = rule_on(0, {"a", "/b[^c]d/", "never"});
    const std::string text(512 * 1024, 'a');
    const std::clock_t begin = std::clock();
    stream.comes(text);
    CHECK(stream.count(rule) == text.size());
    // To look for each pattern again behind each match would take minutes.
    CHECK(std::clock() - begin < 10 * CLOCKS_PER_SEC);
}

TEST_CASE("where what is kept of a stream was cut, no line begins") {
    for (const std::string pattern : {"/^x/", "/\\Ax/"}) {
        Stream stream;
        const auto rule = rule_on(0, {pattern});
        stream.comes("y");
        for (int i = 0; i < 20'000; ++i) {
            stream.comes("x");
            REQUIRE(stream.count(rule) == 0);
        }
        stream.comes("\nx");
        CHECK(stream.count(rule) == (pattern == "/^x/" ? 1 : 0));
    }
}

TEST_CASE("nor does one where something passed unheard") {
    Stream stream;
    const auto rule = rule_on(0, {"/^x/", "ax"});
    stream.comes("a");
    CHECK(stream.count(rule) == 0);
    stream.received += 100;
    stream.comes("x\nx");
    CHECK(stream.count(rule) == 1);
}

TEST_CASE("a rule that is new sees what has just come, and nothing older") {
    Stream stream;
    const auto first = rule_on(0, {"QUIT"});
    const auto second = rule_on(1, {"QUIT"});
    stream.comes("QUIT");
    CHECK(stream.count(first) == 1);
    stream.comes("QUIT");
    CHECK(stream.count(second) == 1);
    CHECK(stream.count(first) == 1);
}

TEST_CASE("a match that segments cut is found up to 4 KiB, whatever was forgotten") {
    const std::string middle(profile::longest_received - 2, '-');
    for (const std::string& pattern : {std::string("/a[^b]*b/"), "a" + middle + "b"}) {
        Stream stream;
        const auto rule = rule_on(0, {pattern});
        stream.comes(std::string(9'000, '.'));
        CHECK(stream.count(rule) == 0);
        std::size_t found = 0;
        for (const char each : "a" + middle + "b") {
            stream.comes(std::string(1, each));
            found += stream.count(rule);
        }
        CHECK(found == 1);
        CHECK(stream.watch.held() < 64 * 1024);
    }
}
