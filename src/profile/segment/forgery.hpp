// Readers of the actions that forge packets.
#pragma once

#include "profile/document/words.hpp"

#include "ghostpeer/profile/rule.hpp"

#include <optional>

namespace ghostpeer::profile {

/// The fields of `set` or `send`, the entry's key; `entry.value` is a map.
[[nodiscard]] SegmentFields read_segment_fields(const Entry& entry, Context& context);

[[nodiscard]] std::optional<Action> read_corrupt(const Entry& entry, Context& context);
[[nodiscard]] std::optional<Action> read_set(const Entry& entry, Context& context);
[[nodiscard]] std::optional<Action> read_fragment(const Entry& entry, Context& context);
[[nodiscard]] std::optional<Action> read_send(const Entry& entry, Context& context);
[[nodiscard]] std::optional<Action> read_icmp(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
