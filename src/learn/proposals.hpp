// What could explain that a rehearsal and its capture part: drafts, the most general ones first.
#pragma once

#include "learn/draft.hpp"
#include "learn/likeness.hpp"
#include "learn/rehearsal.hpp"
#include "learn/scene.hpp"

#include <string>
#include <vector>

namespace ghostpeer::learn {

/// A moment in words of the language: an event, and how it is told from others of its kind.
struct Moment {
    std::string on;
    std::vector<Entry> filters{};
    Duration at{};  ///< as the program saw it
};

struct Position {
    const Scene& scene;
    const std::vector<Line>& captured;
    const Rehearsed& rehearsed;
    Parting parting;
};

[[nodiscard]] std::vector<Draft> propose(const Position& position, const Draft& draft);

/// The last moments before a segment that could have led to it, the likeliest first.
[[nodiscard]] std::vector<Moment> moments_before(const Position& position, std::size_t cause,
                                                 Duration at);
/// That act of the program, as `receive data`, and with its number.
[[nodiscard]] Moment moment_of(const Position& position, std::size_t act, bool numbered);

/// Rules that make the segment by force, where the peer's TCP would never send it.
[[nodiscard]] std::vector<Rule> forged(const Position& position, const Line& line);
/// What a rule would have to overwrite in the one to make the other of it: `{ack: rcv.nxt}`.
[[nodiscard]] std::string overwritten(const Position& position, const Line& captured,
                                      const Line& rehearsed);

}  // namespace ghostpeer::learn
