// Whom the kernel gave up, where it tells only how many.
#include "judge/given_up.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer::judge;

namespace {

using Answers = std::vector<GivenUp>;
constexpr auto no = GivenUp::no;
constexpr auto yes = GivenUp::yes;
constexpr auto unclear = GivenUp::unclear;

}  // namespace

TEST_CASE("given up: the count tells by itself") {
    CHECK(attribute({}).empty());
    CHECK(attribute({{0, 0}, {4, 4}}) == Answers{no, no});
    CHECK(attribute({{0, 1}, {1, 1}, {1, 2}}) == Answers{yes, no, yes});
    CHECK(attribute({{0, 1, false}}) == Answers{yes});
    CHECK(attribute({{0, 2}, {0, 2}}) == Answers{yes, yes});
    // Somebody else's, too.
    CHECK(attribute({{0, 3}, {0, 3}}) == Answers{yes, yes});
}

TEST_CASE("given up: several went together, and what else is known decides") {
    CHECK(attribute({{0, 1, true}, {0, 1, false}}) == Answers{yes, no});
    CHECK(attribute({{0, 1, true}, {0, 1, true}}) == Answers{unclear, unclear});
    CHECK(attribute({{0, 1, true}, {0, 1, true}, {0, 1, false}}) == Answers{unclear, unclear, no});
    CHECK(attribute({{0, 2, true}, {0, 2, false}, {0, 2, false}}) ==
          Answers{yes, unclear, unclear});
}

TEST_CASE("given up: times that overlap are one question") {
    // A long-lived one that went in order, beside three that were given up one by one.
    CHECK(attribute({{0, 3, false}, {0, 1}, {1, 2}, {2, 3}}) == Answers{no, yes, yes, yes});
    CHECK(attribute({{2, 3}, {0, 1, false}, {0, 1}, {5, 6, false}}) == Answers{yes, no, yes, yes});
}
