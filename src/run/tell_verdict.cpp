#include "run/tell_verdict.hpp"

#include "event/exit_status.hpp"
#include "posix/message.hpp"
#include "run/observers.hpp"
#include "show/verdict_text.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace ghostpeer::run {
namespace {

/// The trace ends with the verdict. Where there is none on standard error, what fails is told there
/// all the same, and so is what could not be written.
void print_verdict(const setup::CommonOptions& options, const event::Verdict& verdict) {
    const bool told = !setup::is_quiet(options) && !options.trace_file;
    if (!told && (!goes_without_saying(verdict) || !verdict.lost.empty())) {
        print_message(show::to_text(verdict, wants_colour(options)));
    }
}

}  // namespace

bool goes_without_saying(const event::Verdict& verdict) {
    return verdict.pass || (verdict.only_command && (verdict.status < exit_verdict_failed ||
                                                     verdict.status > exit_not_found));
}

event::Verdict tell_verdict(const setup::CommonOptions& options, const judge::Judge& judge,
                            loop::Sinks& sinks, event::End&& told_end, Instant end) {
    const std::vector<event::Loss> others = std::exchange(told_end.lost, sinks.lost());
    // What tells of a loss may be lost itself. Each turn tells more sinks what the others know.
    std::size_t told = told_end.lost.size();
    told_end.lost.insert(told_end.lost.end(), others.begin(), others.end());
    sinks.record({end, 0, 0, std::make_shared<const event::End>(std::move(told_end))});
    auto verdict = std::make_shared<const event::Verdict>(judge.verdict());
    const auto settle = [&] {
        sinks.finish();
        auto lost = sinks.lost();
        const bool more = lost.size() > told;
        if (more) {
            told = lost.size();
            lost.insert(lost.end(), others.begin(), others.end());
            verdict = std::make_shared<const event::Verdict>(judge.verdict(std::move(lost)));
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
    if ((late || later) && !setup::is_quiet(options) && !options.trace_file) {
        // The trace has told of an earlier verdict.
        complain(verdict->headline);
        for (const event::Loss& loss : verdict->lost) {
            complain(loss.sentence);
        }
    }
    return *verdict;
}

}  // namespace ghostpeer::run
