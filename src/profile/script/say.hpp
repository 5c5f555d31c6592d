// What `say` takes, in a rule and in a script.
#pragma once

#include "ghostpeer/profile/rule.hpp"
#include "profile/document/words.hpp"

#include <optional>

namespace ghostpeer::profile {

/// Null where the bytes are made up; nothing after an error, which is reported.
[[nodiscard]] std::optional<Say> read_say_of(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
