// Rules as plain data: which event, which filters, which actions.
#pragma once

#include "ghostpeer/profile/forgery.hpp"
#include "ghostpeer/profile/link.hpp"
#include "ghostpeer/profile/pattern.hpp"
#include "ghostpeer/profile/range.hpp"
#include "ghostpeer/profile/segment_condition.hpp"
#include "ghostpeer/profile/sequence_expression.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/address_block.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ghostpeer::profile {

/// Bytes per second, at least 1.
using Rate = std::uint64_t;

/// A place in a profile, 1-based.
struct Place {
    std::shared_ptr<const std::string> file;  ///< as the user named it; never null in a rule
    int line = 0;
    int column = 0;
};

// Events -----------------------------------------------------------------------------------------

/// `receive KIND`; unset: `any`.
struct OnReceive {
    std::optional<tcp::Kind> kind;
};
/// `send REASON`; unset: `any`.
struct OnSend {
    std::optional<tcp::Reason> reason;
};
struct OnEnter {
    tcp::State state = tcp::State::established;
};
struct OnStart {};
/// `received SIZE`: that many payload bytes have arrived in order.
struct OnReceived {
    std::uint64_t bytes = 0;
};
/// `sent SIZE`: that many payload bytes have been acknowledged by the other side.
struct OnSent {
    std::uint64_t bytes = 0;
};
/// `idle TIME`: nothing arrived and nothing left for that long.
struct OnIdle {
    Duration length{};
};

/// `command NAME`: the user fired it.
struct OnCommand {
    std::string name;
};

/// Of `received "TEXT"`, and of what an expression finds that segments cut.
inline constexpr std::size_t longest_received = 4096;
/// `received "TEXT"`, `received /EXPRESSION/`: each time that it comes in the stream.
struct OnReceivedPattern {
    Pattern pattern;
};
/// `request N`: the service has had so many.
struct OnRequest {
    std::uint64_t number = 0;
};
/// `response N`: the service begins to answer that request.
struct OnResponse {
    std::uint64_t number = 0;
};
/// `{repeated: request}`, of expectations alone: the bytes of an earlier one at the same place.
struct OnRepeatedRequest {};

using Event = std::variant<OnReceive, OnSend, OnEnter, OnStart, OnReceived, OnSent, OnIdle,
                           OnCommand, OnReceivedPattern, OnRequest, OnResponse, OnRepeatedRequest>;

/// As the language spells it: `receive keepalive-probe`, `idle 5s`.
[[nodiscard]] std::string to_string(const Event& event);

// Filters ----------------------------------------------------------------------------------------

/// `when:`; what is set must hold.
struct When {
    std::vector<tcp::State> states;  ///< empty: any
    std::optional<Range> attempt;
    std::optional<Range> port;    ///< that was dialled: the peer's, or of a client the program's
    std::optional<Range> length;  ///< payload bytes
    std::optional<Range> packet_length;  ///< the whole IP packet
    std::optional<Range> received;       ///< payload bytes received in order on the connection
    std::optional<Range> sent;           ///< payload bytes that the other side acknowledged
    std::optional<Range> elapsed;        ///< nanoseconds since the connection's `start`
    std::optional<bool> retransmitted;
    std::optional<Pattern> payload;
    std::optional<wire::Flags> flags;           ///< exactly these
    std::optional<SegmentCondition> segment;    ///< what else is asked of its headers
    std::optional<bool> over_ipv6;              ///< `family`
    std::vector<wire::AddressBlock> addresses;  ///< one has the peer's own address; empty: any
};

/// `within: 13s..15s of enter established`
struct Within {
    Range time;  ///< nanoseconds since the other event on the same connection
    Event of;
    bool of_first = false;  ///< `of first …`: its first time counts, not the latest
};

struct Filters {
    /// `first: N` is nth 1..N. Counted on each connection, among the segments that passed `when`.
    std::optional<Range> nth;
    std::optional<std::uint64_t> every;
    std::optional<double> probability;  ///< in (0, 1]
    When when;
    std::optional<Within> within;
    Duration after{};  ///< the actions run that much later
};

