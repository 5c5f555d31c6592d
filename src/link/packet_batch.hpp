// The packets that one `receive` brought.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ghostpeer::link {

/// IP packets one behind the other in memory that is kept from one batch to the next. The spans
/// are valid until the next `append` or `clear`.
class PacketBatch {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    [[nodiscard]] std::span<const std::uint8_t> operator[](std::size_t index) const noexcept {
        const std::size_t from = index == 0 ? 0 : ends_[index - 1];
        return {arena_.data() + from, ends_[index] - from};
    }

    void clear() noexcept { ends_.clear(); }
    /// One more packet of `size` bytes, to be filled in by the caller (they hold anything).
    [[nodiscard]] std::span<std::uint8_t> append(std::size_t size);

  private:
    [[nodiscard]] std::size_t used() const noexcept { return ends_.empty() ? 0 : ends_.back(); }

    std::vector<std::uint8_t> arena_;  ///< its size is the most that was ever needed
    std::vector<std::size_t> ends_;
};

}  // namespace ghostpeer::link
