// Bytes that arrived before their turn (RFC 9293, 3.10.7.4), and what to say about them
// (RFC 2018, RFC 2883).
#pragma once

#include "ghostpeer/tcp/byte_queue.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace ghostpeer::tcp {

/// Places are counted in bytes from the start of the stream, so they neither wrap nor depend on
/// the initial sequence number. A FIN is held as a byte that is never read.
struct Reassembly {
    struct Range {
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        friend bool operator==(const Range&, const Range&) = default;
    };

    /// Keeps the bytes of [at, at + bytes.size()) that are not there yet; what was there first
    /// stays. `limit` bounds what is held, bookkeeping included; what does not fit is forgotten.
    /// Returns the first part that had been there before; an empty one if nothing had.
    Range add(std::uint64_t at, wire::Bytes&& bytes, std::size_t limit);
    /// Moves what continues the stream from `next` on into the queue; returns how much that was.
    std::uint64_t take(std::uint64_t next, ByteQueue& into);
    /// Behind the last byte that is held; only if there are some.
    [[nodiscard]] std::uint64_t end() const noexcept { return ranges_.rbegin()->second; }
    /// Up to `most` held ranges, the one that changed last first.
    [[nodiscard]] std::vector<Range> report(std::size_t most) const;

    [[nodiscard]] bool holds_bytes() const noexcept { return !pieces_.empty(); }
    /// Nothing has come out of order, or twice.
    [[nodiscard]] bool in_order() const noexcept {
        return pieces_.empty() && !fin_at && !duplicate;
    }
    [[nodiscard]] bool idle() const noexcept { return in_order() && !urgent_at; }
    [[nodiscard]] std::size_t heap_bytes() const noexcept;

    std::optional<std::uint64_t> fin_at;       ///< where the FIN that came out of order stands
    std::optional<std::uint64_t> urgent_at;    ///< where the urgent byte stands that is to come
    std::optional<wire::SackBlock> duplicate;  ///< to be reported by the next ACK (RFC 2883)

  private:
    void keep(std::uint64_t at, wire::Bytes&& bytes);
    void note_range(std::uint64_t left, std::uint64_t right);

    std::map<std::uint64_t, wire::Bytes> pieces_;    // disjoint, by place
    std::map<std::uint64_t, std::uint64_t> ranges_;  // the same, neighbours joined
    std::array<std::uint64_t, 4> recent_{};          // left edges, latest first
    std::size_t recent_count_ = 0;
    std::size_t held_ = 0;  // payload bytes
};

}  // namespace ghostpeer::tcp
