// Which condition came closest to holding, where none of the occasions fitted.
#pragma once

#include <cstdint>
#include <string>

namespace ghostpeer::rules {

/// The condition that came closest to holding where none of the occasions has fitted yet.
struct NearMiss {
    enum class What : std::uint8_t {
        none,
        state,
        attempt,
        port,
        address,
        length,
        packet_length,
        received,
        sent,
        elapsed,
        retransmitted,
        flags,
        payload,
        seq,  ///< value: as the trace shows it, two's complement
        ack,  ///< the same
        window,
        some_flags,  ///< `has` or `lacks`; value: those of the segment
        sack,
        option,
        mss,
        window_scale,
        urgent,
        ttl,
        tos,
        ecn,
        df,
        id,
        within,     ///< value: nanoseconds since the event that it names
        reference,  ///< that event has not come
        request,    ///< value: requests or responses of one connection
        count,      ///< value: the highest count reached on one connection
        total,      ///< value: bytes of a `received` / `sent` event reached
    };
    What what = What::none;
    std::uint64_t value = 0;
    std::uint64_t distance = UINT64_MAX;

    void note(What w, std::uint64_t v, std::uint64_t d) noexcept {
        if (what == What::none || d < distance) {
            *this = {w, v, d};
        }
    }
};

/// As the end of a sentence; empty for none.
[[nodiscard]] std::string describe(const NearMiss& miss);

}  // namespace ghostpeer::rules
