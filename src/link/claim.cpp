#include "link/claim.hpp"

#include <algorithm>
#include <chrono>

namespace ghostpeer::link {

using namespace std::chrono_literals;

ClaimTiming ClaimTiming::rfc5227() noexcept { return {1s, 3, 1s, 2s, 2s, 2, 2s, 10s}; }

ClaimTiming ClaimTiming::rfc4862() noexcept { return {1s, 1, 1s, 1s, 1s, 2, 1s, 10s}; }

Duration ClaimTiming::longest() const noexcept {
    return first_wait + (probes > 0 ? probes - 1 : 0) * probe_max + last_wait;
}

ClaimTiming ClaimTiming::within(Duration whole) const noexcept {
    const Duration own = longest();
    if (whole >= own || whole < Duration::zero()) {
        return *this;
    }
    // Milliseconds are enough, and keep the products small.
    const auto shorten = [&](Duration wait) {
        const auto ms = std::chrono::duration_cast<std::chrono::microseconds>(wait).count();
        const auto part = std::chrono::duration_cast<std::chrono::microseconds>(whole).count();
        const auto all = std::chrono::duration_cast<std::chrono::microseconds>(own).count();
        return Duration(std::chrono::microseconds(ms * part / all));
    };
    ClaimTiming shorter = *this;
    shorter.first_wait = shorten(first_wait);
    shorter.probe_min = shorten(probe_min);
    shorter.probe_max = shorten(probe_max);
    shorter.last_wait = shorten(last_wait);
    return shorter;
}

Claim::Claim(const ClaimTiming& timing, std::uint64_t seed, Instant now) noexcept
    : timing_(timing), random_(seed) {
    deadline_ = now + between(Duration::zero(), timing_.first_wait);
}

Duration Claim::between(Duration least, Duration most) noexcept {
    // splitmix64 (Steele, Lea and Flood, 2014)
    random_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = random_;
    z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27U) * 0x94d049bb133111ebULL;
    z ^= z >> 31U;
    const auto span = static_cast<std::uint64_t>(std::max(most - least, Duration::zero()).count());
    return least + Duration(static_cast<Duration::rep>(z % (span + 1)));
}

Claim::Send Claim::on_time(Instant now) noexcept {
    if (!deadline_ || now < *deadline_) {
        return Send::nothing;
    }
    if (state_ == State::probing && sent_ < timing_.probes) {
        ++sent_;
        deadline_ = now + (sent_ < timing_.probes ? between(timing_.probe_min, timing_.probe_max)
                                                  : timing_.last_wait);
        return Send::probe;
    }
    if (state_ == State::probing) {
        state_ = State::claimed;
        sent_ = 0;
    }
    ++sent_;
    deadline_ = sent_ < timing_.announcements ? std::optional(now + timing_.announce_interval)
                                              : std::nullopt;
    return Send::announcement;
}

Claim::Send Claim::on_rival(Rival rival, Instant now) noexcept {
    if (state_ == State::probing) {
        // RFC 5227, 2.1.1: a host that probes for it at the same time counts as well.
        state_ = State::taken;
        deadline_.reset();
        return Send::nothing;
    }
    if (state_ != State::claimed || rival == Rival::wants) {
        return Send::nothing;
    }
    // RFC 5227, 2.4 (b): defend once, and give way to who does not give way.
    if (last_conflict_ && now - *last_conflict_ < timing_.defend_interval) {
        give_up();
        return Send::nothing;
    }
    last_conflict_ = now;
    return Send::announcement;
}

void Claim::give_up() noexcept {
    state_ = State::lost;
    deadline_.reset();
}

}  // namespace ghostpeer::link
