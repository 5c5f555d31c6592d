// What the kernel said of the program's sockets, as outcomes are told from it.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <cstdint>
#include <optional>

namespace ghostpeer::judge {

/// The kernel's view of one of the program's sockets. TIME-WAIT and the rest are RFC 9293's states.
struct SocketView {
    wire::Flow flow;                             ///< local: the peer's end
    tcp::State state = tcp::State::established;  ///< where it is gone: the last one
    bool gone = false;                           ///< the kernel does not list it any more
    Instant last_seen{};                         ///< when the kernel last listed it
    std::optional<Instant> due;                  ///< when its timer was to fire, as of then
    /// How many sockets the kernel had given up (TCPAbortOnTimeout) when it last listed this one,
    /// and by now; unset: it does not tell.
    std::optional<std::uint64_t> aborts_before{};
    std::optional<std::uint64_t> aborts{};
};

/// A socket that the kernel has freed: nobody holds it any more. TIME-WAIT may be left of it.
struct DestroyedSocket {
    /// As for SocketView. connect() takes the other end out of a socket that it could not connect:
    /// then its port is 0.
    wire::Flow flow;
    std::optional<std::uint64_t> aborts{};  ///< as for SocketView, by now
    bool retried = true;  ///< it had sent something in vain, or nobody knows whether it had
};

/// Nothing where its state says nothing of how it ends.
[[nodiscard]] std::optional<SocketView> to_view(const event::Socket& socket, Instant now);

}  // namespace ghostpeer::judge
