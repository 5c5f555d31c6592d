// SIGHUP: profiles are read again, and have an effect on new connections.
#pragma once

#include "app/attendant.hpp"
#include "app/clock.hpp"
#include "app/notifier.hpp"
#include "app/peers.hpp"
#include "app/serve_options.hpp"
#include "app/sinks.hpp"
#include "ghostpeer/peer/engine.hpp"

namespace ghostpeer::app {

class Reloader final : public Attendant {
  public:
    /// `peers`: those of the start.
    Reloader(const ServeOptions& options, const Peers& peers, const Clock& clock,
             peer::Engine& engine, Sinks& sinks, const Notifier& notifier)
        : options_(options),
          relays_(peers.relays),
          clock_(clock),
          engine_(engine),
          sinks_(sinks),
          notifier_(notifier) {}

    void attend(Instant /*now*/) override {}
    [[nodiscard]] bool signal(int number, Instant now) override;

  private:
    /// What to tell the user, one line or several; empty: all went well.
    [[nodiscard]] std::string reload();

    const ServeOptions& options_;
    profile::RelayReadiness relays_;
    const Clock& clock_;
    peer::Engine& engine_;
    Sinks& sinks_;
    const Notifier& notifier_;
};

}  // namespace ghostpeer::app
