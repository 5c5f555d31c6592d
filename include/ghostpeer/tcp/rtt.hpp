// Round-trip time and the retransmission timeout (RFC 6298).
#pragma once

#include "ghostpeer/tcp/config.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

/// The smoothed round-trip time of one connection, kept in whole microseconds.
class RttEstimator {
  public:
    /// A measured round trip (Karn: never of a segment that was sent twice). Samples below zero
    /// count as zero, those above ten minutes as ten minutes.
    void sample(Duration round_trip) noexcept;
    [[nodiscard]] bool measured() const noexcept { return measured_; }
    [[nodiscard]] Duration smoothed() const noexcept { return std::chrono::microseconds(srtt_us_); }
    /// The shortest that was measured; zero before.
    [[nodiscard]] Duration least() const noexcept { return std::chrono::microseconds(least_us_); }
    /// The timeout after `backoff` doublings, at most `config.rto_max`. Before the first sample it
    /// is `config.rto_initial`, later SRTT + max(4 RTTVAR, rto_min): Linux (tcp_rtt_estimator)
    /// puts the floor under the variance, so that a delayed ACK is no reason to retransmit.
    [[nodiscard]] Duration rto(const Config& config, unsigned backoff) const noexcept;

  private:
    std::uint32_t srtt_us_ = 0;
    std::uint32_t least_us_ = 0;
    std::uint32_t rttvar_us_ : 31 = 0;
    std::uint32_t measured_ : 1 = 0;
};

}  // namespace ghostpeer::tcp
