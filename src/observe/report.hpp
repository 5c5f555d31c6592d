// The verdict of a run, and the report that is printed at its end.
#pragma once

#include "ghostpeer/peer/statistics.hpp"
#include "observe/sink.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::observe {

class Conversation;

/// What brought the run to its end.
enum class Ended : std::uint8_t {
    command,  ///< COMMAND ended
    timeout,  ///< `--timeout` passed
    finish,   ///< a `finish` action
    signal,   ///< ghostpeer was told to end
};

/// Everything that a verdict is made of.
struct RunSummary {
    std::optional<Exit> command;  ///< unset: COMMAND was never started
    Ended ended = Ended::command;
    std::optional<int> signal;  ///< of `Ended::signal`
    std::vector<peer::AttemptRecord> attempts;
    std::uint64_t unrecorded_attempts = 0;
    std::vector<peer::ProfileStatistics> profiles;
    peer::Counters counters;
    /// Connections that the peer was to open and did not, a sentence each.
    std::vector<std::string> undialled;
    std::uint64_t to_be_dialled = 0;  ///< connections whose turn had not come when the run ended
    std::vector<std::string> lost;    ///< `Sink::lost` of all sinks, after `finish`
    Duration length{};
    std::uint64_t seed = 0;
    std::string link;     ///< `tun`, `ethernet`
    bool served = false;  ///< there was no COMMAND to meet the rules: none has to fire
    std::string kernel;   ///< of a run in virtual time: `Linux 6.12.117`; empty: this machine's own
};

/// Fails where a rule that is not optional never fired, an expectation was not met, or the peer
/// could not dial. How COMMAND ended and whether time ran out do not count: the caller's exit code
/// says those. Failed expectations are shown with what they are about in the conversation.
[[nodiscard]] Verdict make_verdict(const RunSummary& run,
                                   const Conversation* conversation = nullptr);

/// The verdict as printed at the end of a run, every line with its line end.
[[nodiscard]] std::string to_text(const Verdict& verdict, bool colour = false);

}  // namespace ghostpeer::observe
