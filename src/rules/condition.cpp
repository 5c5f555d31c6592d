#include "rules/condition.hpp"

#include "rules/segment_condition.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace ghostpeer::rules {
namespace {

using What = NearMiss::What;

[[nodiscard]] std::uint64_t distance(const profile::Range& range, std::uint64_t value) noexcept {
    return value < range.least ? range.least - value : value - range.most;
}

/// The conditions, one after the other; the first that fails is the near miss.
class WhenCheck {
  public:
    WhenCheck(const profile::When& when, const Moment& moment, NearMiss& near_miss)
        : when_(when), moment_(moment), near_miss_(near_miss) {}

    [[nodiscard]] bool holds() {
        const auto elapsed = static_cast<std::uint64_t>(moment_.elapsed.count());
        return state_holds() && is_there() &&
               in_range(when_.attempt, moment_.attempt, What::attempt) &&
               in_range(when_.port, moment_.port, What::port) &&
               in_range(when_.received, moment_.received, What::received) &&
               in_range(when_.sent, moment_.sent, What::sent) &&
               in_range(when_.elapsed, elapsed, What::elapsed) && segment_holds();
    }

  private:
    bool state_holds() {
        if (when_.states.empty() || std::find(when_.states.begin(), when_.states.end(),
                                              moment_.state) != when_.states.end()) {
            return true;
        }
        near_miss_.note(What::state, static_cast<std::uint64_t>(moment_.state), 1);
        return false;
    }
    bool in_range(const std::optional<profile::Range>& range, std::uint64_t value, What what) {
        if (!range || range->contains(value)) {
            return true;
        }
        near_miss_.note(what, value, distance(*range, value));
        return false;
    }
    bool is_there() {
        if (address_holds(when_, moment_.own)) {
            return true;
        }
        near_miss_.note(What::address, 0, 1);
        return false;
    }
    bool segment_holds() {
        const wire::Segment* segment = moment_.segment;
        if (segment == nullptr) {
            return !when_.length && !when_.packet_length && !when_.retransmitted && !when_.flags &&
                   !when_.payload && !when_.segment;
        }
        if (!in_range(when_.length, segment->payload.size(), What::length) ||
            (when_.packet_length &&
             !in_range(when_.packet_length, wire::packet_size(*segment), What::packet_length))) {
            return false;
        }
        if (when_.retransmitted && *when_.retransmitted != moment_.retransmission) {
            near_miss_.note(What::retransmitted, 0, 1);
            return false;
        }
        if (when_.flags && *when_.flags != segment->flags) {
            near_miss_.note(What::flags, segment->flags.bits, 1);
            return false;
        }
        if (when_.segment && !headers_hold(*when_.segment, moment_, near_miss_)) {
            return false;
        }
        return payload_holds(*segment);
    }
    bool payload_holds(const wire::Segment& segment) {
        if (!when_.payload) {
            return true;
        }
        const auto& payload = segment.payload;
        const std::string_view text(reinterpret_cast<const char*>(payload.data()),
                                    std::min(payload.size(), moment_.payload_known));
        if (when_.payload->found_in(text)) {
            return true;
        }
        near_miss_.note(What::payload, 0, 1);
        return false;
    }

    const profile::When& when_;
    const Moment& moment_;
    NearMiss& near_miss_;
};

}  // namespace

bool address_holds(const profile::When& when, const wire::IpAddress& own) noexcept {
    if (when.over_ipv6 && *when.over_ipv6 == own.is_v4()) {
        return false;
    }
    return when.addresses.empty() ||
           std::any_of(when.addresses.begin(), when.addresses.end(),
                       [&](const wire::AddressBlock& block) { return block.contains(own); });
}

std::string_view selects_by(const profile::When& when) noexcept {
    return when.attempt              ? "attempt"
           : when.port               ? "port"
           : when.over_ipv6          ? "family"
           : !when.addresses.empty() ? "address"
                                     : "";
}

bool is_meant(const profile::When& when, std::uint64_t attempt,
              const wire::Endpoint& own) noexcept {
    return (!when.attempt || when.attempt->contains(attempt)) &&
           (!when.port || when.port->contains(own.port)) && address_holds(when, own.address);
}

bool when_holds(const profile::When& when, const Moment& moment, NearMiss& near_miss) {
    return WhenCheck(when, moment, near_miss).holds();
}

}  // namespace ghostpeer::rules
