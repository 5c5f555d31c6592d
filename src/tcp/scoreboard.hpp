// What the other side says it holds out of order (RFC 2018, RFC 6675).
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::tcp {

/// Disjoint ranges between SND.UNA and SND.NXT, in order. Their number is bounded: a selective
/// acknowledgement is advice, and what does not fit is forgotten.
class Scoreboard {
  public:
    static constexpr std::size_t max_ranges = 256;

    /// Takes one block; false if it says nothing new or nonsense (outside of [una, nxt], empty, or
    /// a duplicate report after RFC 2883).
    bool add(const wire::SackBlock& block, wire::SeqNum una, wire::SeqNum nxt);
    /// Forgets what lies before the cumulative acknowledgement.
    void advance(wire::SeqNum una);
    void clear() noexcept;

    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    [[nodiscard]] std::uint32_t bytes() const noexcept { return bytes_; }
    /// The right edge of the highest range; only if not empty.
    [[nodiscard]] wire::SeqNum highest() const noexcept { return ranges_.back().right; }
    /// IsLost() of RFC 6675 for the byte at `una`: three ranges or more than two segments above it.
    [[nodiscard]] bool first_is_lost(std::uint32_t mss) const noexcept;
    /// Bytes in [from, to) that are not held by the other side.
    [[nodiscard]] std::uint32_t missing(wire::SeqNum from, wire::SeqNum to) const noexcept;
    /// The first run of missing bytes in [from, to).
    [[nodiscard]] std::optional<wire::SackBlock> next_hole(wire::SeqNum from,
                                                           wire::SeqNum to) const noexcept;
    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        return ranges_.capacity() * sizeof(wire::SackBlock);
    }

  private:
    std::vector<wire::SackBlock> ranges_;
    std::uint32_t bytes_ = 0;
};

}  // namespace ghostpeer::tcp
