// One direction of a conversation: its sequence numbers as places that do not wrap, and what of it
// has been seen.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ghostpeer::capture {

/// What a segment is to its stream.
struct Carried {
    std::int64_t place = 0;    ///< where it begins
    bool again = false;        ///< all of it had been seen
    bool ahead = false;        ///< it begins beyond what had been seen
    bool late = false;         ///< it fills a hole
    bool far = false;          ///< nowhere near: it counts for nothing
    std::uint32_t fresh = 0;   ///< payload bytes beyond what had been seen
    std::uint64_t filled = 0;  ///< sequence numbers of holes that it fills
};

/// Bounded: of many holes only the last are remembered.
class Stream {
  public:
    static constexpr std::size_t most_holes = 64;

    [[nodiscard]] bool known() const noexcept { return known_; }
    /// `seq` is at `place`.
    void begin(wire::SeqNum seq, std::int64_t place) noexcept;

    [[nodiscard]] std::int64_t place_of(wire::SeqNum seq) const noexcept;
    /// The place behind the last that was seen.
    [[nodiscard]] std::int64_t end() const noexcept { return end_; }
    [[nodiscard]] wire::SeqNum next() const noexcept { return next_; }
    [[nodiscard]] std::int64_t acked() const noexcept { return acked_; }

    /// A segment with `numbers` sequence numbers (payload, SYN, FIN) that begins at `seq`.
    [[nodiscard]] Carried take(wire::SeqNum seq, std::uint32_t payload, std::uint32_t numbers);
    /// The other end says that it has all before `ack`. True: that is new.
    bool acknowledge(wire::SeqNum ack);
    /// Places that something is missing at, as far as they are remembered.
    [[nodiscard]] std::size_t holes() const noexcept { return holes_.size(); }
    /// Numbers that were acknowledged and never seen, so far.
    [[nodiscard]] std::uint64_t not_seen() const noexcept;
    /// An acknowledgement of what lies far beyond anything seen.
    [[nodiscard]] bool is_strange_ack(wire::SeqNum ack) const noexcept;

  private:
    using Hole = std::pair<std::int64_t, std::int64_t>;

    [[nodiscard]] std::uint64_t fill(std::int64_t from, std::int64_t to);
    void forget_acknowledged();
    void bound_holes();

    std::int64_t end_ = 0;
    wire::SeqNum next_;
    std::int64_t acked_ = 0;
    std::vector<Hole> holes_;
    std::uint64_t lost_ = 0;  ///< of holes that were acknowledged all the same
    bool known_ = false;
};

}  // namespace ghostpeer::capture
