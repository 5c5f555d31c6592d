#include "run/record_ends.hpp"

#include "run/standstill.hpp"
#include "setup/version.hpp"

#include <sys/utsname.h>
#include <utility>
#include <vector>

namespace ghostpeer::run {

event::Run describe_run(event::Run run, const setup::CommonOptions& options,
                        const loop::Clock& clock, const link::Link& link, std::uint64_t seed) {
    run.version = version;
    run.link = link.describe();
    if (utsname system{}; run.kernel.empty() && uname(&system) == 0) {
        run.kernel = std::string(system.sysname) + " " + system.release;
    }
    run.epoch = clock.epoch();
    run.seed = seed;
    run.rtt = options.rtt.value_or(Duration::zero());
    run.timeout = options.timeout;
    run.require_fault = options.require_fault;
    return run;
}

event::End describe_end(const Outcome& outcome, const peer::Engine& engine) {
    event::End end;
    end.ended = outcome.ended;
    end.signal = outcome.signal;
    end.failure = outcome.failure;
    end.command_length = outcome.exited - run_start;
    end.standstill = describe_standstill(outcome.waits, outcome.attempts_then, outcome.looked);
    end.left_behind = outcome.left_behind;
    end.unmet_uses = engine.unmet_uses();
    end.silent_addresses = engine.silent_addresses();
    end.to_be_dialled = engine.to_be_dialled();
    end.ordered_faults = engine.ordered_faults();
    return end;
}

void tell_events(peer::Engine& engine, loop::Sinks& sinks) {
    std::vector<event::Event> events;
    engine.take_events(events);
    for (event::Event& event : events) {
        sinks.record(std::move(event));
    }
}

}  // namespace ghostpeer::run
