// What a run amounted to, as values: its last event.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/run.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::event {

/// What one rule did in the whole run.
struct RuleOutcome {
    profile::Place rule;
    std::string event;  ///< `receive keepalive-probe`
    std::uint64_t fired = 0;
    std::uint64_t withheld = 0;  ///< segments
    std::string profile;         ///< its name
    bool must_fire = true;
    std::string failure;      ///< a sentence; empty: none
    bool fault = true;        ///< it does more than to end the run
    std::string source = {};  ///< how it is written
};

/// A sentence about something that did not come about, and what is to be seen of it.
struct Failure {
    std::string sentence;                   ///< complete; most begin with `FILE:LINE: `
    std::vector<std::string> excerpt = {};  ///< lines to show below it
};

/// What came of one expectation.
struct ExpectationOutcome {
    profile::Place place;
    std::string profile;  ///< its name
    std::string text;     ///< in one line: `see: receive rst, within: 15s of start`
    bool pass = true;
    std::uint64_t count = 0;           ///< how often it was seen
    std::vector<Instant> seen;         ///< the first times, at most 32
    std::string summary;               ///< `seen 3 times`
    std::string failure;               ///< a sentence that begins with the place; empty: none
    std::vector<std::string> excerpt;  ///< of a failure: the source line, the conversation
};

/// Something that the run as a whole had to do, beside its rules and expectations.
struct RunCheck {
    std::string name;     ///< `COMMAND exits with status 0`
    std::string failure;  ///< a sentence; empty: none
    std::string skipped;  ///< why it was not judged, a sentence; empty: it was
};

/// What a run amounted to; see `judge::make_verdict`.
struct Verdict {
    int status = 0;        ///< the run's exit status
    bool pass = true;      ///< it is 0
    std::string headline;  ///< `pass, COMMAND exited with status 0 after 1.019 s`
    /// Nothing is wrong but COMMAND's own end, which COMMAND tells itself.
    bool only_command = false;
    std::vector<RunCheck> checks;
    std::vector<Failure> failures;
    std::vector<std::string> report;  ///< lines to print between headline and failures
    std::string_view ended;           ///< `command`, `timeout`, `finish`, `signal`
    std::optional<Exit> command;      ///< how COMMAND ended
    Duration length{};
    std::uint64_t seed = 0;
    std::uint64_t attempts = 0;
    std::vector<std::string> profiles;  ///< names, each once
    std::vector<RuleOutcome> rules;
    std::vector<ExpectationOutcome> expectations;
    std::vector<Loss> lost;
    std::string kernel;  ///< of a run in virtual time: `Linux 6.12.117`; else empty
};

}  // namespace ghostpeer::event
