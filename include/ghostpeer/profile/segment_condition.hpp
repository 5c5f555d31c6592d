// Conditions of `when:` on what the headers of a segment say.
#pragma once

#include "ghostpeer/profile/range.hpp"
#include "ghostpeer/profile/sequence_expression.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::profile {

/// One end of a range of sequence numbers.
struct NumberBound {
    SequenceExpression sum;
    /// It has no name in it: counted from the initial number, as the trace shows numbers. Else it
    /// is a number of the wire.
    bool bare = true;
};

/// Both ends included; an unset one is open.
struct NumberRange {
    std::optional<NumberBound> least;
    std::optional<NumberBound> most;
};

struct SackCondition {
    NumberBound left;
    NumberBound right;
};

/// What is set must hold.
struct SegmentCondition {
    std::optional<NumberRange> seq;
    std::optional<NumberRange> ack;     ///< with the ACK flag only
    std::optional<NumberRange> window;  ///< bytes, scaled
    wire::Flags has;                    ///< these among others
    wire::Flags lacks;                  ///< none of these
    std::optional<bool> any_sack;       ///< has it blocks?
    std::vector<SackCondition> sack;    ///< each of these is among its blocks
    std::vector<std::uint8_t> options;  ///< kinds that it has
    std::vector<std::uint8_t> no_options;
    std::optional<Range> mss;
    std::optional<Range> window_scale;
    std::optional<Range> urgent;  ///< the pointer, where the URG flag is set
    std::optional<Range> ttl;
    std::optional<Range> tos;
    std::optional<std::uint8_t> ecn;  ///< the lower two bits of `tos`
    std::optional<bool> df;           ///< of IPv4
    std::optional<Range> id;          ///< of IPv4
};

}  // namespace ghostpeer::profile
