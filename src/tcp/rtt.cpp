#include "ghostpeer/tcp/rtt.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

namespace {
// Keeps the arithmetic below within 31 bits whatever a forged timestamp claims.
constexpr Duration longest_sample = std::chrono::minutes(10);
}  // namespace

void RttEstimator::sample(Duration round_trip) noexcept {
    const Duration bounded = std::clamp(round_trip, Duration::zero(), longest_sample);
    const auto r = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(bounded).count());
    if (measured_ == 0) {
        srtt_us_ = r;
        least_us_ = r;
        rttvar_us_ = (r / 2) & 0x7fffffffU;
        measured_ = 1;
        return;
    }
    least_us_ = std::min(least_us_, r);
    const std::uint32_t difference = srtt_us_ > r ? srtt_us_ - r : r - srtt_us_;
    const std::uint64_t variance = (std::uint64_t{rttvar_us_} * 3 + difference) / 4;
    rttvar_us_ = static_cast<std::uint32_t>(variance) & 0x7fffffffU;
    srtt_us_ = static_cast<std::uint32_t>((std::uint64_t{srtt_us_} * 7 + r) / 8);
}

Duration RttEstimator::rto(const Config& config, unsigned backoff) const noexcept {
    Duration rto = config.rto_initial;
    if (measured_ != 0) {
        const Duration spread = std::chrono::microseconds(std::uint64_t{rttvar_us_} * 4);
        rto = smoothed() + std::max(spread, config.rto_min);
    }
    rto = std::max(rto, Duration(std::chrono::milliseconds(1)));
    for (; backoff > 0 && rto < config.rto_max; --backoff) {
        rto *= 2;
    }
    return std::min(rto, std::max(config.rto_max, Duration(std::chrono::milliseconds(1))));
}

}  // namespace ghostpeer::tcp
