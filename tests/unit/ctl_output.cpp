#include "ctl/output.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ghostpeer::ctl;

namespace {

std::string peers_of(std::string_view json) {
    const auto answer = read_answer(json);
    REQUIRE(answer);
    return peers_as_text(*answer);
}

}  // namespace

TEST_CASE("an answer of any form is shown, and steers no terminal") {
    CHECK(peers_of(R"({"peers":[{"name":5,"addresses":"x","port":"a","profile":[1]}]})")
              .find("5     all        a     [1]") != std::string::npos);
    for (const char* const odd : {R"({"peers":5})", R"({"peers":[5,null,[]]})", "[1,2]", "null",
                                  R"("text")", R"({"rules":[1,{"file":{}}],"a":{"b":[]}})"}) {
        CAPTURE(odd);
        const auto answer = read_answer(odd);
        REQUIRE(answer);
        CHECK_FALSE(peers_as_text(*answer).empty());
        CHECK_FALSE(connections_as_text(*answer).empty());
        static_cast<void>(stats_as_text(*answer));
    }
    const auto text = peers_of(R"({"peers":[{"name":"\u001b[31mX\ny\u009b1m"}]})");
    CHECK(text.find("\\x1b[31mX\\x0ay\\x9b1m") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(lines_as_text("a\x1b\nb\n\nc") == "a\\x1b\nb\n\nc");
}

TEST_CASE("what is no answer is none") {
    CHECK_FALSE(read_answer(""));
    CHECK_FALSE(read_answer("{"));
    CHECK_FALSE(read_answer(std::string(200'000, '[') + std::string(200'000, ']')));
}
