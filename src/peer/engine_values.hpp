// Small values that the engine's inside is made of.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/seq_num.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::flows {
struct Connection;
}

namespace ghostpeer::peer {

/// What is to be told of a segment that has arrived, before its fate is known.
struct Untold {
    event::Event event;
    std::size_t place = 0;  ///< among the events: before what the segment brings about
};

/// Of the attempts to one address and port.
struct AttemptCount {
    std::uint32_t count = 0;
    Instant last_start{};
};

/// A way that is narrower than the link.
struct NarrowPath {
    std::uint16_t mtu = 0;
    Instant until{};
};

/// What rules do to the interface of the program.
struct ProgramInterface {
    std::vector<profile::InterfaceState> wanted;  ///< not yet known to the driver
    bool cut_off = false;                         ///< it lets nothing in
};

/// What is left of a packet that was cut.
struct Fragments {
    std::vector<wire::SentFragment> sent;
    std::size_t lost = 0;  ///< so many do not leave at all
};

/// What a `connect` action says that its connection begins with.
struct OwnNumbers {
    std::optional<wire::SeqNum> iss;
    std::optional<std::uint32_t> timestamp;  ///< as of now
};

// engine.cpp
/// The packet that the event tells of has not left.
void make_undelivered(event::Event& event);

// actions.cpp
void set_blackhole(flows::Connection& connection, const profile::Rule& rule,
                   profile::Direction direction);

}  // namespace ghostpeer::peer
