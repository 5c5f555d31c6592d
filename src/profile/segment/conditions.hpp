// Readers of the conditions of `when:` on what the headers of a segment say.
#pragma once

#include "profile/document/words.hpp"

#include "ghostpeer/profile/rule.hpp"

#include <array>
#include <string_view>

namespace ghostpeer::profile {

/// Their words, each of which needs a segment.
inline constexpr std::array<std::string_view, 16> segment_condition_words{
    "seq", "ack",          "window", "has", "lacks", "sack", "option", "no_option",
    "mss", "window_scale", "urgent", "ttl", "tos",   "ecn",  "df",     "id"};

/// One of these words.
void read_segment_condition(const Entry& entry, When& when, Context& context);

/// What can never be so together is reported at the `when`.
void check_segment_conditions(const Entry& when, const SegmentCondition& condition, Errors& errors);

/// An expectation is judged by the record, which lacks some of a connection's numbers.
void check_recorded_numbers(const Entry& when, const SegmentCondition& condition, Errors& errors);

}  // namespace ghostpeer::profile
