// What the peer remembers of one connection, alive or gone.
#pragma once

#include "flows/relay_state.hpp"
#include "flows/service_state.hpp"
#include "flows/stream_watch.hpp"
#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/tcp/tcb.hpp"
#include "ghostpeer/wire/address.hpp"
#include "rules/behaviour.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::flows {

inline constexpr Instant never = Instant::max();

struct WaitingSegment;  // agenda.hpp

/// Rare or profile-dependent parts, allocated on first use so that an idle connection stays small.
struct Extras {
    Extras();
    ~Extras();
    Extras(const Extras&) = delete;
    Extras& operator=(const Extras&) = delete;

    std::vector<std::uint32_t> rule_counts;  ///< by Rule::id, matches so far
    std::vector<bool> threshold_fired;       ///< by Rule::id, of `received` and `sent`
    std::vector<Instant> idle_fired;         ///< by Rule::id: `last_activity` when it fired
    std::vector<Instant> marked;             ///< by mark: when its event came last, or first
    std::vector<std::unique_ptr<WaitingSegment>> waiting;  ///< that `hold` keeps, oldest first
    ServiceState service;
    std::unique_ptr<RelayState> relay;
    std::unique_ptr<StreamWatch> watch;           ///< where a rule looks for a text
    const profile::Rule* hole_in_rule = nullptr;  ///< the rule that blackholed the direction
    const profile::Rule* hole_out_rule = nullptr;
    std::size_t delayed_bytes = 0;  ///< payload of appointments
    std::size_t appointments = 0;
    std::unique_ptr<wire::Segment> last_received;  ///< where a rule may quote it
    std::optional<Instant> ended;                  ///< when it was first seen to be over
    wire::SeqNum frozen_ack;                       ///< while `acking_stopped`

    void note_made(std::size_t payload) noexcept {
        delayed_bytes += payload;
        ++appointments;
    }
    void note_kept(std::size_t payload) noexcept {
        delayed_bytes -= std::min(delayed_bytes, payload);
        appointments -= appointments > 0 ? 1U : 0U;
    }
    /// What appointments take up: the packet, its options and the calendar's own come to so much.
    [[nodiscard]] std::size_t put_off() const noexcept {
        constexpr std::size_t each = 192;
        return delayed_bytes + each * appointments;
    }
};

/// Lies on whole cache lines, so that to fetch one fetches nothing of its neighbours.
struct alignas(64) Connection {
    static constexpr std::uint8_t largest_scale = 0xf;
    static constexpr std::uint32_t largest_peer = 0x3ffff;

    // What each segment touches comes first, in as few cache lines as possible.
    wire::Flow flow;
    event::ConnectionId id = 0;
    Behaviour* behaviour = nullptr;
    std::unique_ptr<Extras> extras;
    Instant start{};
    Instant last_activity{};
    Instant wake = never;       ///< earliest entry in the agenda
    Instant wanted = never;     ///< when it has to be looked at; an earlier `wake` is passed over
    wire::SeqNum program_isn;   ///< of the SYN (or SYN-ACK) that came first
    wire::SeqNum iss;           ///< of the peer, once it has one
    wire::SeqNum highest_seen;  ///< highest end of a segment that arrived, dropped or not
    wire::SeqNum last_snd_nxt;  ///< of a connection that is gone
    wire::SeqNum last_rcv_nxt;
    std::uint32_t attempt = 0;
    std::uint32_t record = UINT32_MAX;  ///< index of its AttemptRecord
    std::uint32_t slot = 0;
    std::uint32_t held = 0;          ///< bytes, as counted in the engine's budget
    std::uint32_t segments_in = 0;   ///< that arrived, dropped or not
    std::uint32_t segments_out = 0;  ///< that left
    std::uint16_t phase = 0;         ///< index into Behaviour::phases
    std::uint16_t last_window = 0;   ///< header field of the last segment that left
    std::uint16_t syns = 0;          ///< no more than it holds
    std::uint8_t scale_in : 4 = 0;   ///< shift of the windows that arrive
    std::uint8_t scale_out : 4 = 0;
    event::Ending ending : 4 = event::Ending::unanswered;
    bool began_with_syn : 1 = false;  ///< of either side
    bool answered : 1 = false;        ///< a segment of the peer has left
    bool established : 1 = false;     ///< was ESTABLISHED at some time
    bool window_offered : 1 = false;  ///< `last_window` means something
    std::uint32_t peer : 18 = 0;      ///< index among the engine's, for as long as it is there
    bool reading_stopped : 1 = false;
    bool acking_stopped : 1 = false;
    bool blackholed_in : 1 = false;
    bool blackholed_out : 1 = false;
    bool listed : 1 = false;  ///< among those that may be evicted
    bool in_use : 1 = false;
    bool dialled : 1 = false;        ///< the peer began it
    bool isn_known : 1 = false;      ///< `program_isn`, of one that the peer has opened
    bool syn_changed : 1 = false;    ///< a rule wrote other options into the peer's SYN
    bool begins_beyond : 1 = false;  ///< `iss` is after the numbers of one in TIME-WAIT
    bool syn_ack_seen : 1 = false;   ///< has arrived, dropped or not
    bool awaited : 1 = false;        ///< counted in `Impl::awaited`
    bool may_fragment : 1 = false;   ///< the path is narrower than segments are made
    tcp::Tcb tcb;

    [[nodiscard]] const RuleIndex& rules() const noexcept { return behaviour->phases[phase]; }
    [[nodiscard]] bool live() const noexcept { return tcb.state() != tcp::State::closed; }
    /// Its application has a connection. TIME-WAIT is only its system's.
    [[nodiscard]] bool open() const noexcept {
        return live() && tcb.state() != tcp::State::time_wait;
    }
    void belong_to(std::size_t the_peer) noexcept {
        peer = static_cast<std::uint32_t>(the_peer) & largest_peer;
    }
    void count_syn() noexcept {
        if (syns != UINT16_MAX) {
            ++syns;
        }
    }
    [[nodiscard]] Extras& extra() {
        if (!extras) {
            extras = std::make_unique<Extras>();
        }
        return *extras;
    }
};

static_assert(sizeof(Connection) <= 384, "six cache lines: 200,000 idle ones are to be cheap");

/// Names a connection in a queue: the slot may have been given to another one meanwhile.
struct Handle {
    std::uint32_t slot = 0;
    event::ConnectionId id = 0;
};

}  // namespace ghostpeer::flows
