// The verdict of a run, and the report that is printed at its end.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/event/verdict.hpp"

#include "judge/expectation.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::judge {

class Conversation;

using event::Ended;
using event::Standstill;

struct Attempt : event::AttemptRecord {
    /// How the program's side ended; unset: nobody followed it.
    std::optional<ProgramEnd> program;
    /// When it ended, that of an open one when the run was concluded; unset: nobody knows.
    std::optional<Instant> ended;
};

/// What came of a profile.
struct ProfileStatistics {
    std::shared_ptr<const profile::Profile> profile;
    std::uint32_t number = 0;                     ///< by which the record names it
    std::vector<event::RuleStatistics> rules;     ///< by Rule::id
    std::vector<ExpectationResult> expectations;  ///< by index in Profile::expect
    std::uint64_t connections = 0;                ///< that met it
    event::Traffic traffic;                       ///< of these
};

/// Everything that a verdict is made of: how the run ended, and what follows from what was told
/// before.
struct RunSummary : event::End {
    std::optional<event::Exit> command;  ///< unset: COMMAND was never started
    // Of event::Run:
    std::optional<Duration> timeout;
    Duration wall_timeout{};
    std::optional<int> expected_status;
    bool require_fault = false;
    bool served = false;
    std::uint64_t seed = 0;
    std::string kernel;  ///< of a run in virtual time: `Linux 6.12.117`; empty: this machine's own

    std::vector<Attempt> attempts;
    std::uint64_t unrecorded_attempts = 0;
    std::vector<ProfileStatistics> profiles;
    event::Counters counters;
    Duration length{};
    std::vector<std::string> surprises;      ///< what scripts had no word for, sentences
    std::vector<std::string> casualties;     ///< programs behind the peer that failed, sentences
    std::vector<std::string> failed_scopes;  ///< whose verdict nobody has asked for, sentences
};

/// What came of a run, its exit status included (judgement.hpp). Failed expectations are shown with
/// what they are about in the conversation.
[[nodiscard]] event::Verdict make_verdict(const RunSummary& run,
                                          const Conversation* conversation = nullptr);

}  // namespace ghostpeer::judge
