// Sequence numbers: 32 bits that wrap (RFC 9293, 3.4).
#pragma once

#include <cstdint>

namespace ghostpeer::wire {

/// A TCP sequence number. Comparisons are circular: `a < b` means that b is ahead of a by less
/// than 2^31. They are no strict weak order, so a SeqNum is not a key for an ordered container.
class SeqNum {
  public:
    constexpr SeqNum() noexcept = default;
    constexpr explicit SeqNum(std::uint32_t raw) noexcept : raw_(raw) {}

    /// The 32 bits on the wire, in host byte order.
    [[nodiscard]] constexpr std::uint32_t raw() const noexcept { return raw_; }

    constexpr SeqNum& operator+=(std::uint32_t n) noexcept {
        raw_ += n;
        return *this;
    }
    constexpr SeqNum& operator-=(std::uint32_t n) noexcept {
        raw_ -= n;
        return *this;
    }
    friend constexpr SeqNum operator+(SeqNum a, std::uint32_t n) noexcept { return a += n; }
    friend constexpr SeqNum operator-(SeqNum a, std::uint32_t n) noexcept { return a -= n; }

    /// The signed distance from b to a, in [-2^31, 2^31).
    friend constexpr std::int32_t operator-(SeqNum a, SeqNum b) noexcept {
        return static_cast<std::int32_t>(a.raw_ - b.raw_);
    }

    friend constexpr bool operator==(SeqNum a, SeqNum b) noexcept = default;
    friend constexpr bool operator<(SeqNum a, SeqNum b) noexcept { return a - b < 0; }
    friend constexpr bool operator<=(SeqNum a, SeqNum b) noexcept { return a - b <= 0; }
    friend constexpr bool operator>(SeqNum a, SeqNum b) noexcept { return a - b > 0; }
    friend constexpr bool operator>=(SeqNum a, SeqNum b) noexcept { return a - b >= 0; }

    [[nodiscard]] friend constexpr SeqNum max(SeqNum a, SeqNum b) noexcept { return a < b ? b : a; }
    [[nodiscard]] friend constexpr SeqNum min(SeqNum a, SeqNum b) noexcept { return b < a ? b : a; }

  private:
    std::uint32_t raw_ = 0;
};

/// How far `a` lies beyond `from` going forward, in [0, 2^32).
[[nodiscard]] constexpr std::uint32_t forward_distance(SeqNum from, SeqNum a) noexcept {
    return a.raw() - from.raw();
}

}  // namespace ghostpeer::wire
