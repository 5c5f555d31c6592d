// What happened in several runs, or captures, beside each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::compare {

/// One of them.
struct Column {
    struct Segment {
        double at = 0;     ///< seconds
        std::string what;  ///< `> syn`, `<x syn-ack`, `> data 100`
    };
    struct Fact {
        std::string name;
        std::string text;  ///< what is shown
        /// Set: it is the same as another whose seconds are near (as those of segments are),
        /// whatever the texts.
        std::optional<double> seconds{};
    };
    std::string title;              ///< `Linux 6.12.117`, a file's name
    std::vector<Fact> facts;        ///< in order
    std::vector<Segment> segments;  ///< the first of them, at most `most_segments`
    std::uint64_t behind = 0;       ///< more of them, of which one number tells what they were
    std::size_t digest = 0;         ///< that number; their times are not in it

    /// The next one.
    void add(double at, std::string what);
};
inline constexpr std::size_t most_segments = 200'000;

/// Every line with its line end. `*` marks what is not the same: also what is not at the same time,
/// or not as long (20 ms or 2 %). Behind it the first segment that differs.
[[nodiscard]] std::string side_by_side(const std::vector<Column>& columns);
/// Is nothing marked?
[[nodiscard]] bool are_alike(const std::vector<Column>& columns);

}  // namespace ghostpeer::compare
