#include "scopes/judging.hpp"

#include "event/text.hpp"
#include "ghostpeer/event/tally.hpp"
#include "judge/judge.hpp"
#include "page/page.hpp"
#include "show/events.hpp"
#include "show/trace.hpp"
#include "show/verdict_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::scopes {
namespace {

[[nodiscard]] event::Run beginning_of(const Snapshot& scope) {
    event::Run run = scope.run ? *scope.run : event::Run{};
    // By these a run is judged that has a COMMAND.
    run.command.clear();
    run.served = false;
    run.timeout.reset();
    run.wall_timeout = {};
    run.expected_status.reset();
    run.require_fault = false;
    return run;
}

[[nodiscard]] event::End end_of(const Snapshot& scope) {
    event::End end;
    end.ended = event::Ended::scope;
    end.unmet_peers = scope.unmet_peers;
    if (scope.left_out > 0) {
        end.lost.push_back(
            {fmt::format("The record of the scope {} is cut short: {} came when it was full. Use a "
                         "scope for each test, and end it.",
                         event::printable(scope.name), event::count(scope.left_out, "event")),
             true});
    }
    return end;
}

}  // namespace

Judged judge_scope(const Snapshot& scope) {
    Judged judged;
    judge::Judge judge;
    event::EventId last = 0;
    const auto add = [&](std::shared_ptr<const event::Event> event) {
        last = std::max(last, event->id);
        judge.record(*event);
        judged.record.push_back(std::move(event));
    };
    const auto tell = [&](decltype(event::Event::what)&& what, event::ConnectionId connection = 0,
                          std::uint32_t attempt = 0) {
        event::Event event;
        event.at = scope.at;
        event.connection = connection;
        event.attempt = attempt;
        event.what = std::move(what);
        event.id = last + 1;
        add(std::make_shared<const event::Event>(std::move(event)));
    };
    event::Event run;
    run.at = run_start;
    run.id = 1;
    run.what = std::make_shared<const event::Run>(beginning_of(scope));
    add(std::make_shared<const event::Event>(std::move(run)));
    for (const auto& event : scope.events) {
        add(event);
    }
    tell(event::Conclusion{});
    for (const event::AttemptRecord& attempt : scope.counts.attempts) {
        tell(std::make_shared<const event::AttemptRecord>(attempt), attempt.connection,
             attempt.number);
    }
    for (const event::Tally& tally : scope.counts.tallies) {
        tell(std::make_shared<const event::Tally>(tally));
    }
    tell(std::make_shared<const event::Counters>());
    tell(std::make_shared<const event::End>(end_of(scope)));
    judged.verdict = std::make_shared<const event::Verdict>(judge.verdict());
    tell(judged.verdict);
    return judged;
}

std::string to_lines(const Judged& judged) {
    std::string text;
    const auto lines = show::make_event_lines([&](std::string_view line) {
        text += line;
        if (!line.ends_with('\n')) {
            text += '\n';
        }
    });
    for (const auto& event : judged.record) {
        lines->record(*event);
    }
    return text;
}

std::string to_line(const Judged& judged) {
    std::string text;
    show::make_event_lines([&](std::string_view line) {
        text += line;
    })->record(*judged.record.back());
    return text;
}

std::string to_trace(const Judged& judged) {
    std::string text;
    for (const auto& event : judged.record) {
        if (!std::holds_alternative<std::shared_ptr<const event::Verdict>>(event->what)) {
            text += show::trace_line(*event);
        }
    }
    return text + show::to_text(*judged.verdict);
}

std::string to_verdict_text(const Judged& judged) { return show::to_text(*judged.verdict); }

std::string to_page(const Judged& judged, const std::string& name, const std::string& version) {
    page::Record record;
    for (const auto& event : judged.record) {
        record.add(*event);
    }
    return page::make_page(record, name, version);
}

}  // namespace ghostpeer::scopes
