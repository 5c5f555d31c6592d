// Bytes in, bytes out, in order; takes no memory while empty.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <span>

namespace ghostpeer::tcp {

/// A FIFO of bytes in one contiguous block, so that it can be peeked without a copy. Removing from
/// the front is O(1) amortised. Empty queues hold no heap memory.
class ByteQueue {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - head_; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// Everything that is queued; valid until the next call that is not const.
    [[nodiscard]] std::span<const std::uint8_t> view() const noexcept {
        return std::span(bytes_).subspan(head_);
    }
    void append(std::span<const std::uint8_t> bytes);
    /// Takes the vector over without a copy where the queue is empty.
    void append(wire::Bytes&& bytes);
    /// Drops the first n bytes (all, where there are fewer).
    void drop_front(std::size_t n);
    /// Removes the byte that is the nth from the end, 1 being the last.
    void erase_from_back(std::size_t n);
    /// Bytes of heap memory in use.
    [[nodiscard]] std::size_t heap_bytes() const noexcept { return bytes_.capacity(); }

  private:
    wire::Bytes bytes_;
    std::size_t head_ = 0;
};

}  // namespace ghostpeer::tcp
