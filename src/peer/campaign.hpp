// The connections that a client profile opens.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/time.hpp"
#include "rules/behaviour.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::peer {

/// What one `dial` still has to do.
struct Campaign {
    rules::Behaviour* behaviour = nullptr;
    std::size_t peer = 0;
    wire::IpAddress from;
    wire::Endpoint to;
    std::uint32_t left = 0;
    std::uint32_t made = 0;
    std::vector<std::uint16_t> ports;  ///< empty: the ephemeral ones
    std::uint32_t port_offset = 0;     ///< among these, of the next one to try
    Instant begin{};
    Instant next{};
    std::optional<Instant> last;
};

}  // namespace ghostpeer::peer
