#include "ghostpeer/tcp/congestion.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

namespace {
// No window is larger (RFC 7323, 2.3), so nothing is gained beyond it.
constexpr std::uint64_t largest_window = std::uint64_t{1} << 30;
}  // namespace

void CongestionWindow::start(std::uint32_t mss, std::uint32_t segments) noexcept {
    cwnd_ = std::min(segments * mss, std::max(2 * mss, segments * 1460U));
    ssthresh_ = UINT32_MAX;
}

void CongestionWindow::on_ack(std::uint32_t acked, std::uint32_t flight,
                              std::uint32_t mss) noexcept {
    if (std::uint64_t{flight} * 2 < cwnd_) {
        return;
    }
    std::uint64_t grown = cwnd_;
    if (cwnd_ < ssthresh_) {
        grown += acked;
    } else {
        grown += std::max<std::uint64_t>(1, std::uint64_t{mss} * acked / std::max(cwnd_, 1U));
    }
    cwnd_ = static_cast<std::uint32_t>(std::min(grown, largest_window));
}

void CongestionWindow::on_fast_retransmit(std::uint32_t flight, std::uint32_t mss) noexcept {
    ssthresh_ = std::max(flight / 2, 2 * mss);
    cwnd_ = ssthresh_;
}

void CongestionWindow::on_timeout(std::uint32_t flight, std::uint32_t mss, bool first) noexcept {
    if (first) {
        ssthresh_ = std::max(flight / 2, 2 * mss);
    }
    cwnd_ = mss;
}

void CongestionWindow::restore(std::uint32_t window, std::uint32_t threshold) noexcept {
    cwnd_ = std::max(cwnd_, window);
    ssthresh_ = std::max(ssthresh_, threshold);
}

}  // namespace ghostpeer::tcp
