// The conditions of `when:`, for rules as for expectations.
#pragma once

#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/format.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"
#include "rules/forged.hpp"
#include "rules/near_miss.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ghostpeer::rules {

/// All that a condition reads.
struct Moment {
    /// The peer's. A connection that has not been taken up yet waits in LISTEN, as the RFC's server
    /// does.
    tcp::State state = tcp::State::closed;
    std::uint32_t attempt = 0;
    std::uint16_t port = 0;  ///< of the side that was asked
    std::uint64_t received = 0;
    std::uint64_t sent = 0;  ///< payload bytes that were acknowledged
    Duration elapsed{};
    const wire::Segment* segment = nullptr;  ///< null: the moment is not that of a segment
    bool retransmission = false;
    /// Of the payload so much is known: no more than a record keeps, where a record is judged.
    std::size_t payload_known = SIZE_MAX;
    wire::NumberBase base{};            ///< what the segment's numbers are counted from
    std::uint32_t window = 0;           ///< the segment's, in bytes
    bool arrived = true;                ///< the segment, at the peer; else it leaves
    const Evaluate* numbers = nullptr;  ///< values of named numbers; null: none is named
    wire::IpAddress own{};              ///< the peer's
};

/// `family` and `address`: is the peer's own address one of those that are meant?
[[nodiscard]] bool address_holds(const profile::When& when, const wire::IpAddress& own) noexcept;

/// By what connections are left out as a whole, as a word of the language; empty: none are.
[[nodiscard]] std::string_view selects_by(const profile::When& when) noexcept;
/// Is it one of those that are not left out so? `own`: the peer's end.
[[nodiscard]] bool is_meant(const profile::When& when, std::uint64_t attempt,
                            const wire::Endpoint& own) noexcept;

/// Do the conditions hold? If not, the first that fails is noted.
[[nodiscard]] bool when_holds(const profile::When& when, const Moment& moment, NearMiss& near_miss);

}  // namespace ghostpeer::rules
