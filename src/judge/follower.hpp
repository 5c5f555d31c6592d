// Follows connections through the record, as far as expectations and the verdict ask.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/run.hpp"
#include "judge/outcomes.hpp"
#include "judge/witness.hpp"
#include "rules/condition.hpp"

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace ghostpeer::judge {

class Follower {
  public:
    /// What leaves was made so much earlier, and counts as of then.
    void begin(const event::Run& run) noexcept {
        on_its_way_ = run.rtt;
        virtual_time_ = run.virtual_time;
    }
    /// A profile that expects something; whoever is told of before begins to look now.
    void add(std::uint32_t profile, std::shared_ptr<const profile::Profile> expecting);

    void record(const event::Event& event);
    /// Nothing comes any more.
    void finish();

    [[nodiscard]] Outcomes& outcomes() noexcept { return outcomes_; }
    [[nodiscard]] const Outcomes& outcomes() const noexcept { return outcomes_; }
    /// Does somebody ask how connections end?
    [[nodiscard]] bool expects_outcomes() const noexcept;
    /// Is there a connection, or may there be one, of which the verdict tells how it ended?
    [[nodiscard]] bool follows_sockets() const;
    /// Null: the profile expects nothing.
    [[nodiscard]] const Witness* witness(std::uint32_t profile) const;

  private:
    /// A connection that somebody looks at.
    struct Followed {
        Witness* witness = nullptr;
        event::ConnectionId id = 0;
        std::uint32_t attempt = 0;
        std::uint16_t port = 0;  ///< of the side that was asked
        wire::IpAddress own;     ///< the peer's address
        tcp::State state = tcp::State::listen;
        Instant start{};
        Instant last_activity{};
        std::uint64_t received = 0;
        std::uint64_t acknowledged = 0;
        ConnectionWatch watch;

        [[nodiscard]] bool open() const noexcept {
            return state != tcp::State::closed && state != tcp::State::listen &&
                   state != tcp::State::time_wait;
        }
    };
    struct Began {
        event::ConnectionId connection = 0;
        wire::Flow flow;
        bool dialled = false;
    };
    struct Reached {
        event::ConnectionId connection = 0;
        Instant at{};
    };
    struct Queued {
        Instant made{};
        event::Event event;
    };

    void process(const event::Event& event, Instant at);
    void follow_end(const event::Event& event, const event::Start& start);
    void start(const event::Event& event, const event::Start& start, Instant at);
    void arrived(Followed& one, const event::Segment& segment, Instant at);
    /// `there`: when the program saw it.
    void left(Followed& one, const event::Segment& segment, Instant at, Instant there);
    void entered(Followed& one, tcp::State state, Instant at);
    void fired(const event::Command& command, Instant at);
    void conclude(Instant at);
    void note(const Witness::Leads& leads, Followed& one, const rules::Moment& moment, Instant at);
    void note_one(const Witness::Lead& lead, Followed& one, const rules::Moment& moment,
                  Instant at);
    void note_idle(Followed& one, Instant at);
    /// Whether a number of bytes was reached is seen once all that the segment led to is told.
    void note_totals();
    [[nodiscard]] static rules::Moment moment(const Followed& one, Instant at);
    [[nodiscard]] static rules::Moment moment(const Followed& one, const event::Segment& segment,
                                              Instant at);
    [[nodiscard]] Followed* find(event::ConnectionId id);
    void keep(std::unique_ptr<Followed> one);
    void forget_oldest(std::deque<event::ConnectionId>& ids, tcp::State state);

    Duration on_its_way_{};  ///< what leaves was made at most so much earlier
    bool virtual_time_ = false;
    bool concluded_ = false;
    bool conclusion_told_ = false;          ///< what is queued may have come about before
    event::ConnectionId attempt_told_ = 0;  ///< one whose profile is told next
    std::map<std::uint32_t, std::unique_ptr<Witness>> witnesses_;  ///< by profile
    Outcomes outcomes_;
    std::size_t attempts_ = 0;
    std::optional<Began> began_;      ///< an attempt whose profile is told next
    std::optional<Reached> reached_;  ///< bytes have come, or were acknowledged
    tsl::robin_map<event::ConnectionId, std::unique_ptr<Followed>> followed_;
    std::deque<event::ConnectionId> oldest_;     ///< of these, perhaps gone
    std::deque<event::ConnectionId> over_;       ///< of these, those that are closed
    std::deque<event::ConnectionId> listening_;  ///< and those whose SYN was not taken up at once
    std::map<event::EventId, Queued>
        queue_;                       ///< where ways take time: events in the order they were made
    std::size_t queued_payload_ = 0;  ///< bytes, of the events in `queue_`
};

}  // namespace ghostpeer::judge
