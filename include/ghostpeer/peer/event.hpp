// What happened, as values: the engine's side of the event stream.
#pragma once

#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/format.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ghostpeer::peer {

/// Connections are counted from 1 in the order of their first segments; 0: no connection.
using ConnectionId = std::uint64_t;

/// Seen from the peer: `in` came from the program under test.
enum class Direction : std::uint8_t { in, out };

/// What became of a segment.
enum class Fate : std::uint8_t {
    accepted,     ///< in: handed to the peer's TCP (or to its closed port)
    sent,         ///< out: left as it was
    dropped,      ///< withheld, in either direction
    delayed,      ///< held until `until`; a second event follows when it moves on
    duplicated,   ///< one of the extra copies
    corrupted,    ///< a checksum or the payload was spoiled; in: as the peer found it
    edited,       ///< fields were overwritten, or it went as fragments; in: as the peer saw it
    undelivered,  ///< the link refused it
};

[[nodiscard]] std::string_view name(Direction direction) noexcept;
[[nodiscard]] std::string_view name(Fate fate) noexcept;

/// How a rule forged a packet, beyond what its segment shows.
struct Forgery {
    /// What was overwritten (`seq`, `window`), spoiled (`tcp-checksum`) or cut (`fragment`), in the
    /// profile's words. Empty for a packet that a rule made.
    std::vector<std::string_view> changes;
    wire::Distortion distortion;
};

struct SegmentEvent {
    Direction direction = Direction::in;
    std::optional<tcp::Kind> kind;      ///< of `in`
    std::optional<tcp::Reason> reason;  ///< of `out`
    wire::Segment segment;              ///< as it arrived, or as it left
    wire::NumberBase base;              ///< initial numbers: seq of its sender, ack of the other
    std::uint32_t window = 0;           ///< the window in bytes, scaled
    bool retransmission = false;
    Fate fate = Fate::accepted;
    std::optional<profile::Place> rule;      ///< the rule that decided its fate
    std::optional<Instant> until;            ///< of `delayed`
    std::shared_ptr<const Forgery> forgery;  ///< null: an honest packet
};

struct StateEvent {
    tcp::State from = tcp::State::closed;
    tcp::State to = tcp::State::closed;
};

/// An action of a rule was carried out.
struct RuleEvent {
    profile::Place rule;
    std::string_view action;  ///< `blackhole`; a string literal
    std::string detail;       ///< `in`, `1000 bytes`, …; may be empty
};

/// A new connection to one address and port.
struct AttemptEvent {
    wire::Flow flow;                     ///< local: the peer's end
    std::optional<Duration> since_last;  ///< unset for the first
    bool dialled = false;                ///< the peer opens it, not the program
};

/// An `icmp` action: an error has left, or was dropped by a blackhole.
struct IcmpEvent {
    wire::IcmpKind kind = wire::IcmpKind::port_unreachable;
    std::uint16_t mtu = 0;  ///< of `fragmentation_needed`
    wire::IpAddress source;
    wire::IpAddress destination;
    wire::Segment quoted;   ///< the segment that it is about; no payload
    wire::NumberBase base;  ///< of the quoted segment
    Fate fate = Fate::sent;
    profile::Place rule;  ///< that made it, or that dropped it
};

/// A `log` action.
struct LogEvent {
    profile::Place rule;
    std::string text;
};

/// Something that the user should know once: packets that are no segments, an address that no
/// `--peer` names, a limit that was reached.
struct NoticeEvent {
    std::string_view what;  ///< a stable word: `odd-packet`, `silent-address`, `not-tcp`, `limit`
    std::string text;       ///< a complete sentence
};

struct Event {
    Instant at{};
    ConnectionId connection = 0;
    std::uint32_t attempt = 0;  ///< of the connection, to its address and port; from 1
    std::variant<SegmentEvent, StateEvent, RuleEvent, AttemptEvent, LogEvent, NoticeEvent,
                 IcmpEvent>
        what;
};

}  // namespace ghostpeer::peer
