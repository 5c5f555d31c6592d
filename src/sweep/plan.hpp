// What a sweep is going to do: its runs, one for each position and fault, or for each profile.
#pragma once

#include "sweep/fault.hpp"
#include "sweep/position.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

/// One run.
struct Case {
    std::size_t number = 0;  ///< from 1
    std::string column;      ///< where: the position's name, a seed, a kernel
    std::string row;         ///< what: the fault's word, a profile
    std::size_t place = 0;   ///< of the column among its like, from 1
    std::string rules;       ///< of the profile that is written for it; empty: `profile` is there
    std::string profile;     ///< as `run` takes it
    std::vector<std::string> options;  ///< of `run`, but those that record it
    std::vector<std::string> peers;    ///< `NAME:PORT` where the profile is; empty: everywhere
    std::vector<std::string> command;
    std::size_t program = 0;  ///< whose baseline it is compared with
    bool same_answer = true;  ///< what the peer says is what it says in the baseline

    bool operator==(const Case&) const = default;
};

/// What the program does when nothing is the matter.
struct Baseline {
    double duration = 0;
    std::uint64_t attempts = 0;
    std::uint64_t repeated = 0;  ///< requests that came twice even so
    bool peer_dials = false;     ///< the program is a server
    bool goes_on = false;        ///< it does not end by itself, but is told to
    /// Bytes that the last of several clients was answered; not set: not the same every time.
    std::optional<std::uint64_t> last_answer;
    std::vector<std::string> output;    ///< lines of standard output; not part of the JSON
    std::vector<std::size_t> unsteady;  ///< those that differ from run to run, from 0
    std::vector<std::string> errors;    ///< lines of standard error; not part of the JSON
    std::vector<std::size_t> unsteady_errors;
    bool errors_differ = false;     ///< more than lines do; nothing is compared with them
    std::uint64_t left_behind = 0;  ///< programs
    std::uint64_t left_open = 0;    ///< connections
};

/// What is done around each run.
struct Surroundings {
    std::string folder;    ///< in which it is begun, as all of them are
    std::string setup;     ///< a shell's command; empty: none
    std::string teardown;  ///< the same
    std::string copy;      ///< a folder of which COMMAND gets a copy to run in; empty: none

    bool operator==(const Surroundings&) const = default;
};

struct Plan {
    std::string kind = "sweep";  ///< or `survey`
    Surroundings around;
    double slow = 60;     ///< seconds
    std::string subject;  ///< the profile under test
    std::vector<std::string> command;
    std::vector<std::string> columns;  ///< names, in the order of the conversation
    std::vector<std::string> rows;     ///< faults, in the order of their list
    std::vector<Case> cases;
    std::size_t impossible = 0;       ///< pairs of position and fault that cannot be
    std::vector<Baseline> baselines;  ///< of each program
};

/// The runs of `faults` at `positions`.
void add_cases(Plan& plan, const std::vector<Position>& positions,
               const std::vector<Fault>& faults);

/// The profile that is written for a run. `extends`: the profile under test, as it names it.
[[nodiscard]] std::string profile_text(const Case& one, const std::string& extends);

/// `0042`
[[nodiscard]] std::string number_text(std::size_t number);

/// The plan as JSON, for parts of it that run elsewhere.
[[nodiscard]] std::string to_json(const Plan& plan);
/// Are they parts of one? The baselines may differ in their times.
[[nodiscard]] bool same_runs(const Plan& one, const Plan& other);
/// The error is the end of a sentence.
[[nodiscard]] tl::expected<Plan, std::string> parse_plan(const std::string& text);

}  // namespace ghostpeer::sweep
