// A program that waits for ever and wakes up all the time to look: it takes as many steps as there
// are hours, and each of them says the same.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace ghostpeer::process {

/// Packets between a program and its peer, since the run began.
struct Traffic {
    std::uint64_t news = 0;     ///< that are neither probes nor answers to them
    std::uint64_t probes = 0;   ///< of idle connections and closed windows, from the program
    std::uint64_t answers = 0;  ///< to them
    bool peer_is_due = false;   ///< the peer will do something by itself
};

class Polling {
  public:
    /// `limit`: how long nothing else has to move.
    Polling(Duration limit, Instant begin);

    [[nodiscard]] Instant next_look() const noexcept { return next_; }
    /// To be called at the time above. True: for the limit the processes have done nothing but wake
    /// up. Packets have passed at most as probes that were answered; the peer is not due; of the
    /// kernel's timers for sockets none but those for such probes runs; no process has come or
    /// gone.
    [[nodiscard]] bool look(Instant now, const Traffic& traffic,
                            const std::vector<pid_t>& processes);

  private:
    struct View {
        Traffic traffic;
        std::uint64_t slept = 0;
        std::vector<pid_t> processes;
    };
    [[nodiscard]] bool only_polls(const View& now) const;

    Duration limit_;
    Duration between_;
    Instant next_;
    Instant since_;  ///< from when on they have only polled
    View last_;
};

}  // namespace ghostpeer::process
