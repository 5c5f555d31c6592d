#include "judge/expectations.hpp"

#include "event/text.hpp"
#include "judge/command_end.hpp"
#include "judge/misfire.hpp"
#include "rules/condition.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::judge {

namespace {

using profile::Expectation;
using profile::Form;
using profile::Range;

constexpr std::size_t shown_times = 8;

Duration duration(std::uint64_t nanoseconds) {
    return Duration(static_cast<Duration::rep>(
        std::min<std::uint64_t>(nanoseconds, static_cast<std::uint64_t>(INT64_MAX))));
}

std::string times_text(std::uint64_t n) {
    switch (n) {
        case 1: return "once";
        case 2: return "twice";
        default: return fmt::format("{} times", n);
    }
}

/// `once`, `2 to 4 times`, `at least 3 times`.
std::string times_text(const Range& times) {
    if (times.most == 0) {
        return "never";
    }
    if (times.least == times.most) {
        return times_text(times.least);
    }
    if (times.most == UINT64_MAX) {
        return "at least " + times_text(times.least);
    }
    if (times.least == 0) {
        return "at most " + times_text(times.most);
    }
    return fmt::format("{} to {} times", times.least, times.most);
}

/// `3`, `2 to 4`, `at least 3`.
std::string number_text(const Range& number) {
    if (number.least == number.most) {
        return std::to_string(number.least);
    }
    if (number.most == UINT64_MAX) {
        return fmt::format("at least {}", number.least);
    }
    if (number.least == 0) {
        return fmt::format("at most {}", number.most);
    }
    return fmt::format("{} to {}", number.least, number.most);
}

std::string range_text(const Range& range) {
    const auto least = event::format_length(duration(range.least));
    const auto most = event::format_length(duration(range.most));
    if (range.most == UINT64_MAX) {
        return least + " or more";
    }
    if (range.least == 0) {
        return "up to " + most;
    }
    return range.least == range.most ? least : least + " to " + most;
}

std::string within_text(const profile::Within& within) {
    return fmt::format(" {} after {}`{}`", range_text(within.time),
                       within.of_first ? "the first " : "", profile::to_string(within.of));
}

std::string ordinal(std::uint64_t n) {
    const auto tens = n % 100;
    const bool teens = tens >= 11 && tens <= 13;
    const auto* ending = teens         ? "th"
                         : n % 10 == 1 ? "st"
                         : n % 10 == 2 ? "nd"
                         : n % 10 == 3 ? "rd"
                                       : "th";
    return std::to_string(n) + ending;
}

/// Nothing came, but nothing could have come: what was missing, a sentence; empty: it could.
std::string looked_at_nothing(const Expectation& expectation, const ExpectationResult& result,
                              const ProfileStatistics& profile, const RunSummary& run) {
    const bool forbids =
        expectation.form == Form::never ||
        (expectation.form == Form::see && expectation.times && expectation.times->most == 0);
    if (!forbids || !was_met(profile, run)) {
        return {};  // a profile without a connection is a fault of the run
    }
    if (expectation.within && result.references == 0) {
        return fmt::format("`{}` did not come, but nothing was looked at: `{}` never came up.",
                           events_text(expectation.events),
                           profile::to_string(expectation.within->of));
    }
    const auto& when = expectation.when;
    const auto meant = [&](const Attempt& attempt) {
        return rules::is_meant(when, attempt.number, attempt.flow.local);
    };
    const bool speaks_of_none =
        std::any_of(expectation.events.begin(), expectation.events.end(),
                    [](const auto& event) { return comes_with_syn(event); });
    const std::string_view by = rules::selects_by(when);
    if (speaks_of_none || by.empty() || run.unrecorded_attempts > 0 || run.attempts.empty() ||
        std::any_of(run.attempts.begin(), run.attempts.end(), meant)) {
        return {};
    }
    return fmt::format(
        "`{}` did not come, but nothing was looked at: no connection was of the {} that `when` "
        "asks for.",
        events_text(expectation.events), by);
}

class Describer {
  public:
    Describer(const Expectation& expectation, const ExpectationResult& result,
              const ProfileStatistics& profile, const RunSummary& run)
        : expectation_(expectation), result_(result), profile_(profile), run_(run) {}

    [[nodiscard]] std::string sentence() const {
        if (expectation_.form == Form::outcome) {
            return outcome_sentence();
        }
        const Range times = wanted_times();
        if (times.contains(result_.seen) && result_.gap) {
            return gap_sentence();
        }
        if (times.contains(result_.seen) && result_.unmeasured) {
            return unmeasured_sentence();
        }
        if (times.contains(result_.seen)) {
            return looked_at_nothing(expectation_, result_, profile_, run_);
        }
        if (expectation_.form == Form::attempts) {
            const bool one = times.most == 1 || (times.least == 1 && times.most == UINT64_MAX);
            return fmt::format("expected {} attempt{}, but saw {}{}.", number_text(times),
                               one ? "" : "s",
                               result_.seen == 0 ? "none" : std::to_string(result_.seen),
                               times_of(result_.sightings, result_.seen));
        }
        return count_sentence(times);
    }

