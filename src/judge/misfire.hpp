// Why a rule never fired, in words that help to mend it.
#pragma once

#include "judge/report.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ghostpeer::judge {

/// Events as written: `receive data, receive fin`.
[[nodiscard]] std::string events_text(const std::vector<profile::Event>& events);

/// Why none of the events came up: no connection, or what came instead.
[[nodiscard]] std::string describe_traffic(const std::vector<profile::Event>& events,
                                           const ProfileStatistics& profile, const RunSummary& run);

/// The connections to peers with the profile, those of its attempts too; unset: all that there are.
[[nodiscard]] std::optional<std::set<event::ConnectionId>> connections_of(
    const ProfileStatistics& profile, const RunSummary& run);

/// Did a connection meet the profile, or one of its attempts?
[[nodiscard]] bool was_met(const ProfileStatistics& profile, const RunSummary& run);

/// Does the event come up where a connection is begun? To forbid it speaks of none.
[[nodiscard]] bool comes_with_syn(const profile::Event& event);

/// Why there is nothing to tell of: a sentence for a run without a single connection.
[[nodiscard]] std::string_view no_connection(const RunSummary& run);

/// `FILE:LINE: the fault was never injected: …`, with what came closest.
[[nodiscard]] std::string describe_misfire(const profile::Rule& rule,
                                           const event::RuleStatistics& seen,
                                           const ProfileStatistics& profile, const RunSummary& run);

}  // namespace ghostpeer::judge
