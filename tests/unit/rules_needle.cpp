#include "rules/needle.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using ghostpeer::rules::Needle;

namespace {

/// Where occurrences end that do not overlap, by looking for each from the end of the one before.
std::vector<std::size_t> ends_by_search(const std::string& text, const std::string& pattern) {
    std::vector<std::size_t> ends;
    for (auto at = text.find(pattern); at != std::string::npos;
         at = text.find(pattern, ends.back())) {
        ends.push_back(at + pattern.size());
    }
    return ends;
}

/// The same, in pieces of so many bytes.
std::vector<std::size_t> ends_by_needle(const std::string& text, const std::string& pattern,
                                        std::size_t piece) {
    const Needle needle(pattern);
    std::vector<std::size_t> ends;
    std::size_t matched = 0;
    for (std::size_t begin = 0; begin < text.size(); begin += piece) {
        std::string_view rest = std::string_view(text).substr(begin, piece);
        for (auto n = needle.find(rest, matched); n != Needle::npos;
             n = needle.find(rest, matched)) {
            rest.remove_prefix(n);
            ends.push_back(begin + std::min(piece, text.size() - begin) - rest.size());
        }
    }
    return ends;
}

}  // namespace

TEST_CASE("a needle is found wherever it is, and however the bytes are cut") {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
    const auto text_of = [&](std::size_t length) {
        std::string text;
        for (std::size_t i = 0; i < length; ++i) {
            text += "ab"[random() % 2];
        }
        return text;
    };
    for (int n = 0; n < 500; ++n) {
        const std::string pattern = text_of(1 + random() % 6);
        const std::string text = text_of(random() % 60);
        CAPTURE(pattern);
        CAPTURE(text);
        CHECK(ends_by_needle(text, pattern, 1 + random() % 7) == ends_by_search(text, pattern));
    }
}

TEST_CASE("a needle that nearly matches all the time costs no more than another") {
    constexpr std::size_t long_one = 900'000;
    const Needle needle(std::string(long_one, 'a') + "b");
    const std::string text(64 * 1024, 'a');
    std::size_t matched = 0;
    for (int n = 0; n < 100; ++n) {
        REQUIRE(needle.find(text, matched) == Needle::npos);
    }
    CHECK(matched == long_one);
    CHECK(needle.find("ab", matched) == 2);
    CHECK(matched == 0);
}
