#include "app/observers.hpp"

#include "app/message.hpp"
#include "app/packet_module.hpp"
#include "observe/events.hpp"
#include "observe/pcap.hpp"
#include "observe/test_reports.hpp"
#include "observe/trace.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

namespace ghostpeer::app {
namespace {

/// The trace ends with the verdict. Where there is none on standard error, a verdict that fails is
/// told there all the same, and so is what could not be written.
void print_verdict(const CommonOptions& options, const observe::Verdict& verdict) {
    const bool told = !options.quiet && !options.trace_file;
    if (!told && (!verdict.pass || !verdict.lost.empty())) {
        print_message(observe::to_text(verdict, wants_colour(options)));
    }
}

}  // namespace

bool wants_colour(const CommonOptions& options) {
    if (options.colour != ColourChoice::automatic) {
        return options.colour == ColourChoice::always;
    }
    const char* no_colour = std::getenv("NO_COLOR");
    return !options.trace_file && isatty(STDERR_FILENO) == 1 &&
           (no_colour == nullptr || *no_colour == '\0');
}

std::uint64_t choose_seed(const CommonOptions& options) {
    if (options.seed) {
        return *options.seed;
    }
    // Short enough to be typed again.
    constexpr std::uint64_t seeds = 1'000'000'000;
    return std::random_device{}() % seeds;
}

tl::expected<void, std::string> open_observers(const CommonOptions& options, const Clock& clock,
                                               Sinks& sinks) {
    using observe::OutputFile;
    const bool colour = wants_colour(options);
    if (options.pcap_file) {
        if (const std::string problem = load_packet_module(); !problem.empty()) {
            return tl::make_unexpected(problem);
        }
    }
    if (options.trace_file && !options.quiet) {
        auto file = OutputFile::open(*options.trace_file, "trace");
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add(observe::make_trace(std::move(*file), {colour}));
    } else if (!options.quiet) {
        sinks.add(observe::make_trace(OutputFile::adopt(STDERR_FILENO, "standard error", "trace"),
                                      {colour}));
    }
    // Each file and what is made of it.
    using Make = std::function<std::unique_ptr<observe::Sink>(OutputFile)>;
    struct Wanted {
        const std::optional<std::string>& path;
        const char* what;
        Make make;
    };
    for (const Wanted& wanted :
         {Wanted{options.events_file, "event stream", observe::make_event_stream},
          Wanted{options.pcap_file, "packet capture",
                 [&](OutputFile file) {
                     return observe::make_capture(std::move(file), clock.epoch());
                 }},
          Wanted{options.junit_file, "JUnit report", observe::make_junit},
          Wanted{options.tap_file, "TAP report", observe::make_tap}}) {
        if (!wanted.path) {
            continue;
        }
        if (*wanted.path == "-" && &wanted.path == &options.tap_file) {
            sinks.add(
                wanted.make(OutputFile::adopt(STDOUT_FILENO, "standard output", wanted.what)));
            continue;
        }
        auto file = OutputFile::open(*wanted.path, wanted.what);
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add(wanted.make(std::move(*file)));
    }
    return {};
}

observe::Conversation* keep_conversation(Sinks& sinks) {
    auto kept = std::make_unique<observe::Conversation>();
    observe::Conversation* conversation = kept.get();
    sinks.add(std::move(kept));
    return conversation;
}

observe::RunSummary summarize(const Outcome& outcome, const peer::Engine& engine,
                              const Sinks& sinks, Instant end, std::uint64_t seed) {
    observe::RunSummary run;
    run.command = outcome.exit;
    run.ended = outcome.ended;
    run.signal = outcome.signal;
    run.attempts = engine.attempts();
    run.unrecorded_attempts = engine.unrecorded_attempts();
    run.profiles = engine.profiles();
    run.counters = engine.counters();
    run.to_be_dialled = engine.to_be_dialled();
    run.lost = sinks.lost();
    run.length = end - run_start;
    run.seed = seed;
    return run;
}

observe::Verdict tell_verdict(const CommonOptions& options, const observe::RunSummary& run,
                              Sinks& sinks, const observe::Conversation* conversation,
                              Instant end) {
    observe::Verdict verdict = observe::make_verdict(run, conversation);
    sinks.verdict(end, verdict);
    sinks.finish();
    print_verdict(options, verdict);
    for (const std::string& sentence : sinks.lost()) {
        if (std::find(verdict.lost.begin(), verdict.lost.end(), sentence) == verdict.lost.end()) {
            complain(sentence);  // a report of the verdict could not be written
        }
    }
    return verdict;
}

}  // namespace ghostpeer::app
