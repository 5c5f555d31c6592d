// What runs in virtual time need on this side, for one of them or for many.
#pragma once

#include "loop/signals.hpp"
#include "warp/guest.hpp"

#include <optional>

namespace ghostpeer::guests {

struct Host {
    /// From when on signals are read; until then they end the process, whoever it waits for.
    std::optional<loop::SignalReader> signals;
    std::optional<warp::Guest> guest;  ///< the one of the last run
    bool kept = false;                 ///< it may serve the next one too

    void read_signals() {
        if (!signals) {
            signals.emplace();
        }
    }
    [[nodiscard]] std::optional<int> next_signal() {
        const auto signal = signals->next();
        return signal ? std::optional(signal->number) : std::nullopt;
    }
};

}  // namespace ghostpeer::guests
