// What came of a profile's expectations, and what the kernel said of the program's sockets.
#pragma once

#include "ghostpeer/peer/event.hpp"
#include "ghostpeer/profile/expectation.hpp"
#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::peer {

/// One time at which something came up.
struct Sighting {
    Instant at{};
    ConnectionId connection = 0;
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

/// How one connection ended on the program's side.
struct ConnectionOutcome {
    ConnectionId connection = 0;
    std::uint32_t attempt = 0;
    profile::Outcome outcome = profile::Outcome::open;
};

struct ExpectationResult {
    bool pass = false;
    /// How often it was seen; of `outcome`, how many connections ended so.
    std::uint64_t seen = 0;
    std::vector<Sighting> sightings;           ///< the first of them, at most 32
    std::uint64_t left_out = 0;                ///< came up outside `within`
    std::vector<Sighting> nearest;             ///< the first of those, at most 4
    std::uint64_t failed_when = 0;             ///< came up, but `when` did not hold
    std::string closest;                       ///< the nearest miss of `when`; empty: none
    std::optional<WrongGap> gap;               ///< the first that was wrong
    std::uint64_t looked_at = 0;               ///< of `outcome`: connections
    std::vector<ConnectionOutcome> otherwise;  ///< of `outcome`: ended otherwise, at most 16
};

/// The kernel's view of one of the program's sockets. TIME-WAIT and the rest are RFC 9293's states.
struct SocketView {
    wire::Flow flow;                             ///< local: the peer's end
    tcp::State state = tcp::State::established;  ///< where it is gone: the last one
    bool gone = false;                           ///< the kernel does not list it any more
    Instant last_seen{};                         ///< when the kernel last listed it
    std::optional<Instant> due;                  ///< when its timer was to fire, as of then
};

}  // namespace ghostpeer::peer
