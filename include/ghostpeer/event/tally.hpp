// What the peer has counted by the end of a run: its connections, what rules saw and did, packets.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::event {

/// How a connection stands or ended, from what the peer saw on the wire.
enum class Ending : std::uint8_t {
    unanswered,        ///< its SYN was never answered
    open,              ///< neither side has finished
    half_closed,       ///< one side has finished
    closed,            ///< both have finished, and in order
    refused,           ///< RST to its SYN, by the side that was asked
    reset_by_peer,     ///< the peer sent RST
    reset_by_program,  ///< the program sent RST
    timed_out,         ///< the peer gave up retransmitting
    forgotten,         ///< a `forget` action
};
inline constexpr std::size_t ending_count = 9;

/// `reset by the peer`
[[nodiscard]] std::string_view name(Ending ending) noexcept;

/// Of so many attempts the end on the program's side is followed, where nobody asks for more.
inline constexpr std::size_t max_followed_unasked = 64;

/// When the segments passed that tell how the program's side of a connection ends, until the run
/// was concluded. What left is told as of when the program saw it.
struct Trail {
    Ending ending = Ending::unanswered;       ///< as the peer saw it then
    std::optional<Instant> reset_left;        ///< the last RST of the peer
    std::optional<Instant> reset_came;        ///< the first RST of the program
    std::optional<Instant> last_reset_came;   ///< and the last
    std::optional<Instant> unreachable_left;  ///< the last ICMP error of the peer
    std::optional<Instant> fin_left;          ///< the first FIN of the peer
    std::optional<Instant> fin_came;          ///< and of the program
    std::optional<Instant> last_came;         ///< the last segment of the program that is no RST
    /// Probes and retransmissions of the program since the peer last said something.
    std::uint32_t unanswered = 0;
    bool was_open = false;  ///< the program has sent more than a SYN
};

/// An attempt as it stands when the run ends: the event `connection`, which has its connection and
/// number, too.
struct AttemptRecord {
    ConnectionId connection = 0;
    std::uint32_t number = 0;  ///< among the attempts to its address and port
    wire::Flow flow;           ///< local: the peer's end
    bool dialled = false;      ///< the peer opened it
    Instant start{};
    std::optional<Duration> since_last;
    Instant last_segment{};  ///< when something last arrived or left
    Ending ending = Ending::unanswered;
    unsigned syns = 1;           ///< how often its SYN arrived, or left a peer that dialled
    std::uint64_t received = 0;  ///< payload bytes in order
    std::uint64_t sent = 0;      ///< payload bytes acknowledged by the program
    std::uint32_t profile = 0;   ///< how the peer behaved to it, by its number
    std::optional<Trail> trail;  ///< unset: of so many nobody follows the ends
};

/// What the connections of one profile saw.
struct Traffic {
    std::array<std::uint64_t, tcp::kind_count> kinds{};      ///< that arrived
    std::array<std::uint64_t, tcp::reason_count> reasons{};  ///< that left
};

/// A time that a rule was to act, and something that its list says could not be done.
struct Missed {
    std::string action;            ///< the first of these, `reset`
    std::optional<Instant> due;    ///< when its time of `after` was over; unset: it has none
    std::optional<Instant> ended;  ///< the connection was over before; unset: it was there
};

/// A `command` that came while no connection had the rule.
struct Unheard {
    Instant at{};
    bool open = false;  ///< connections were open, in other phases
};

/// What a rule saw and did. The filters are tried in the order of this struct; a segment or moment
/// is counted at the first one that it failed.
struct RuleStatistics {
    std::uint64_t events = 0;  ///< its `on:` came up
    std::uint64_t failed_when = 0;
    std::uint64_t failed_count = 0;  ///< `first`, `nth`, `every`
    std::uint64_t failed_probability = 0;
    std::uint64_t overruled = 0;     ///< another rule had decided the segment's fate before
    std::uint64_t waiting = 0;       ///< `after` is not over, or what it says has not left yet
    std::uint64_t undone = 0;        ///< something that its list says could not be done
    std::uint64_t fired = 0;         ///< all that its list says was done
    std::uint64_t withheld = 0;      ///< segments dropped by it (or by the blackhole it began)
    std::optional<Instant> due;      ///< of the first that is `waiting`, where `after` says so
    std::optional<Missed> missed;    ///< the first that was `undone`
    std::optional<Unheard> unheard;  ///< the first of its commands that nobody heard
    std::string closest;             ///< the nearest miss, as a sentence; empty: none
};

/// What came of a profile by the end of the run.
struct Tally {
    std::uint32_t profile = 0;          ///< by its number
    std::uint64_t connections = 0;      ///< that met it
    Traffic traffic;                    ///< of these
    std::vector<RuleStatistics> rules;  ///< by Rule::id
};

/// What the peer has counted, of all connections and beside them.
struct Counters {
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t segments_in = 0;
    std::uint64_t segments_out = 0;
    std::uint64_t not_tcp = 0;
    std::array<std::uint64_t, wire::oddity_count> oddities{};
    std::array<std::uint64_t, tcp::kind_count> kinds{};
    std::array<std::uint64_t, tcp::reason_count> reasons{};
    std::uint64_t syns_dropped_at_limit = 0;
    std::uint64_t bytes_dropped_at_limit = 0;    ///< of one connection
    std::uint64_t bytes_dropped_for_memory = 0;  ///< at the limit of all connections together
    std::uint64_t waits_for_memory = 0;  ///< the peer had to say something and had to wait for it
    std::uint64_t undelivered = 0;
    std::uint64_t lost_on_the_way = 0;      ///< by a link, by chance; in both directions
    std::uint64_t queue_full = 0;           ///< by a link whose queue had no room
    std::uint64_t unrecorded_attempts = 0;  ///< so many of which no event `connection` tells
};

}  // namespace ghostpeer::event
