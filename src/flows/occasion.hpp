// What rules are tried with, what they decide, and how a segment leaves after them.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/tally.hpp"
#include "rules/deed.hpp"
#include "rules/forged.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace ghostpeer::flows {

/// What the rules have decided about the segment that fired them.
struct Judgement {
    enum class Course : std::uint8_t {
        pass,
        drop,
        hold,
        gone,  ///< the connection went away under it (`reset`, `forget`): it goes no further
    };
    Course course = Course::pass;
    Duration delay{};
    bool waits = false;     ///< of `hold`: not for a time, but for an event
    bool reversed = false;  ///< of `hold`
    std::uint32_t copies = 0;
    const profile::Rule* rule = nullptr;  ///< the one that decided; null: none has
    std::unique_ptr<Forged> forged;       ///< the segment as changed; null: as it is
    std::unique_ptr<Forged> forged_copy;  ///< what the copies are; null: as it is

    /// Of a segment that is held for a time: the end of it.
    [[nodiscard]] std::optional<Instant> until(Instant now) const noexcept {
        return waits ? std::nullopt : std::optional(now + delay);
    }
    [[nodiscard]] bool decided() const noexcept { return rule != nullptr; }
};

/// How a segment leaves.
struct Departure {
    tcp::Reason reason = tcp::Reason::ack;
    event::Fate fate = event::Fate::sent;
    const profile::Rule* rule = nullptr;  ///< that decided its fate, or made it
    bool retransmission = false;
    std::shared_ptr<const event::Forgery> forgery{};
    bool apart = false;     ///< made by `send`: the peer's connection knows nothing of it
    event::EventId of = 0;  ///< the event that tells of its delay; 0: it was not delayed
};

/// What a rule is tried with.
struct Occasion {
    Connection& connection;
    const wire::Segment* segment = nullptr;  ///< null: the event is no segment
    event::Direction direction = event::Direction::in;
    bool retransmission = false;
    Judgement* judgement = nullptr;  ///< null: the event is no segment, or its turn is over
    bool alone = false;              ///< no other rule's turn comes after this one's
    bool ended = false;              ///< the connection was there once, and is over now

    /// The TCP core wants to send this segment, and maybe others after it.
    [[nodiscard]] bool amid_departure() const noexcept {
        return judgement != nullptr && direction == event::Direction::out;
    }
};

/// What became of a list of actions.
enum class Progress : std::uint8_t { done, undone, later };

/// What one carrying out of a rule's list has come to so far.
struct Undertaking {
    event::RuleStatistics& statistics;
    const std::shared_ptr<const void>& life;  ///< of what has them
    Pledge pledge;                            ///< of the list; empty until something has to wait
    std::optional<event::Missed> missed;

    /// For a part that is done later.
    [[nodiscard]] Pledge promise(std::string_view action) {
        if (!pledge.deed()) {
            pledge = Pledge(std::make_shared<Deed>(statistics, life), action);
        }
        return {pledge.deed(), action};
    }
};

}  // namespace ghostpeer::flows
