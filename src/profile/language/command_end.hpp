// `command:` of an expectation: how COMMAND has to end.
#pragma once

#include "ghostpeer/profile/expectation.hpp"
#include "profile/document/words.hpp"

namespace ghostpeer::profile {

/// A map of `status`, `within` and `output`, at least one of them.
void read_command_end(const Entry& entry, CommandEnd& command, Context& context);

}  // namespace ghostpeer::profile
