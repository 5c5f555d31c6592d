#include "ghostpeer/tcp/byte_queue.hpp"

#include <utility>

namespace ghostpeer::tcp {

namespace {

// Below this much dead space at the front, giving memory back is not worth a copy.
constexpr std::size_t compaction_floor = 16 * 1024;

std::ptrdiff_t distance(std::size_t n) noexcept { return static_cast<std::ptrdiff_t>(n); }

}  // namespace

void ByteQueue::append(std::span<const std::uint8_t> bytes) {
    // Each byte that is moved here pays for a byte dropped before it: O(1) amortised.
    if (head_ > 0 && head_ >= size()) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + distance(head_));
        head_ = 0;
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void ByteQueue::append(wire::Bytes&& bytes) {
    if (empty()) {
        bytes_ = std::move(bytes);
        head_ = 0;
        return;
    }
    append(std::span<const std::uint8_t>(bytes));
}

void ByteQueue::erase_from_back(std::size_t n) {
    if (n > 0 && n <= size()) {
        bytes_.erase(bytes_.end() - distance(n));
    }
}

void ByteQueue::drop_front(std::size_t n) {
    if (n >= size()) {
        bytes_ = wire::Bytes();
        head_ = 0;
        return;
    }
    head_ += n;
    if (head_ >= compaction_floor && head_ >= 3 * size()) {
        bytes_ = wire::Bytes(bytes_.begin() + distance(head_), bytes_.end());
        head_ = 0;
    }
}

}  // namespace ghostpeer::tcp
