// How a record begins and ends: what was run and by what it is judged, and what came of it that
// only the run itself knows.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/profile.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::event {

/// The first event of every record.
struct Run {
    std::string version;               ///< of ghostpeer: `0.9.0`
    std::vector<std::string> command;  ///< and its arguments; empty: none, as with `serve`
    std::string link;                  ///< `tun`, `ethernet`, …
    std::string kernel;                ///< that COMMAND ran on: `Linux 6.1.0`; empty: not known
    bool virtual_time = false;         ///< `--warp`
    Duration epoch{};                  ///< of t = 0: the time since 1970
    std::uint64_t seed = 0;
    Duration rtt{};  ///< `--rtt`: what leaves was made so much earlier
    // By what it is judged.
    bool served = false;                 ///< there is no COMMAND to meet the rules: none has to act
    std::optional<Duration> timeout;     ///< `--timeout`
    Duration wall_timeout{};             ///< `--wall-timeout`, of a run in virtual time
    std::optional<int> expected_status;  ///< `--expect-status`
    bool require_fault = false;          ///< `--require-fault`
};

/// A profile that connections may meet from now on.
struct Profile {
    /// By which other events name it.
    std::uint32_t number = 0;
    std::string name;
    /// That it was read from, the one that was asked for first; empty: the run made it itself, or
    /// it is a part.
    std::vector<profile::SourceFile> files;
    std::vector<std::pair<std::string, std::string>> parameters;  ///< `--set`
    /// It is one that the `attempts` of another name, at that index.
    struct Part {
        std::uint32_t of = 0;
        std::uint32_t index = 0;
    };
    std::optional<Part> part;
    /// The scope whose peers have it, which has a verdict of its own; empty: the run's judges it.
    std::string scope{};
    /// Null in an event that was read, until somebody has loaded it.
    std::shared_ptr<const profile::Profile> profile;
};

/// What brought the run to its end.
enum class Ended : std::uint8_t {
    command,       ///< COMMAND ended
    timeout,       ///< `--timeout` passed
    wall_timeout,  ///< `--wall-timeout` passed: real time, of a run in virtual time
    finish,        ///< a `finish` action
    run_for,       ///< `--for` passed
    signal,        ///< ghostpeer was told to end
    scope,         ///< somebody asked for a scope's verdict, of which this is the record
};

/// `wall-timeout`
[[nodiscard]] std::string_view name(Ended ended) noexcept;

/// Where COMMAND stood when the run was ended before COMMAND ended by itself.
struct Standstill {
    std::string clause;  ///< of what says most: `python3 has waited in recv() on #1 since 0.016 s`
    std::vector<std::string> lines;  ///< a sentence for each thread
};

/// Something that was to be written and was not.
struct Loss {
    std::string sentence;
    bool vital = false;  ///< programs read it: a run without it is not whole
};

/// The run is over. The verdict follows from this and what was told before. Its instant is the
/// run's length.
struct End {
    Ended ended = Ended::command;
    std::optional<int> signal;             ///< of `Ended::signal`
    std::optional<std::string> failure;    ///< the run broke down: a complete sentence
    Duration command_length{};             ///< from COMMAND's start to its end
    Standstill standstill;                 ///< empty: COMMAND ended, or nothing could be learnt
    std::vector<std::string> left_behind;  ///< programs that COMMAND left running when it ended
    /// Where nothing reached the peer: what COMMAND did instead, sentences.
    std::vector<std::string> instead;
    /// What COMMAND wrote, where an expectation looks at it: the last MiB of each stream.
    std::vector<std::string> output;
    /// Profiles that the control interface gave a peer, and that no connection met.
    std::vector<std::string> unmet_uses;
    /// Peers of `--peer` that no connection came to, and their profiles.
    std::vector<std::pair<std::string, std::string>> unmet_peers;
    /// Addresses and ports without a peer that the program sent SYNs to.
    std::vector<std::string> silent_addresses;
    /// Connections that the peer was to open and did not, a sentence each.
    std::vector<std::string> undialled;
    std::uint64_t to_be_dialled = 0;  ///< connections whose turn had not come
    /// How often the control interface did something to a connection.
    std::uint64_t ordered_faults = 0;
    std::vector<Loss> lost;  ///< as far as known by then
};

}  // namespace ghostpeer::event
