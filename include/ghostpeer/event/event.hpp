// The record of a run: everything that happened, each once and in its final form. What is shown,
// written and judged is made of it.
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
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ghostpeer::event {

/// Connections are counted from 1 in the order of their first segments; 0: no connection.
using ConnectionId = std::uint64_t;

/// Events are counted from 1 in the order in which they began; 0: no event.
using EventId = std::uint64_t;

/// Numbers the events of a run, whoever saw them.
class EventIds {
  public:
    [[nodiscard]] EventId next() noexcept { return ++last_; }

  private:
    EventId last_ = 0;
};

/// Seen from the peer: `in` came from the program under test.
enum class Direction : std::uint8_t { in, out };

/// What became of a segment.
enum class Fate : std::uint8_t {
    accepted,     ///< in: handed to the peer's TCP (or to its closed port)
    sent,         ///< out: left as it was
    dropped,      ///< withheld, in either direction
    delayed,      ///< held until `until`; an event of its own follows when it moves on
    duplicated,   ///< one of the extra copies
    corrupted,    ///< a checksum or the payload was spoiled; in: as the peer found it
    edited,       ///< fields were overwritten, or it went as fragments; in: as the peer saw it
    undelivered,  ///< out: the link refused what an earlier event tells of
};

/// What the way between program and peer (`link:`) did to a packet beside carrying it.
enum class OnTheWay : std::uint8_t {
    lost,        ///< by chance
    queue_full,  ///< lost, since there was no room for it
    copied,      ///< it is the second one of a packet that arrived twice
};

[[nodiscard]] std::string_view name(Direction direction) noexcept;
[[nodiscard]] std::string_view name(Fate fate) noexcept;
/// `lost`, `queue-full`
[[nodiscard]] std::string_view name(OnTheWay what) noexcept;
/// `lost by the link`; of a packet that a link lost.
[[nodiscard]] std::string_view sentence(OnTheWay what) noexcept;

/// How a rule forged a packet, beyond what its segment shows.
struct Forgery {
    /// What was overwritten (`seq`, `window`), spoiled (`tcp-checksum`) or cut (`fragment`), in the
    /// profile's words. Empty for a packet that a rule made.
    std::vector<std::string_view> changes;
    wire::Distortion distortion;
};

struct Segment {
    Direction direction = Direction::in;
    std::optional<tcp::Kind> kind;      ///< of `in`
    std::optional<tcp::Reason> reason;  ///< of `out`
    wire::Segment segment;              ///< as it arrived, or as it left
    wire::NumberBase base;              ///< initial numbers: seq of its sender, ack of the other
    std::uint32_t window = 0;           ///< the window in bytes, scaled
    bool retransmission = false;
    /// The peer's, as the segment came or left; LISTEN where it has not taken the connection up.
    tcp::State state = tcp::State::closed;
    /// Of `in`, with it: payload bytes that have come in order, and those that were acknowledged.
    std::uint64_t received = 0;
    std::uint64_t acknowledged = 0;
    /// When its sender sent it, earlier than it arrived where a link or an RTT lies between.
    Instant made{};
    std::optional<OnTheWay> on_the_way;  ///< what the link did to it; `dropped`: why it was lost
    Duration queued{};                   ///< the part of its way that it waited for others
    Fate fate = Fate::accepted;
    std::optional<profile::Place> rule;      ///< the rule that decided its fate
    std::optional<Instant> until;            ///< of `delayed`
    std::shared_ptr<const Forgery> forgery;  ///< null: an honest packet
};

struct State {
    tcp::State from = tcp::State::closed;
    tcp::State to = tcp::State::closed;
};

/// An action of a rule was carried out.
struct Rule {
    profile::Place rule;
    std::string_view action;  ///< `blackhole`; a string literal
    std::string detail;       ///< `in`, `1000 bytes`, …; may be empty
};

/// A new connection to one address and port.
struct Attempt {
    wire::Flow flow;                     ///< local: the peer's end
    std::optional<Duration> since_last;  ///< unset for the first
    bool dialled = false;                ///< the peer opens it, not the program
};

/// An `icmp` action: an error has left, or was dropped by a blackhole.
struct Icmp {
    wire::IcmpKind kind = wire::IcmpKind::port_unreachable;
    std::uint16_t mtu = 0;  ///< of `fragmentation_needed`
    wire::IpAddress source;
    wire::IpAddress destination;
    wire::Segment quoted;   ///< the segment that it is about; no payload
    wire::NumberBase base;  ///< of the quoted segment
    Fate fate = Fate::sent;
    profile::Place rule;                 ///< that made it, or that dropped it
    std::optional<OnTheWay> on_the_way;  ///< what the link did to it
};

/// The way between program and peer, told before anything goes it, and where it changes.
struct Link {
    std::string profile;                 ///< of which peers; empty: of all that say nothing of it
    std::optional<profile::Place> rule;  ///< that changed it; unset: it is as it began
    std::string up;                      ///< as the language writes it
    std::string down;
    Duration longest{};  ///< of the way down: nothing is on it for longer
};

/// A `log` action.
struct Log {
    profile::Place rule;
    std::string text;
};

/// Something that the user should know once: packets that are no segments, an address that no
/// `--peer` names, a limit that was reached.
struct Notice {
    std::string_view what;  ///< a stable word: `odd-packet`, `silent-address`, `not-tcp`, `limit`
    std::string text;       ///< a complete sentence
};

/// An IP packet, as it came or as it left.
struct Packet {
    Direction direction = Direction::in;
    std::span<const std::uint8_t> bytes;  ///< for as long as it is being told
    EventId segment = 0;                  ///< the event of the segment that it carries
};

/// The kernel's timer of a socket, as `ss -o` names it (net/ipv4/inet_diag.c, inet_sk_diag_fill).
enum class SocketTimer : std::uint8_t { none, on, keepalive, timewait, persist };

[[nodiscard]] std::string_view name(SocketTimer timer) noexcept;

/// The state of a socket that the kernel does not list any more.
inline constexpr std::string_view gone = "GONE";

/// The state of one that the kernel says to have freed. It is for the judge alone.
inline constexpr std::string_view destroyed = "DESTROYED";

/// The kernel's view of one of the program's sockets, when it differs from the view before.
struct Socket {
    wire::Endpoint src;  ///< the program's end
    wire::Endpoint dst;
    std::string_view state;  ///< as `ss` writes it: `ESTAB`, `SYN-SENT`; or `gone`
    SocketTimer timer = SocketTimer::none;
    Duration expires{};         ///< time left of the timer, milliseconds exact
    std::uint32_t retries = 0;  ///< retransmissions or probes that went unanswered
    std::uint32_t recv_q = 0;   ///< bytes
    std::uint32_t send_q = 0;   ///< bytes
    // Of one that is gone:
    std::string_view last_state;  ///< the state in which it was seen last
    Instant last_seen{};          ///< when that was
    std::optional<Instant> due;   ///< when its timer was to fire, as of then
    // How many sockets the kernel had given up; unset: it does not tell.
    std::optional<std::uint64_t> aborts_before;  ///< of one that is gone: when it was seen last
    std::optional<std::uint64_t> aborts;         ///< by now, or before a listing that shows it
    bool retried = true;  ///< one that is destroyed had sent something in vain, as far as known
    bool shown = true;    ///< the user asked for it; else it is for the judge alone
};

/// How COMMAND ended.
struct Exit {
    int status = 0;             ///< its exit status; meaningless where a signal ended it
    std::optional<int> signal;  ///< the signal that ended it
};

struct Call;           // call.hpp
struct AttemptRecord;  // tally.hpp
struct Tally;          // tally.hpp
struct Counters;       // tally.hpp
struct Run;            // run.hpp
struct Profile;        // run.hpp
struct End;            // run.hpp
struct Verdict;        // verdict.hpp

/// The user fires `command NAME`.
struct Command {
    std::string name;
};

/// The peer takes note of a connection, whoever began it: what the language calls `start`.
struct Start {
    wire::Flow flow;            ///< local: the peer's end
    bool dialled = false;       ///< the peer opens it
    std::uint32_t profile = 0;  ///< how the peer behaves to it, by its number
    /// Whose expectations look at it: where `attempts` name another profile, still the first one.
    std::uint32_t expected_by = 0;
};

/// What comes behind it is the run's own end, and counts for no expectation.
struct Conclusion {};

/// The kernel was asked for all of the program's sockets, or how many it has given up.
struct Sockets {
    bool complete = false;                ///< one that has not been told as there is gone
    std::optional<std::uint64_t> aborts;  ///< sockets given up by now (TCPAbortOnTimeout)
};

struct Event {
    Instant at{};
    ConnectionId connection = 0;
    std::uint32_t attempt = 0;  ///< of the connection, to its address and port; from 1
    std::variant<Segment, State, Rule, Attempt, Log, Notice, Icmp, Packet, Socket, Exit,
                 std::shared_ptr<const Call>, std::shared_ptr<const Verdict>, Start, Command,
                 Conclusion, Sockets, std::shared_ptr<const Run>, std::shared_ptr<const Profile>,
                 std::shared_ptr<const AttemptRecord>, std::shared_ptr<const Tally>,
                 std::shared_ptr<const Counters>, std::shared_ptr<const End>, Link>
        what;
    EventId id = 0;     ///< 0: not recorded yet
    EventId cause = 0;  ///< the segment that arrived and led to this; 0: none did
    EventId of = 0;     ///< the event of the same segment that this one carries on; 0: none
};

}  // namespace ghostpeer::event
