// What stands at the beginning and at the end of a run's record.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "link/link.hpp"
#include "loop/clock.hpp"
#include "loop/sinks.hpp"
#include "run/ending.hpp"
#include "setup/run_options.hpp"

#include <cstdint>

namespace ghostpeer::run {

/// Adds to what only the caller knows what is common to all runs.
[[nodiscard]] event::Run describe_run(event::Run run, const setup::CommonOptions& options,
                                      const loop::Clock& clock, const link::Link& link,
                                      std::uint64_t seed);

/// What the loop and the engine know; the rest is left open.
[[nodiscard]] event::End describe_end(const Outcome& outcome, const peer::Engine& engine);

/// Tells what the engine has to tell.
void tell_events(peer::Engine& engine, loop::Sinks& sinks);

}  // namespace ghostpeer::run
