#include "judge/attempt_table.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace ghostpeer::judge {

namespace {

constexpr std::size_t max_attempt_rows = 20;

using Cells = std::array<std::string, 7>;
using Manner = ProgramEnd::Manner;

std::string_view as_the_peer_saw(event::Ending ending) {
    switch (ending) {
        case event::Ending::unanswered: return "never answered";
        case event::Ending::open: return "still open";
        case event::Ending::half_closed: return "half closed";
        case event::Ending::closed: return "closed";
        case event::Ending::refused: return "refused";
        case event::Ending::reset_by_peer: return "reset by the peer";
        case event::Ending::reset_by_program: return "reset by the program";
        case event::Ending::timed_out: return "given up by the peer";
        case event::Ending::forgotten: return "forgotten by the peer";
    }
    return "";
}

/// What the peer did or left undone without a word to the program; empty: nothing of the kind.
std::string_view peers_part(event::Ending ending) {
    const bool silent = ending == event::Ending::unanswered || ending == event::Ending::timed_out ||
                        ending == event::Ending::forgotten;
    return silent ? as_the_peer_saw(ending) : std::string_view();
}

std::string_view programs_part(const ProgramEnd& end, event::Ending ending) {
    switch (end.outcome) {
        case profile::Outcome::open:
            return end.manner == Manner::finishing        ? "FIN not acknowledged"
                   : ending == event::Ending::half_closed ? "half closed"
                                                          : "still open";
        case profile::Outcome::closed:
            return end.manner == Manner::in_order   ? "closed"
                   : end.manner == Manner::by_reset ? "reset by the program"
                                                    : "closed by the program";
        case profile::Outcome::reset: return "reset by the peer";
        case profile::Outcome::refused:
            return end.manner == Manner::by_icmp ? "refused by an ICMP error" : "refused";
        case profile::Outcome::timed_out: return "timed out";
        case profile::Outcome::unknown: return "unknown";
    }
    return "";
}

std::string describe_end(const Attempt& attempt) {
    if (!attempt.program) {
        return std::string(as_the_peer_saw(attempt.ending));
    }
    const auto words = programs_part(*attempt.program, attempt.ending);
    const auto more = peers_part(attempt.ending);
    switch (attempt.program->outcome) {
        case profile::Outcome::reset:
        case profile::Outcome::refused: return std::string(words);
        case profile::Outcome::unknown: return std::string(more.empty() ? words : more);
        default: break;
    }
    const bool said_all = more.empty() || attempt.program->manner == Manner::in_order;
    return std::string(words) + (said_all ? "" : ", " + std::string(more));
}

Cells attempt_cells(const Attempt& attempt) {
    auto end = describe_end(attempt);
    if (attempt.syns > 1) {
        end += fmt::format(", {} SYNs", attempt.syns);
    }
    const Instant ended = attempt.ended.value_or(attempt.last_segment);
    return {fmt::format("#{} attempt {}", attempt.connection, attempt.number),
            (attempt.dialled ? attempt.flow.remote : attempt.flow.local).to_string(),
            event::format_length(attempt.start.time_since_epoch()),
            attempt.since_last ? event::format_length(*attempt.since_last) : "-",
            event::format_length(std::max(ended - attempt.start, Duration::zero())),
            fmt::format("{}/{}", attempt.received, attempt.sent),
            end};
}

}  // namespace

std::vector<std::string> attempt_table(const RunSummary& run) {
    std::vector<std::string> lines;
    if (run.attempts.empty()) {
        return lines;
    }
    const std::span shown(run.attempts.data(), std::min(run.attempts.size(), max_attempt_rows));
    std::vector<Cells> rows{{"", "to", "start", "gap", "lasted", "in/out bytes", "end"}};
    for (const auto& attempt : shown) {
        rows.push_back(attempt_cells(attempt));
    }
    std::array<std::size_t, 7> widths{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths.at(i) = std::max(widths.at(i), row.at(i).size());
        }
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            const bool number = i >= 2;
            line += number ? fmt::format("{:>{}}  ", row.at(i), widths.at(i))
                           : fmt::format("{:<{}}  ", row.at(i), widths.at(i));
        }
        lines.push_back(line + row.back());
    }
    const auto more = run.attempts.size() - shown.size() + run.unrecorded_attempts;
    if (more > 0) {
        lines.push_back(fmt::format("… and {} more", more));
    }
    return lines;
}

}  // namespace ghostpeer::judge
