// What the control interface sees of the engine, and what it asks of it.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ghostpeer::peer {

/// The `file` of the rule that events name where the control interface acted; its line is 0.
inline constexpr std::string_view control_file = "control";

/// One of the engine's PeerSpecs, as it stands now.
struct PeerView {
    std::size_t index = 0;
    std::vector<wire::IpAddress> addresses;           ///< empty: every address
    std::optional<std::uint16_t> port;                ///< unset: every port
    std::shared_ptr<const profile::Profile> profile;  ///< of new connections; never null
    std::uint64_t attempts = 0;                       ///< connections so far
    /// New connections begin blackholed so; unset: they do not.
    std::optional<profile::Direction> blackhole;
    std::string scope{};  ///< empty: none
};

struct ConnectionView {
    event::ConnectionId id = 0;
    std::optional<std::size_t> peer;  ///< index among the PeerSpecs
    wire::Flow flow;                  ///< local: the peer's end
    std::uint32_t attempt = 0;
    bool dialled = false;                             ///< the peer opened it
    std::shared_ptr<const profile::Profile> profile;  ///< never null
    std::string_view phase;                           ///< empty: that of the top rules
    tcp::State state = tcp::State::closed;
    Ending ending = Ending::unanswered;
    Instant start{};
    Instant last_activity{};
    std::uint64_t received = 0;      ///< payload bytes in order
    std::uint64_t sent = 0;          ///< payload bytes that the program has acknowledged
    std::uint32_t segments_in = 0;   ///< that arrived, whatever became of them
    std::uint32_t segments_out = 0;  ///< that left
    // From the initial sequence numbers on, as in the event stream.
    std::int64_t snd_una = 0;
    std::int64_t snd_nxt = 0;
    std::uint32_t snd_wnd = 0;  ///< bytes
    std::int64_t rcv_nxt = 0;
    std::uint32_t rcv_wnd = 0;  ///< bytes
    bool blackholed_in = false;
    bool blackholed_out = false;
    bool reading_stopped = false;
    bool acking_stopped = false;
};

struct ConnectionPage {
    std::vector<ConnectionView> connections;  ///< in the order of their ids
    std::optional<std::uint32_t> next;        ///< where the next page begins; unset: that was all
};

/// Which connections an order is for.
struct Selector {
    enum class What : std::uint8_t { all, peer, connection };
    What what = What::all;
    std::size_t peer = 0;
    event::ConnectionId connection = 0;
};

/// Actions to be carried out on connections, a slice at a time (`Engine::act`).
struct Order {
    Order(std::vector<profile::Action> actions, Selector selector, bool also_new = true);

    Selector on;
    /// `blackhole` and `revive` hold for connections that begin later, too; not of one connection.
    bool future = true;
    std::uint64_t acted = 0;  ///< connections so far

    // The engine's own.
    profile::Rule rule;
    std::uint32_t next_slot = 0;
    bool begun = false;
};

/// How many connections there are in each state, by `tcp::State`; none counts as closed.
using StateCounts = std::array<std::size_t, tcp::state_count>;

}  // namespace ghostpeer::peer
