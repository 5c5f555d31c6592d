// Profiles that are put together by a list in `extends`: what cannot hold side by side.
#pragma once

#include "profile/document/chain.hpp"

namespace ghostpeer::profile {

/// Reports what two of them say and only one can mean, unless a profile that extends both says it.
void check_together(const Chain& chain, Errors& errors);

}  // namespace ghostpeer::profile
