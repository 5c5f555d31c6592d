// `link:`, as a section of a profile and as an action.
#pragma once

#include "ghostpeer/profile/link.hpp"
#include "profile/document/words.hpp"

namespace ghostpeer::profile {

/// Overwrites what the entry names.
void read_link(const Entry& entry, Link& link, Context& context);
/// Reports what has no effect, once the whole chain has been read; `entry`: the last that says it.
void check_link(const Entry& entry, const Link& link, Errors& errors);

}  // namespace ghostpeer::profile