// Actions ----------------------------------------------------------------------------------------

struct Drop {};
struct Delay {
    Duration length{};
};
/// Held until an event of the connection; then all that wait for it go on, right behind it.
struct HoldUntil {
    std::shared_ptr<const Event> until;  ///< never null
    bool reversed = false;               ///< the last one first
};
struct Duplicate {
    std::uint32_t copies = 1;  ///< extra ones, at least 1
};
struct Reset {
    std::optional<SequenceExpression> seq;
    std::optional<SequenceExpression> ack;
};
struct Close {};
struct Shutdown {};
struct Forget {};
/// Payload to send: a text (or a file's content), or a number of bytes made up on the way.
struct Say {
    std::shared_ptr<const wire::Bytes> content;  ///< null: `generated` bytes
    std::uint64_t generated = 0;
    bool push = true;         ///< false: what is said next may share its segment
    std::uint32_t piece = 0;  ///< bytes of payload in one segment, at the most; 0: what fits
    std::optional<Rate> rate;
};
struct StopReading {};
struct ResumeReading {};
struct SetWindow {
    std::optional<std::uint32_t> bytes;  ///< unset: `auto`
};
struct StopAcking {};
struct ResumeAcking {};
enum class Direction : std::uint8_t { in, out, both };
struct Blackhole {
    Direction direction = Direction::both;
};
struct Revive {};
struct Log {
    std::string text;
};
struct Finish {
    bool all = false;  ///< once every connection that a peer dials has come to one of these
};
/// Switches the connection to the rules of another phase.
struct Become {
    std::string phase;
    std::size_t index = 0;  ///< into Profile::phases
};
/// Opens towards the other side, where the peer has no connection.
struct Connect {
    std::optional<SequenceExpression> isn;    ///< evaluated before the connection begins anew
    std::optional<SequenceExpression> tsval;  ///< that of the SYN, from where its clock goes on
};
/// The way between program and peer is another one from now on, as far as it says.
struct ChangeLink {
    Link to;
};

/// What the program's own host does to its interface, in a run with a private network.
enum class InterfaceState : std::uint8_t {
    up,          ///< whatever it was before: addresses and routes are there again
    down,        ///< as `ip link set … down`
    no_carrier,  ///< the cable is pulled: everything stays as it is, and nothing passes
    no_route,    ///< up, and leads nowhere
};
struct SetInterface {
    InterfaceState to = InterfaceState::up;
};
/// The language's spelling: `no-carrier`.
[[nodiscard]] std::string_view name(InterfaceState state) noexcept;

using Action = std::variant<Drop, Delay, Duplicate, Reset, Close, Shutdown, Forget, Say,
                            StopReading, ResumeReading, SetWindow, StopAcking, ResumeAcking,
                            Blackhole, Revive, Log, Finish, Become, Corrupt, Set, Fragment, Send,
                            Icmp, Connect, HoldUntil, ChangeLink, SetInterface>;

/// The action's word in the language: `drop`, `stop-reading`.
[[nodiscard]] std::string_view name(const Action& action) noexcept;
/// Does the action decide what becomes of the segment that fired its rule?
[[nodiscard]] bool decides_fate(const Action& action) noexcept;
/// Does it change that segment (`set`, `corrupt`, `fragment`)? Such actions decide its fate, and
/// may stand beside each other, `delay` or `duplicate`.
[[nodiscard]] bool changes_segment(const Action& action) noexcept;

/// One departure from honesty.
struct Rule {
    std::size_t id = 0;     ///< position in Profile::rules
    std::size_t phase = 0;  ///< position in Profile::phases
    Place place;
    std::string source;  ///< how it is written: its lines, the first at their common indentation
    std::vector<Event> on;
    Filters filters;
    std::vector<Action> actions;
    bool always = false;    ///< holds in every phase, not only in its own
    bool optional = false;  ///< may stay unfired (`optional: true`, or a probability)
};

}  // namespace ghostpeer::profile
