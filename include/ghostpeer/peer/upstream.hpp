// Relayed connections: what the engine asks of the world outside, and what it is told. The driver
// holds one connection to a real server for each of them.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/flows/upstream_error.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <variant>

namespace ghostpeer::peer {

/// Names a relayed connection; never given to another one.
struct UpstreamId {
    event::ConnectionId connection = 0;
    std::uint32_t slot = 0;  ///< the engine's own business
};

using flows::UpstreamError;

/// Connect. Answered once by `upstream_connected` or `upstream_failed`, and by nothing after an
/// `UpstreamAbort`.
struct UpstreamConnect {
    profile::Relay where;
    wire::Endpoint original;    ///< what the client dialled
    wire::Endpoint client{};    ///< its own end
    std::uint32_t attempt = 0;  ///< of the connection, to its address and port; from 1
};
/// Send these, after what was given before. Answered by `upstream_took`, in one call or several.
struct UpstreamSend {
    wire::Bytes bytes;
};
/// FIN after all that was given: as `shutdown(SHUT_WR)`.
struct UpstreamShutdown {};
/// No more news, please: as `close()`, after what was given has left.
struct UpstreamClose {};
/// RST at once, and no more news.
struct UpstreamAbort {};
/// Read, or stop reading for now: the client's window is full. At first, reading is on.
struct UpstreamReading {
    bool on = true;
};

struct UpstreamRequest {
    UpstreamId id;
    std::variant<UpstreamConnect, UpstreamSend, UpstreamShutdown, UpstreamClose, UpstreamAbort,
                 UpstreamReading>
        what;
};

}  // namespace ghostpeer::peer
