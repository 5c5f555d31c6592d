// Segments that rules have changed.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/forgery.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace ghostpeer::rules {

/// A segment as rules have left it; never without a change.
struct Forged {
    wire::Segment segment;
    event::Forgery forgery;
    bool corrupted = false;

    [[nodiscard]] event::Fate fate() const noexcept {
        return corrupted ? event::Fate::corrupted : event::Fate::edited;
    }
};

/// The value of a sequence number or a timestamp.
using Evaluate = std::function<std::uint32_t(const profile::SequenceExpression&)>;

/// Overwrites what the fields name.
void apply(const profile::SegmentFields& fields, const Evaluate& value, wire::Segment& segment,
           wire::Distortion& distortion);

/// Spoils it; there is payload where that is to be spoiled.
void corrupt(profile::Corrupt::What what, Forged& forged);
/// Would fragments of this size be more than one? Else the packet stays whole.
[[nodiscard]] bool more_than_a_fragment(const wire::Segment& segment, std::size_t size);

/// What an honest stack makes of the packet; nothing: it throws it away.
[[nodiscard]] std::optional<wire::Segment> as_read(const wire::Segment& segment,
                                                   const wire::Distortion& distortion);

/// Why an honest peer would send a segment like this one.
[[nodiscard]] tcp::Reason reason_of(const wire::Segment& segment) noexcept;

}  // namespace ghostpeer::rules
