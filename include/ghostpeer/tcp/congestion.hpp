// Congestion window (RFC 5681, RFC 6928), in bytes.
#pragma once

#include <cstdint>

namespace ghostpeer::tcp {

class CongestionWindow {
  public:
    /// The initial window: so many segments, but of 1460 bytes on average, or two (RFC 6928, 2).
    void start(std::uint32_t mss, std::uint32_t segments) noexcept;
    /// `acked` new bytes were acknowledged while `flight` were outstanding. Grows by slow start or
    /// congestion avoidance, but not while the application leaves the window unused (RFC 7661).
    void on_ack(std::uint32_t acked, std::uint32_t flight, std::uint32_t mss) noexcept;
    /// A loss that the timer need not tell of: half of what is outstanding (RFC 5681, 3.2).
    void on_fast_retransmit(std::uint32_t flight, std::uint32_t mss) noexcept;
    /// The window in a recovery (RFC 9937), and the one at its end.
    void set(std::uint32_t window) noexcept { cwnd_ = window; }
    /// The retransmission timer ran out: one segment. `first` is false for the same data again,
    /// which must not halve the threshold twice (RFC 5681, 3.1).
    void on_timeout(std::uint32_t flight, std::uint32_t mss, bool first) noexcept;
    /// A reduction was a mistake: the window is as large as before it, at least.
    void restore(std::uint32_t window, std::uint32_t threshold) noexcept;

    [[nodiscard]] std::uint32_t bytes() const noexcept { return cwnd_; }
    [[nodiscard]] std::uint32_t threshold() const noexcept { return ssthresh_; }

  private:
    std::uint32_t cwnd_ = 0;
    std::uint32_t ssthresh_ = UINT32_MAX;
};

}  // namespace ghostpeer::tcp
