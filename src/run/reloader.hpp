// SIGHUP: profiles are read again, and have an effect on new connections.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/clock.hpp"
#include "loop/sinks.hpp"
#include "run/notifier.hpp"
#include "setup/peers.hpp"
#include "setup/serve_options.hpp"

namespace ghostpeer::run {

class Reloader {
  public:
    /// `peers`: those of the start.
    Reloader(const setup::ServeOptions& options, const setup::Peers& peers,
             const loop::Clock& clock, peer::Engine& engine, loop::Sinks& sinks,
             const Notifier& notifier)
        : options_(options),
          relays_(peers.relays),
          clock_(clock),
          engine_(engine),
          sinks_(sinks),
          notifier_(notifier) {}

    /// True: it was SIGHUP, and is dealt with.
    [[nodiscard]] bool signal(int number, Instant now);

  private:
    /// What to tell the user, one line or several; empty: all went well.
    [[nodiscard]] std::string reload(Instant now);

    const setup::ServeOptions& options_;
    profile::RelayReadiness relays_;
    const loop::Clock& clock_;
    peer::Engine& engine_;
    loop::Sinks& sinks_;
    const Notifier& notifier_;
};

}  // namespace ghostpeer::run
