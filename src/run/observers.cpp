#include "run/observers.hpp"

#include "posix/message.hpp"
#include "run/tell_verdict.hpp"
#include "setup/version.hpp"
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
#include <functional>
#include <random>

namespace ghostpeer::run {
namespace {

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

[[nodiscard]] std::array<Wanted, 2> wanted_reports(const setup::CommonOptions& options) {
    return {Wanted{options.junit_file, "JUnit report", show::make_junit},
            Wanted{options.tap_file, "TAP report",
                   [on_output = options.tap_file == "-"](show::OutputFile file) {
                       return show::make_tap(std::move(file), on_output);
                   }}};
}

[[nodiscard]] show::TraceDetail detail_of(const setup::CommonOptions& options) {
    switch (options.trace) {
        case setup::TraceChoice::faults: return show::TraceDetail::faults;
        case setup::TraceChoice::states: return show::TraceDetail::states;
        case setup::TraceChoice::all:
        case setup::TraceChoice::none: break;
    }
    return show::TraceDetail::all;
}

[[nodiscard]] bool is_output(const setup::CommonOptions& options, const Wanted& wanted) {
    return &wanted.path == &options.tap_file && *wanted.path == "-";
}

}  // namespace

bool wants_colour(const setup::CommonOptions& options) {
    if (options.colour != setup::ColourChoice::automatic) {
        return options.colour == setup::ColourChoice::always;
    }
    return !options.trace_file && shows_colour(STDERR_FILENO);
}

std::uint64_t choose_seed(const setup::CommonOptions& options) {
    if (options.seed) {
        return *options.seed;
    }
    // Short enough to be typed again.
    constexpr std::uint64_t seeds = 1'000'000'000;
    return std::random_device{}() % seeds;
}

tl::expected<void, std::string> begin_reports(const setup::CommonOptions& options) {
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

void fail_reports(const setup::CommonOptions& options, const std::string& sentence, int status) {
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

tl::expected<void, std::string> open_observers(const setup::CommonOptions& options,
                                               const loop::Clock& clock, const std::string& comment,
                                               loop::Sinks& sinks, int events_output) {
    using show::OutputFile;
    const bool colour = wants_colour(options);
    const bool annotated = setup::wants_annotated_capture(options);
    if (options.trace_file) {
        auto file = OutputFile::open(*options.trace_file, "trace");
        if (!file) {
            return tl::make_unexpected(file.error());
        }
        sinks.add(setup::is_quiet(options)
                      ? std::make_unique<QuietVerdict>(std::move(*file))
                      : show::make_trace(std::move(*file), {colour, detail_of(options)}));
    } else if (!setup::is_quiet(options)) {
        sinks.add(show::make_trace(OutputFile::adopt(STDERR_FILENO, "standard error", "trace"),
                                   {colour, detail_of(options)}));
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
        if (events_output >= 0 && &wanted.path == &options.events_file) {
            sinks.add(
                wanted.make(OutputFile::adopt(events_output, "standard output", wanted.what)));
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

}  // namespace ghostpeer::run
