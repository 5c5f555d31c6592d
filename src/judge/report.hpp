// The verdict of a run, and the report that is printed at its end.
#pragma once

#include "ghostpeer/event/verdict.hpp"
#include "ghostpeer/peer/statistics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::judge {

class Conversation;

/// What brought the run to its end.
enum class Ended : std::uint8_t {
    command,       ///< COMMAND ended
    timeout,       ///< `--timeout` passed
    wall_timeout,  ///< `--wall-timeout` passed: real time, of a run in virtual time
    finish,        ///< a `finish` action
    signal,        ///< ghostpeer was told to end
};

/// Where COMMAND stood when the run was ended before COMMAND ended by itself.
struct Standstill {
    std::string clause;  ///< of what says most: `python3 has waited in recv() on #1 since 0.016 s`
    std::vector<std::string> lines;  ///< a sentence for each thread
};

/// Everything that a verdict is made of.
struct RunSummary {
    std::optional<event::Exit> command;  ///< unset: COMMAND was never started
    Ended ended = Ended::command;
    std::optional<std::string> failure;    ///< the run broke down: a complete sentence
    std::optional<Duration> timeout;       ///< `--timeout`
    Duration wall_timeout{};               ///< `--wall-timeout`
    std::optional<int> expected_status;    ///< `--expect-status`
    Standstill standstill;                 ///< empty: COMMAND ended, or nothing could be learnt
    std::vector<std::string> left_behind;  ///< programs that COMMAND left running when it ended
    /// Where nothing reached the peer: what COMMAND did instead, sentences.
    std::vector<std::string> instead;
    /// Profiles that the control interface gave a peer, and that no connection met.
    std::vector<std::string> unmet_uses;
    /// Peers of `--peer` that no connection came to, and their profiles.
    std::vector<std::pair<std::string, std::string>> unmet_peers;
    /// Addresses and ports without a peer that the program sent SYNs to.
    std::vector<std::string> silent_addresses;
    /// How often the control interface did something to a connection.
    std::uint64_t ordered_faults = 0;
    bool require_fault = false;  ///< `--require-fault`
    Duration command_length{};   ///< from COMMAND's start to its end
    /// What COMMAND wrote, where an expectation looks at it: the last MiB of each stream.
    std::vector<std::string> output;
    std::optional<int> signal;  ///< of `Ended::signal`
    std::vector<peer::AttemptRecord> attempts;
    std::uint64_t unrecorded_attempts = 0;
    std::vector<peer::ProfileStatistics> profiles;
    peer::Counters counters;
    /// Connections that the peer was to open and did not, a sentence each.
    std::vector<std::string> undialled;
    std::uint64_t to_be_dialled = 0;  ///< connections whose turn had not come when the run ended
    std::vector<event::Loss> lost;    ///< of all sinks, after `finish`
    Duration length{};
    std::uint64_t seed = 0;
    std::string link;     ///< `tun`, `ethernet`
    bool served = false;  ///< there was no COMMAND to meet the rules: none has to fire
    std::string kernel;   ///< of a run in virtual time: `Linux 6.12.117`; empty: this machine's own
};

/// What came of a run, its exit status included (judgement.hpp). Failed expectations are shown with
/// what they are about in the conversation.
[[nodiscard]] event::Verdict make_verdict(const RunSummary& run,
                                          const Conversation* conversation = nullptr);

}  // namespace ghostpeer::judge