    /// Where to point in the conversation.
    [[nodiscard]] std::vector<Sighting> marks() const {
        const Range times = wanted_times();
        if (times.contains(result_.seen) && result_.gap) {
            return {result_.gap->before, result_.gap->at};
        }
        if (result_.seen <= times.most) {
            return result_.sightings.empty() ? result_.nearest : result_.sightings;
        }
        // The first one too many, or the last that was kept.
        const auto index = static_cast<std::size_t>(
            std::min<std::uint64_t>(times.most, result_.sightings.size() - 1));
        return {result_.sightings.at(index)};
    }

  private:
    [[nodiscard]] Range wanted_times() const {
        return expectation_.form == Form::never ? Range{0, 0}
                                                : expectation_.times.value_or(Range{1, UINT64_MAX});
    }

    [[nodiscard]] std::string events() const { return events_text(expectation_.events); }

    [[nodiscard]] std::string one_time(const Sighting& sighting) const {
        auto text = event::format_length(sighting.at.time_since_epoch());
        if (run_.attempts.size() + run_.unrecorded_attempts > 1) {
            text += fmt::format(" (#{})", sighting.connection);
        }
        return text;
    }

    /// `: at 5.003 s and 8.003 s`
    [[nodiscard]] std::string times_of(const std::vector<Sighting>& sightings,
                                       std::uint64_t all) const {
        if (sightings.empty()) {
            return {};
        }
        const auto shown = std::min(sightings.size(), shown_times);
        std::string text = ": at ";
        for (std::size_t i = 0; i < shown; ++i) {
            const bool last = i + 1 == all;
            text += (i == 0 ? "" : last ? " and " : ", ") + one_time(sightings[i]);
        }
        if (all > shown) {
            text += fmt::format(" and {} more", all - shown);
        }
        return text;
    }

    [[nodiscard]] std::string count_sentence(const Range& times) const {
        auto text = fmt::format("expected `{}` {}", events(), times_text(times));
        if (expectation_.within) {
            text += within_text(*expectation_.within);
        }
        text += result_.seen == 0 ? ", but did not see it"
                                  : fmt::format(", but saw it {}{}", times_text(result_.seen),
                                                times_of(result_.sightings, result_.seen));
        text += ".";
        if (result_.left_out > 0) {
            text += fmt::format(" It came {} at another time{}.", times_text(result_.left_out),
                                times_of(result_.nearest, result_.left_out));
        }
        if (result_.failed_when > 0) {
            text += fmt::format(" It came {} where `when` did not hold.",
                                times_text(result_.failed_when));
            if (!result_.closest.empty()) {
                text += " Closest: " + event::printable(result_.closest) + ".";
            }
        }
        if (result_.seen + result_.left_out + result_.failed_when == 0) {
            text += " " + describe_traffic(expectation_.events, profile_, run_);
        }
        return text;
    }

    [[nodiscard]] std::string gap_sentence() const {
        const WrongGap& wrong = *result_.gap;
        const auto gap = event::format_length(wrong.at.at - wrong.before.at);
        const auto between =
            fmt::format("between the {} and the {}, at {} and {}", ordinal(wrong.number),
                        ordinal(wrong.number + 1), one_time(wrong.before), one_time(wrong.at));
        const auto what =
            expectation_.form == Form::attempts ? std::string("attempts") : "`" + events() + "`";
        if (wrong.previous) {
            return fmt::format(
                "expected a gap of {} between {} after one of {}, tolerance included, but {} lie "
                "{}.",
                range_text(wrong.allowed), what, event::format_length(*wrong.previous), gap,
                between);
        }
        return fmt::format("expected {} to be {} apart, tolerance included, but {} lie {}.", what,
                           range_text(wrong.allowed), gap, between);
    }

    /// All are counted together, but a time lies between two of one place.
    [[nodiscard]] std::string unmeasured_sentence() const {
        const bool attempts = expectation_.form == Form::attempts;
        const bool growth = expectation_.apart->growth.has_value();
        return fmt::format(
            "`apart` had nothing to measure: {} were seen{}, but no {} saw {} of them{}.",
            attempts ? event::count(result_.seen, "attempt")
                     : event::count(result_.seen, "sighting"),
            times_of(result_.sightings, result_.seen), attempts ? "address and port" : "connection",
            growth ? "three" : "two", growth ? ", as `growth` needs" : "");
    }

    /// `timed-out`, or why nobody knows, or when it was.
    [[nodiscard]] std::string end_text(const ConnectionOutcome& one) const {
        auto text = fmt::format("`{}`", name(one.end.outcome));
        if (!one.end.why.empty()) {
            text += fmt::format(" ({})", one.end.why);
        }
        if (one.untimely) {
            const auto of = profile::to_string(expectation_.within->of);
            text += one.after    ? fmt::format(" {} after it", event::format_length(*one.after))
                    : one.end.at ? fmt::format(", and `{}` never came up before", of)
                                 : ", nobody knows when";
        }
        return text;
    }

