// Where a rehearsal and its capture part.
#pragma once

#include "learn/rehearsal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::learn {

enum class Difference : std::uint8_t {
    missing,  ///< the capture has a segment that the rehearsal lacks
    extra,    ///< the other way round
    fields,   ///< both have one there, and they differ
    time,     ///< both have it, at different times
    window,   ///< both have it, and its window differs as it matters
};

struct Parting {
    Difference what{};
    std::size_t captured = 0;   ///< in the lines of the capture; their number: at its end
    std::size_t rehearsed = 0;  ///< likewise
};

struct Likeness {
    std::size_t alike = 0;           ///< lines of the capture that the rehearsal has as well
    std::size_t free = 0;            ///< ACKs that come at another time, or one for several
    std::optional<Parting> parting;  ///< the first one; unset: they do not part
};

/// What no rule was found for, and what is passed over therefore.
struct Passed {
    std::vector<bool> captured;   ///< by line of the capture; may be shorter
    std::vector<Line> rehearsed;  ///< segments that the capture lacks
};

/// What is compared ends when the capture does, at `end`.
[[nodiscard]] Likeness compare(const std::vector<Line>& captured,
                               const std::vector<Line>& rehearsed, const Passed& passed,
                               Duration rtt, Duration end);

/// A segment in few words: `RST, ACK at 17, ack 1`.
[[nodiscard]] std::string in_words(const Line& line);

/// The two have the same flags (PSH aside), numbers and length.
[[nodiscard]] bool same_numbers(const Line& one, const Line& other) noexcept;
/// The options, the TTL, the urgent pointer.
[[nodiscard]] bool same_header(const Line& one, const Line& other) noexcept;
[[nodiscard]] bool same_window(const Line& one, const Line& other) noexcept;
/// It says nothing but how far it has got.
[[nodiscard]] bool plain_ack(const Line& line) noexcept;
/// In the peer's stream, behind the last number that it occupies.
[[nodiscard]] std::int64_t end_place(const Line& line) noexcept;

}  // namespace ghostpeer::learn
