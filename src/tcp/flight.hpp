// What has been sent and is not acknowledged, segment by segment (RFC 8985, 5.2; RFC 2018).
#pragma once

#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ghostpeer::tcp {

/// So many duplicate ACKs, or segments that arrived behind it, tell of a loss (RFC 5681, 3.2).
inline constexpr std::uint32_t duplicate_threshold = 3;

/// One segment as it was sent last.
struct SentSegment {
    wire::SeqNum left;
    wire::SeqNum right;
    Instant sent_at{};
    bool sacked : 1 = false;
    bool lost : 1 = false;    ///< and not sent again since
    bool resent : 1 = false;  ///< at some time

    [[nodiscard]] std::uint32_t length() const noexcept { return forward_distance(left, right); }
};

/// Was the segment with this time and right edge sent after the other one (RFC 8985, 6.2, step 2)?
[[nodiscard]] inline bool sent_after(Instant at, wire::SeqNum right, Instant other_at,
                                     wire::SeqNum other_right) noexcept {
    return at > other_at || (at == other_at && right > other_right);
}

/// The segments between SND.UNA and SND.NXT, in the order of their numbers, without gaps.
class Flight {
  public:
    [[nodiscard]] bool empty() const noexcept { return head_ == segments_.size(); }
    [[nodiscard]] std::uint32_t count() const noexcept {
        return static_cast<std::uint32_t>(segments_.size() - head_);
    }
    [[nodiscard]] std::span<const SentSegment> segments() const noexcept {
        return std::span(segments_).subspan(head_);
    }
    [[nodiscard]] const SentSegment& front() const noexcept { return segments_[head_]; }
    [[nodiscard]] const SentSegment& back() const noexcept { return segments_.back(); }
    [[nodiscard]] std::uint32_t sacked() const noexcept { return sacked_; }
    [[nodiscard]] std::uint32_t lost() const noexcept { return lost_; }
    /// Segments that are believed to be in the network.
    [[nodiscard]] std::uint32_t in_network() const noexcept { return count() - sacked_ - lost_; }
    /// The right edge of the highest one that was reported; only while `sacked()`.
    [[nodiscard]] wire::SeqNum highest_sacked() const noexcept { return highest_sacked_; }

    /// A new one leaves.
    void push(wire::SeqNum left, wire::SeqNum right, Instant now);
    /// The first one has been acknowledged.
    void pop() noexcept;
    /// An acknowledgement ends within the first one.
    void trim(wire::SeqNum una) noexcept { segments_[head_].left = una; }
    /// The index of the first segment that begins at or after `seq`.
    [[nodiscard]] std::size_t find(wire::SeqNum seq) const noexcept;
    void mark_sacked(std::size_t index) noexcept;
    void mark_lost(std::size_t index) noexcept;
    void mark_resent(std::size_t index, Instant now) noexcept;
    /// None is lost after all.
    void unmark_lost() noexcept;
    /// The other side has thrown away what it had reported (RFC 2018, 8).
    void unmark_sacked() noexcept;
    /// The segment becomes two, the first with `length` bytes.
    void split(std::size_t index, std::uint32_t length);
    /// The segment swallows the one behind it.
    void merge(std::size_t index);

    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        return segments_.capacity() * sizeof(SentSegment);
    }

  private:
    void count_in(const SentSegment& segment, std::uint32_t change) noexcept;

    std::vector<SentSegment> segments_;
    std::size_t head_ = 0;  ///< those before it have been acknowledged
    std::uint32_t sacked_ = 0;
    std::uint32_t lost_ = 0;
    wire::SeqNum highest_sacked_;
};

}  // namespace ghostpeer::tcp
