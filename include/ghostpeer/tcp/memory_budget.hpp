// What all connections of an engine may hold together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ghostpeer::tcp {

/// Counts payload that waits anywhere in the peer: to be sent, to be acknowledged, to be read, out
/// of order, delayed; and packets on their way through `--rtt`. Who is about to keep more asks
/// `room_for` first; the engine counts after each turn of a connection what it holds. As with
/// Linux's tcp_mem, a small share stays everybody's, so that a connection is slowed down and never
/// stuck (__sk_mem_raise_allocated).
class MemoryBudget {
  public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    /// A connection may hold so many bytes of each direction whatever the others hold.
    static constexpr std::size_t share = 4096;

    explicit MemoryBudget(std::size_t limit = unlimited) noexcept : limit_(limit) {}

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t held() const noexcept { return held_; }
    /// Bytes that nobody holds.
    [[nodiscard]] std::size_t left() const noexcept { return limit_ > held_ ? limit_ - held_ : 0; }
    /// What a queue that has `bytes` may take on top.
    [[nodiscard]] std::size_t room_for(std::size_t bytes) const noexcept {
        return std::max(left(), bytes < share ? share - bytes : 0);
    }
    /// Somebody held `before` and holds `after` now.
    void change(std::size_t before, std::size_t after) noexcept { held_ += after - before; }

  private:
    std::size_t limit_;
    std::size_t held_ = 0;
};

}  // namespace ghostpeer::tcp
