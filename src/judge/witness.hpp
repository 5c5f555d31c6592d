// What a profile expects of the program, and what has been seen of it so far.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "judge/expectation.hpp"
#include "judge/outcomes.hpp"
#include "rules/near_miss.hpp"

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::judge {

/// What one connection has shown of one expectation.
struct Watched {
    std::optional<Instant> reference;  ///< when the event of `within` last (or first) came up
    Sighting last;                     ///< the latest
    Duration last_gap{};
    std::uint64_t count = 0;  ///< sightings
};

/// Those of one connection, by the expectation's index.
struct ConnectionWatch {
    std::vector<Watched> watched;
    std::vector<bool> totals_reached;  ///< by Witness::totals
    std::vector<Instant> idle_noted;   ///< by Witness::idles: since when, the last time
};

class Witness {
  public:
    /// Where an event leads: it is a sighting of an expectation, or what its `within` counts from.
    struct Lead {
        std::size_t expectation = 0;
        bool reference = false;
    };
    using Leads = std::vector<Lead>;
    struct Total {
        std::uint64_t bytes = 0;
        bool sent = false;  ///< else received
        Lead lead;
    };
    struct Idle {
        Duration length{};
        Lead lead;
    };

    /// The profile expects something.
    Witness(std::shared_ptr<const profile::Profile> expecting, bool virtual_time);

    [[nodiscard]] const profile::Profile& profile() const noexcept { return *profile_; }

    [[nodiscard]] const Leads& of(tcp::Kind kind, const wire::Segment& segment) const noexcept {
        return kind == tcp::Kind::fin && !segment.payload.empty()
                   ? on_receive_last_data_.front()
                   : on_receive_[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] const Leads& of(tcp::Reason reason) const noexcept {
        return on_send_[static_cast<std::size_t>(reason)];
    }
    [[nodiscard]] const Leads& of(tcp::State state) const noexcept {
        return on_enter_[static_cast<std::size_t>(state)];
    }
    [[nodiscard]] const Leads& of_start() const noexcept { return on_start_; }
    [[nodiscard]] const Leads& of_repeat() const noexcept { return on_repeat_; }
    [[nodiscard]] Leads of_command(std::string_view name) const;
    [[nodiscard]] const std::vector<Total>& totals() const noexcept { return totals_; }
    [[nodiscard]] const std::vector<Idle>& idles() const noexcept { return idles_; }

    [[nodiscard]] const profile::When& when(const Lead& lead) const {
        return profile_->expect[lead.expectation].when;
    }
    /// `when` did not let it pass.
    void miss(const Lead& lead) { ++records_[lead.expectation].failed_when; }
    [[nodiscard]] rules::NearMiss& near_miss(const Lead& lead) {
        return records_[lead.expectation].near_miss;
    }
    /// Something came up that `when` let pass.
    void saw(const Lead& lead, ConnectionWatch& watch, const Sighting& sighting);
    void saw_attempt(const event::Start& start, const Sighting& sighting);

    [[nodiscard]] bool expects_outcomes() const noexcept { return expects_outcomes_; }
    /// The expectation of an `outcome` that has a time; null: the lead is of another kind.
    [[nodiscard]] const profile::Within* timed_outcome(const Lead& lead) const noexcept;

    /// How connections ended, those of other profiles too; each element belongs to the other's.
    struct Ends {
        const std::vector<OutcomeRecord>& records;
        const std::vector<ProgramEnd>& ends;
    };
    /// By the expectation's index.
    [[nodiscard]] std::vector<ExpectationResult> results(const Ends& ends) const;

  private:
    struct Record {
        ExpectationResult result;
        rules::NearMiss near_miss;
        std::uint64_t failed_when = 0;
        std::uint64_t gaps = 0;     ///< that `apart` was held against
        std::uint64_t growths = 0;  ///< of these, with one before it
    };

    void add(const profile::Event& event, Lead lead);
    void count(std::size_t expectation, Watched& watched, const Sighting& sighting);
    [[nodiscard]] Duration tolerance(const profile::Expectation& expectation, Duration time) const;
    [[nodiscard]] profile::Range widened(const profile::Expectation& expectation,
                                         profile::Range range) const;
    [[nodiscard]] bool in_time(const profile::Expectation& expectation,
                               const std::optional<Instant>& reference, Instant at) const;
    void check_gap(const profile::Expectation& expectation, const Watched& watched,
                   const Sighting& sighting, Record& record) const;
    [[nodiscard]] bool unmeasured(std::size_t expectation) const;
    [[nodiscard]] ExpectationResult result(std::size_t expectation, const Ends& ends) const;
    void judge_outcome(std::size_t index, const Ends& ends, ExpectationResult& result) const;
    void judge_end(std::size_t index, const OutcomeRecord& record, const ProgramEnd& end,
                   ExpectationResult& result) const;

    std::shared_ptr<const profile::Profile> profile_;
    bool virtual_time_;
    std::array<Leads, tcp::kind_count> on_receive_;
    std::array<Leads, 1> on_receive_last_data_;  ///< of a FIN with payload
    std::array<Leads, tcp::reason_count> on_send_;
    std::array<Leads, tcp::state_count> on_enter_;
    Leads on_start_;
    Leads on_repeat_;  ///< of a request
    std::vector<std::pair<std::string, Lead>> on_command_;
    std::vector<Total> totals_;
    std::vector<Idle> idles_;
    std::vector<Record> records_;
    std::vector<std::size_t> attempts_;  ///< expectations `attempts`
    tsl::robin_map<wire::Endpoint, Watched> destinations_;
    bool expects_outcomes_ = false;
};

}  // namespace ghostpeer::judge
