// Expectations as plain data: what the program under test must be seen to do.
#pragma once

#include "ghostpeer/profile/pattern.hpp"
#include "ghostpeer/profile/rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

/// How far a time may be off. Where neither is set, the default of the run's clock holds.
struct Tolerance {
    std::optional<Duration> time;  ///< `tolerance: 50ms`
    std::optional<double> share;   ///< `tolerance: 10%`: 0.1 of the time that is asked for
};

/// `apart:`, how the times between neighbours must be. Times are nanoseconds.
struct Apart {
    Range gap{0, UINT64_MAX};     ///< of each gap
    std::vector<Range> steps;     ///< of the first gap, the second, …; later ones are free
    std::optional<Range> growth;  ///< each gap divided by the one before it, in millionths
    // Beside `growth`:
    std::optional<Duration> up_to;  ///< gaps grow no further than this
    double jitter = 0;  ///< share by which a gap may differ from what it was meant to be
};

/// How the program's side of a connection ended; profiles/README.md says exactly when.
enum class Outcome : std::uint8_t { open, closed, reset, refused, timed_out, unknown };

/// As the language spells it: `timed-out`.
[[nodiscard]] std::string_view name(Outcome outcome) noexcept;
inline constexpr std::size_t outcome_count = 6;

/// `command:`, how COMMAND has to end.
struct CommandEnd {
    std::vector<int> statuses;    ///< any of them, 128 + N: by signal N; empty: its own counts
    std::optional<Range> within;  ///< nanoseconds from its start to its end
    std::vector<Pattern> output;  ///< each is found in what it writes
};

enum class Form : std::uint8_t { see, never, attempts, outcome, command };

struct Expectation {
    Place place;
    std::string source_line;  ///< of the file, where `place` points
    std::string text;         ///< the whole in one line: `see: receive rst, within: 15s of start`
    Form form = Form::see;
    std::vector<Event> events;      ///< of `see` and `never`
    std::vector<Outcome> outcomes;  ///< of `outcome`: any of them
    CommandEnd command;             ///< of `command`
    /// How often `events` come, or how many attempts there are; of `outcome`: how many connections
    /// end so, unset: all of them.
    std::optional<Range> times;
    std::optional<Apart> apart;
    std::optional<Within> within;
    When when;  ///< of `attempts` only `port`, of `outcome` only `port` and `attempt`
    Tolerance tolerance;
};

}  // namespace ghostpeer::profile
