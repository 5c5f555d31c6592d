#include "app/observers.hpp"

#include "app/message.hpp"
#include "app/packet_module.hpp"
#include "app/standstill.hpp"
#include "app/version.hpp"
#include "event/exit_status.hpp"
#include "show/events.hpp"
#include "show/file_sink.hpp"
#include "show/pcap.hpp"
#include "show/pcapng.hpp"
#include "show/test_reports.hpp"
#include "show/trace.hpp"
#include "show/verdict_text.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <random>

namespace ghostpeer::app {
namespace {

/// How COMMAND itself failed COMMAND has told, unless its status looks like one of ghostpeer's own.
[[nodiscard]] bool goes_without_saying(const event::Verdict& verdict) {
    return verdict.pass || (verdict.only_command && (verdict.status < exit_verdict_failed ||
                                                     verdict.status > exit_not_found));
}

/// The trace ends with the verdict. Where there is none on standard error, what fails is told there
/// all the same, and so is what could not be written.
void print_verdict(const CommonOptions& options, const event::Verdict& verdict) {
    const bool told = !options.quiet && !options.trace_file;
    if (!told && (!goes_without_saying(verdict) || !verdict.lost.empty())) {
        print_message(show::to_text(verdict, wants_colour(options)));
    }
}

/// What is left of the trace with `-q -o FILE`: the verdict, where it fails.
class QuietVerdict final : public show::FileSink {
  public:
    explicit QuietVerdict(show::OutputFile file) : FileSink(std::move(file)) {}

    void record(const event::Event& event) override {
        const auto* verdict = std::get_if<std::shared_ptr<const event::Verdict>>(&event.what);
        if (verdict != nullptr && !goes_without_saying(**verdict)) {
            output().write(show::to_text(**verdict));
        }
    }
};

using MakeSink = std::function<std::unique_ptr<event::Sink>(show::OutputFile)>;

/// A file that programs read, and what is made of it.
struct Wanted {
    const std::optional<std::string>& path;
    const char* what;
    MakeSink make;
};

[[nodiscard]] std::array<Wanted, 2> wanted_reports(const CommonOptions& options) {
    return {Wanted{options.junit_file, "JUnit report", show::make_junit},
            Wanted{options.tap_file, "TAP report",
                   [on_output = options.tap_file == "-"](show::OutputFile file) {
                       return show::make_tap(std::move(file), on_output);
                   }}};
}

[[nodiscard]] bool is_output(const CommonOptions& options, const Wanted& wanted) {
    return &wanted.path == &options.tap_file && *wanted.path == "-";
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

tl::expected<void, std::string> begin_reports(const CommonOptions& options) {
    for (const Wanted& wanted : wanted_reports(options)) {
        // Who reads a pipe reads it once.
        struct stat status {};
        if (!wanted.path || is_output(options, wanted) ||
            (stat(wanted.path->c_str(), &status) == 0 && !S_ISREG(status.st_mode))) {
            continue;
        }
        auto file = show::OutputFile::open(*wanted.path, wanted.what);
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        static_cast<void>(wanted.make(std::move(*file)));
    }
    return {};
}

void fail_reports(const CommonOptions& options, const std::string& sentence, int status) {
    for (const Wanted& wanted : wanted_reports(options)) {
        struct stat found {};
        if (!wanted.path || is_output(options, wanted) || stat(wanted.path->c_str(), &found) != 0 ||
            !S_ISREG(found.st_mode)) {
            continue;
        }
        if (auto file = show::OutputFile::open(*wanted.path, wanted.what)) {
            event::Event end;
            end.at = run_start;
            end.what =
                std::make_shared<const event::Verdict>(show::verdict_of_none(sentence, status));
            wanted.make(std::move(*file))->record(end);
        }
    }
}

tl::expected<void, std::string> open_observers(const CommonOptions& options, const Clock& clock,
                                               const std::string& comment, Sinks& sinks) {
    using show::OutputFile;
    const bool colour = wants_colour(options);
    const bool annotated = wants_annotated_capture(options);
    if (options.pcap_file && !annotated) {
        if (const std::string problem = load_packet_module(); !problem.empty()) {
            return tl::make_unexpected(problem);
        }
    }
    if (options.trace_file) {
        auto file = OutputFile::open(*options.trace_file, "trace");
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add(options.quiet ? std::make_unique<QuietVerdict>(std::move(*file))
                                : show::make_trace(std::move(*file), {colour}));
    } else if (!options.quiet) {
        sinks.add(show::make_trace(OutputFile::adopt(STDERR_FILENO, "standard error", "trace"),
                                   {colour}));
    }
    for (const Wanted& wanted :
         {Wanted{options.events_file, "event stream", show::make_event_stream},
          Wanted{options.pcap_file, "packet capture", [&](OutputFile file) {
                     return annotated ? show::make_annotated_capture(
                                            std::move(file), clock.epoch(),
                                            {std::string("ghostpeer ") + version, comment})
                                      : show::make_capture(std::move(file), clock.epoch());
                 }}}) {
        if (!wanted.path) {
            continue;
        }
        auto file = OutputFile::open(*wanted.path, wanted.what);
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add(wanted.make(std::move(*file)));
    }
    for (const Wanted& wanted : wanted_reports(options)) {
        if (!wanted.path) {
            continue;
        }
        if (is_output(options, wanted)) {
            sinks.add_report(
                wanted.make(OutputFile::adopt(STDOUT_FILENO, "standard output", wanted.what)));
            continue;
        }
        auto file = OutputFile::open(*wanted.path, wanted.what);
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add_report(wanted.make(std::move(*file)));
    }
    return {};
}

judge::Conversation* keep_conversation(Sinks& sinks) {
    auto kept = std::make_unique<judge::Conversation>();
    judge::Conversation* conversation = kept.get();
    sinks.add(std::move(kept));
    return conversation;
}

judge::RunSummary summarize(const CommonOptions& options, const Outcome& outcome,
                            const peer::Engine& engine, const Sinks& sinks, Instant end,
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

event::Verdict tell_verdict(const CommonOptions& options, judge::RunSummary run, Sinks& sinks,
                            const judge::Conversation* conversation, Instant end) {
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

}  // namespace ghostpeer::app
