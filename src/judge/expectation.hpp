// What came of a profile's expectations.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/expectation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::judge {

/// One time at which something came up.
struct Sighting {
    Instant at{};
    event::ConnectionId connection = 0;
    std::uint32_t attempt = 0;
};

/// A time between two neighbours that is not as `apart` asks.
struct WrongGap {
    Sighting before;
    Sighting at;
    std::uint64_t number = 0;          ///< among the gaps of its connection, from 1
    profile::Range allowed;            ///< nanoseconds, tolerance included
    std::optional<Duration> previous;  ///< the gap before, where `growth` was not kept
};

/// How the program's side of a connection ended, as far as that is known.
struct ProgramEnd {
    enum class Manner : std::uint8_t {
        none,        ///< it did not end, or nobody knows how
        finishing,   ///< it did not end, but its FIN waits for the acknowledgement
        in_order,    ///< FIN in both directions
        by_reset,    ///< RST, of whichever side
        by_icmp,     ///< an ICMP error
        in_silence,  ///< nothing was said
    };
    profile::Outcome outcome = profile::Outcome::unknown;
    Manner manner = Manner::none;
    std::optional<Instant> at;  ///< unset: it did not end, or nobody knows when
    std::string_view why;       ///< of `unknown`: a clause; static text
};

/// A connection whose program's side ended otherwise than expected, or at another time.
struct ConnectionOutcome {
    event::ConnectionId connection = 0;
    std::uint32_t attempt = 0;
    ProgramEnd end;
    /// Where `within` was asked for and the outcome was right: when it ended, counted from the
    /// event; unset: the event never came up, or nobody knows when it ended.
    std::optional<Duration> after;
    bool untimely = false;  ///< the outcome was right
};

struct ExpectationResult {
    bool pass = false;
    /// How often it was seen; of `outcome`, how many connections ended so.
    std::uint64_t seen = 0;
    std::vector<Sighting> sightings;  ///< the first of them, at most 32
    std::uint64_t left_out = 0;       ///< came up outside `within`
    std::vector<Sighting> nearest;    ///< the first of those, at most 4
    std::uint64_t failed_when = 0;    ///< came up, but `when` did not hold
    std::string closest;              ///< the nearest miss of `when`; empty: none
    std::optional<WrongGap> gap;      ///< the first that was wrong
    bool unmeasured = false;          ///< `apart`: enough were seen, but never in one place
    std::uint64_t references = 0;     ///< how often the event came up that `within` counts from
    std::uint64_t looked_at = 0;      ///< of `outcome`: connections
    std::vector<ConnectionOutcome> otherwise;  ///< of `outcome`: the others, at most 16
};

}  // namespace ghostpeer::judge
