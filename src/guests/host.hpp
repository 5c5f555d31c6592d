// What runs in virtual time need on this side, for one of them or for many.
#pragma once

#include "loop/signals.hpp"
#include "warp/guest.hpp"

#include <optional>

namespace ghostpeer::guests {

struct Host {
    loop::SignalReader signals;
    std::optional<warp::Guest> guest;  ///< the one of the last run
    bool kept = false;                 ///< it may serve the next one too
};

}  // namespace ghostpeer::guests
