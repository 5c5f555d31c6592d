// A profile made ready for use: rules indexed by what fires them, and what they did so far.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "rules/near_miss.hpp"
#include "rules/needle.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::rules {

/// `Rule::id` of what is no rule of a profile, but the control interface's.
inline constexpr std::size_t no_rule_id = SIZE_MAX;

/// Which of the marks a rule has, by what asks for it.
struct RuleMarks {
    std::optional<std::uint32_t> within;
    std::optional<std::uint32_t> hold;
};

struct RuleRecord {
    event::RuleStatistics statistics;
    rules::NearMiss near_miss;
};

using RuleList = std::vector<const profile::Rule*>;

/// The rules of one phase by what fires them.
struct RuleIndex {
    std::array<RuleList, tcp::kind_count> on_receive;
    RuleList on_receive_last_data;  ///< of a FIN with payload, which is `data` as well
    std::array<RuleList, tcp::reason_count> on_send;
    std::array<RuleList, tcp::state_count> on_enter;
    RuleList on_start;
    RuleList on_received;
    RuleList on_sent;
    RuleList on_idle;
    RuleList on_command;
    RuleList on_pattern;  ///< `received "TEXT"`
    RuleList on_request;
    RuleList on_response;
    RuleList marks_on_send;  ///< of segments that have left

    [[nodiscard]] const RuleList& of(tcp::Kind kind, const wire::Segment& segment) const noexcept {
        return kind == tcp::Kind::fin && !segment.payload.empty()
                   ? on_receive_last_data
                   : on_receive[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] const RuleList& of(tcp::Reason reason) const noexcept {
        return on_send[static_cast<std::size_t>(reason)];
    }
    [[nodiscard]] const RuleList& of(tcp::State state) const noexcept {
        return on_enter[static_cast<std::size_t>(state)];
    }
};

struct Behaviour {
    Behaviour(std::shared_ptr<const profile::Profile> source, std::size_t max_buffered,
              const tcp::MemoryBudget& memory);

    std::shared_ptr<const profile::Profile> profile;
    std::uint32_t number = 0;         ///< by which the record names it
    tcp::Config tcp;                  ///< the profile's, within the run's limits
    std::vector<RuleIndex> phases;    ///< by Rule::phase
    std::vector<RuleRecord> records;  ///< by Rule::id
    /// Events that rules name beside their own: what `within` counts from, what `hold` waits for.
    /// Each stands among the rules as one without actions, behind the others, in every phase; its
    /// id follows theirs.
    std::deque<profile::Rule> marks;
    std::vector<bool> first_counts;   ///< by mark: `of first …`
    std::vector<RuleMarks> marks_of;  ///< by Rule::id
    RuleRecord foreign;               ///< of what the control interface did
    /// What counts in `records` and may outlive this, as what is due later, asks whether it has.
    std::shared_ptr<const void> life = std::make_shared<char>();
    std::optional<Needle> needle;    ///< that the service `respond` looks for
    std::optional<Needle> farewell;  ///< of `respond`: after what has this in it, it closes
    std::uint64_t connections = 0;
    event::Traffic traffic;                  ///< of these
    std::vector<std::uint32_t> own_records;  ///< of one of a scope: its attempts, by their records
    /// The profile's, where the run's limits leave less of it.
    std::optional<std::uint32_t> window_asked_for;
    bool brought_later = false;      ///< by `Engine::use`
    bool was_used = false;           ///< by some connection
    std::string scope;               ///< whose verdict judges it; empty: the run's
    std::set<std::string> told;      ///< of one of a scope: where scripts met the unexpected
    bool finishes_together = false;  ///< a rule has `finish: all`
    bool counts_acks = false;        ///< somebody looks at each acknowledgement
    bool asks_repeats = false;       ///< somebody asks whether a request comes twice
    bool asks_ends = false;          ///< somebody asks how each of its connections ends
    bool quotes_arrivals = false;    ///< an `icmp` action may quote the last segment that arrived
    /// Other behaviour for attempts of these numbers; the first that fits wins.
    std::vector<std::pair<profile::Range, Behaviour*>> attempts;

  private:
    void make_marks();

  public:
    /// What is expected of its connections: the peer is no less honest for it, but has to tell
    /// more.
    void look_at(const std::vector<profile::Expectation>& expect);
    /// Ids of rules and marks are below this.
    [[nodiscard]] std::size_t ids() const noexcept { return profile->rules.size() + marks.size(); }
    [[nodiscard]] bool is_mark(const profile::Rule& rule) const noexcept {
        return rule.id >= profile->rules.size() && rule.id < ids();
    }
    [[nodiscard]] std::size_t mark_number(const profile::Rule& mark) const noexcept {
        return mark.id - profile->rules.size();
    }
    /// Does only the first time of the event count?
    [[nodiscard]] bool is_first(std::size_t mark) const { return first_counts[mark]; }
    /// Those of a rule of its own; none of what the control interface did.
    [[nodiscard]] RuleMarks marks_of_rule(const profile::Rule& rule) const noexcept {
        const bool own = rule.id < marks_of.size() && &profile->rules[rule.id] == &rule;
        return own ? marks_of[rule.id] : RuleMarks{};
    }
    [[nodiscard]] RuleRecord& record(const profile::Rule& rule) {
        const bool own = rule.id < records.size() && &profile->rules[rule.id] == &rule;
        return own ? records[rule.id] : foreign;
    }
};

/// The statistics of a rule, with the nearest miss as a sentence.
[[nodiscard]] event::RuleStatistics summarize(const RuleRecord& record);

/// The bytes that a `received N` (or `sent N`) event of the rule waits for.
[[nodiscard]] std::optional<std::uint64_t> received_threshold(const profile::Rule& rule) noexcept;
[[nodiscard]] std::optional<std::uint64_t> sent_threshold(const profile::Rule& rule) noexcept;
[[nodiscard]] std::optional<Duration> idle_threshold(const profile::Rule& rule) noexcept;
[[nodiscard]] std::optional<std::uint64_t> request_threshold(const profile::Rule& rule) noexcept;
[[nodiscard]] std::optional<std::uint64_t> response_threshold(const profile::Rule& rule) noexcept;
/// Does the rule wait for `command NAME`?
[[nodiscard]] bool waits_for_command(const profile::Rule& rule, std::string_view name) noexcept;

}  // namespace ghostpeer::rules