    [[nodiscard]] std::string outcome_sentence() const {
        std::string wanted;
        for (const auto outcome : expectation_.outcomes) {
            wanted += (wanted.empty() ? "" : " or ") + fmt::format("`{}`", name(outcome));
        }
        if (result_.looked_at == 0) {
            return fmt::format("expected the outcome {}, but there was no connection to look at{}.",
                               wanted, result_.failed_when > 0 ? ": `when` held for none" : "");
        }
        if (expectation_.within) {
            wanted += within_text(*expectation_.within);
        }
        std::string seen;
        for (const auto& each : result_.otherwise) {
            seen += fmt::format("{}#{} (attempt {}) {}", seen.empty() ? "" : ", ", each.connection,
                                each.attempt, end_text(each));
        }
        if (result_.looked_at == 1 && result_.otherwise.size() == 1 && !expectation_.times) {
            return fmt::format("expected the outcome {}, but it was {}.", wanted,
                               end_text(result_.otherwise.front()));
        }
        return fmt::format("expected the outcome {} of {}, but {} of {} ended so{}.", wanted,
                           expectation_.times ? number_text(*expectation_.times) : "all",
                           result_.seen == 0 ? "none" : std::to_string(result_.seen),
                           event::count(result_.looked_at, "connection"),
                           seen.empty() ? "" : "; the others: " + seen);
    }

    const Expectation& expectation_;
    const ExpectationResult& result_;
    const ProfileStatistics& profile_;
    const RunSummary& run_;
};

std::vector<std::string> excerpt(const Expectation& expectation, const ExpectationResult& result,
                                 const Describer& describer, const Conversation* conversation,
                                 const std::optional<std::set<event::ConnectionId>>& connections) {
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{:>5} | {}", expectation.place.line,
                                event::printable(expectation.source_line)));
    if (conversation == nullptr) {
        return lines;
    }
    std::vector<std::string> talk;
    if (expectation.form == Form::outcome) {
        if (!result.otherwise.empty()) {
            talk = conversation->end_of(result.otherwise.front().connection);
        }
    } else {
        auto events = expectation.events;
        if (expectation.form == Form::attempts) {
            events.emplace_back(profile::OnReceive{tcp::Kind::syn});
        }
        auto marks = describer.marks();
        constexpr std::size_t most_marks = 6;
        marks.resize(std::min(marks.size(), most_marks));
        talk = conversation->around(marks, events, connections);
    }
    lines.insert(lines.end(), talk.begin(), talk.end());
    return lines;
}

/// `seen 3 times`, `2 attempts`, `1 connection`.
std::string describe_seen(const Expectation& expectation, const ExpectationResult& result) {
    switch (expectation.form) {
        case Form::see: return "seen " + times_text(result.seen);
        case Form::never: return "never seen";
        case Form::attempts: return event::count(result.seen, "attempt");
        case Form::outcome: return event::count(result.seen, "connection");
        case Form::command: return "COMMAND ended so";
    }
    return {};
}

}  // namespace

std::vector<event::ExpectationOutcome> describe_expectations(const RunSummary& run,
                                                             const Conversation* conversation) {
    std::vector<event::ExpectationOutcome> all;
    for (const auto& statistics : run.profiles) {
        const auto& expect = statistics.profile->expect;
        for (std::size_t i = 0; i < std::min(expect.size(), statistics.expectations.size()); ++i) {
            const Expectation& expectation = expect[i];
            const ExpectationResult& result = statistics.expectations[i];
            event::ExpectationOutcome outcome;
            outcome.place = expectation.place;
            outcome.profile = statistics.profile->name;
            outcome.text = expectation.text;
            outcome.pass = result.pass;
            outcome.count = result.seen;
            for (const Sighting& sighting : result.sightings) {
                outcome.seen.push_back(sighting.at);
            }
            outcome.summary = describe_seen(expectation, result);
            const auto nothing = result.pass
                                     ? looked_at_nothing(expectation, result, statistics, run)
                                     : std::string();
            outcome.pass = outcome.pass && nothing.empty();
            if (expectation.form == Form::command) {
                outcome.failure = describe_command_end(expectation, run);
                outcome.pass = outcome.failure.empty();
                if (!outcome.pass) {
                    outcome.excerpt = {fmt::format("{:>5} | {}", expectation.place.line,
                                                   event::printable(expectation.source_line))};
                }
            } else if (!outcome.pass) {
                const Describer describer(expectation, result, statistics, run);
                outcome.failure =
                    event::format_place(expectation.place) + ": " + describer.sentence();
                outcome.excerpt = excerpt(expectation, result, describer, conversation,
                                          connections_of(statistics, run));
            }
            all.push_back(std::move(outcome));
        }
    }
    return all;
}

std::string describe_held(const event::ExpectationOutcome& outcome) {
    return fmt::format("{}  {}: held, {}", event::format_place(outcome.place),
                       event::printable(outcome.text), outcome.summary);
}

}  // namespace ghostpeer::judge
