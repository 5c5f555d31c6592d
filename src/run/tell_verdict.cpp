#include "run/tell_verdict.hpp"

#include "event/exit_status.hpp"
#include "posix/message.hpp"
#include "run/observers.hpp"
#include "run/standstill.hpp"
#include "show/verdict_text.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace ghostpeer::run {
namespace {

/// The trace ends with the verdict. Where there is none on standard error, what fails is told there
/// all the same, and so is what could not be written.
void print_verdict(const setup::CommonOptions& options, const event::Verdict& verdict) {
    const bool told = !options.quiet && !options.trace_file;
    if (!told && (!goes_without_saying(verdict) || !verdict.lost.empty())) {
        print_message(show::to_text(verdict, wants_colour(options)));
    }
}

}  // namespace

bool goes_without_saying(const event::Verdict& verdict) {
    return verdict.pass || (verdict.only_command && (verdict.status < exit_verdict_failed ||
                                                     verdict.status > exit_not_found));
}

judge::Conversation* keep_conversation(loop::Sinks& sinks) {
    auto kept = std::make_unique<judge::Conversation>();
    judge::Conversation* conversation = kept.get();
    sinks.add(std::move(kept));
    return conversation;
}

judge::RunSummary summarize(const setup::CommonOptions& options, const Outcome& outcome,
                            const peer::Engine& engine, const loop::Sinks& sinks, Instant end,
                            std::uint64_t seed) {
    judge::RunSummary run;
    run.command = outcome.exit;
    run.command_length = outcome.exited - run_start;
    run.left_behind = outcome.left_behind;
    run.unmet_uses = engine.unmet_uses();
    run.silent_addresses = engine.silent_addresses();
    run.ordered_faults = engine.ordered_faults();
    run.require_fault = options.require_fault;
    run.ended = outcome.ended;
    run.signal = outcome.signal;
    run.failure = outcome.failure;
    run.timeout = options.timeout;
    run.attempts = engine.attempts();
    run.unrecorded_attempts = engine.unrecorded_attempts();
    run.profiles = engine.profiles();
    run.counters = engine.counters();
    run.to_be_dialled = engine.to_be_dialled();
    run.lost = sinks.lost();
    run.length = end - run_start;
    run.seed = seed;
    run.standstill = describe_standstill(outcome.waits, outcome.attempts_then, outcome.looked);
    return run;
}

event::Verdict tell_verdict(const setup::CommonOptions& options, judge::RunSummary run,
                            loop::Sinks& sinks, const judge::Conversation* conversation,
                            Instant end) {
    auto verdict = std::make_shared<const event::Verdict>(judge::make_verdict(run, conversation));
    // What tells of a loss may be lost itself. Each turn tells more sinks what the others know.
    std::size_t told = sinks.lost().size();
    const std::vector<event::Loss> others(
        run.lost.begin() + static_cast<std::ptrdiff_t>(std::min(told, run.lost.size())),
        run.lost.end());
    const auto settle = [&] {
        sinks.finish();
        auto lost = sinks.lost();
        const bool more = lost.size() > told;
        if (more) {
            told = lost.size();
            run.lost = std::move(lost);
            run.lost.insert(run.lost.end(), others.begin(), others.end());
            verdict =
                std::make_shared<const event::Verdict>(judge::make_verdict(run, conversation));
        }
        return more;
    };
    sinks.record({end, 0, 0, verdict});
    const bool late = settle();
    sinks.report(end, verdict);
    const bool later = settle();
    if (later) {
        sinks.report(end, verdict);
        sinks.finish();
    }
    print_verdict(options, *verdict);
    if ((late || later) && !options.quiet && !options.trace_file) {
        // The trace has told of an earlier verdict.
        complain(verdict->headline);
        for (const event::Loss& loss : verdict->lost) {
            complain(loss.sentence);
        }
    }
    return *verdict;
}

}  // namespace ghostpeer::run
