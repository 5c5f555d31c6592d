// Segments that rules have changed.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/forgery.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

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

/// Overwrites what the fields name. `has_key`: the connection's segments are signed (RFC 2385),
/// which takes room.
void apply(const profile::SegmentFields& fields, const Evaluate& value, bool has_key,
           wire::Segment& segment, wire::Distortion& distortion);

/// Spoils it; there is payload where that is to be spoiled.
void corrupt(profile::Corrupt::What what, Forged& forged);
/// Would the fragments that it is to leave in be more than one? Else the packet stays whole. `key`:
/// that the segment is signed with (RFC 2385); empty: none.
[[nodiscard]] bool more_than_a_fragment(const wire::Segment& segment,
                                        const wire::Distortion& distortion, const std::string& key);

/// What an honest stack makes of the packet, one with this key where there is one; nothing: it
/// throws it away. What the distortion does not sign otherwise is signed with the key.
[[nodiscard]] std::optional<wire::Segment> as_read(const wire::Segment& segment,
                                                   const wire::Distortion& distortion,
                                                   const std::string& key);

/// How many of so many fragments do not leave.
[[nodiscard]] std::size_t lost_of(const wire::FragmentFates& fates, std::size_t fragments);

/// Has the source that they name, if any, an address of that version of IP?
[[nodiscard]] bool is_of_version(const profile::SegmentFields& fields, bool v4) noexcept;

/// Why an honest peer would send a segment like this one.
[[nodiscard]] tcp::Reason reason_of(const wire::Segment& segment) noexcept;

}  // namespace ghostpeer::rules
