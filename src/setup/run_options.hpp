// What `ghostpeer run` and `ghostpeer serve` were asked to do, read from the command line and
// checked as far as that goes without files or privileges.
#pragma once

#include "ghostpeer/profile/link.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::setup {

enum class LinkChoice : std::uint8_t { automatic, tun, ethernet, loopback };
enum class ColourChoice : std::uint8_t { automatic, always, never };

/// `--trace`: what the trace shows.
enum class TraceChoice : std::uint8_t { all, faults, states, none };

/// Which addresses a NAME of `--peer` gets.
enum class Family : std::uint8_t { ipv4, ipv6, both };

/// A file's name and a value, or a name and a value of a setting.
using Assignment = std::pair<std::string, std::string>;

/// `--fire NAME@TIME`
struct Fire {
    std::string command;
    Duration at{};  ///< since COMMAND began
};

/// What `run` and `serve` have in common.
struct CommonOptions {
    std::optional<std::string> profile;  ///< for the rest of the world
    std::vector<std::string> peers;      ///< `[NAME|ADDR][:PORT]=PROFILE`, as written
    std::vector<Assignment> parameters;  ///< `--set`
    // Of `run` alone:
    std::vector<std::string> dns;      ///< `--dns`, `NAME=ANSWER`, as written
    std::vector<std::string> servers;  ///< `--server`, `NAME[:PORT]=COMMAND`, as written
    std::optional<std::string> relay;  ///< `--relay`: PROFILE's service is a relay there
    Family family = Family::ipv4;
    std::optional<Duration> timeout;       ///< in the program's time, virtual or not
    std::optional<Duration> poll_timeout;  ///< likewise, of a COMMAND that does nothing but poll
    std::optional<Duration> run_for;       ///< likewise, and then the run is over in good order
    std::vector<Fire> fires;
    std::optional<std::uint16_t> port;  ///< of the program, for peers with `role: client`; where
                                        ///< there are none, of a peer on loopback
    std::optional<Duration> rtt;        ///< unset: none, and a millisecond under --warp
    profile::Link way;                  ///< `--rate` and the like, and an `--rtt` that was given
    std::optional<std::uint64_t> seed;
    bool require_fault = false;
    TraceChoice trace = TraceChoice::all;  ///< `none`: `-q`
    std::optional<std::string> trace_file;
    std::optional<std::string> events_file;
    std::optional<std::string> pcap_file;
    std::optional<std::string> junit_file;
    std::optional<std::string> tap_file;     ///< `-`: standard output
    std::optional<std::string> report_file;  ///< the page, of `run`; it shows the sockets, too
    std::optional<std::string> control;  ///< where the control interface is: `off`, `private`, …
    std::optional<std::string> control_token_file;
    ColourChoice colour = ColourChoice::automatic;
    std::uint16_t mtu = 1500;
    std::size_t max_connections = 100'000;
    std::size_t max_buffer = 6 * 1024 * 1024;
    std::optional<std::size_t> max_memory;  ///< unset: a quarter of the machine's
};

[[nodiscard]] inline bool is_quiet(const CommonOptions& options) {
    return options.trace == TraceChoice::none;
}

/// Wants `--pcap` to know what became of each packet? By the file's suffix.
[[nodiscard]] inline bool wants_annotated_capture(const CommonOptions& options) {
    return options.pcap_file && options.pcap_file->ends_with(".pcapng");
}

struct RunOptions : CommonOptions {
    std::vector<Assignment> sysctls;  ///< `--sysctl`
    std::vector<std::string> command;
    LinkChoice link = LinkChoice::automatic;
    std::vector<std::string> warp;  ///< kernel series to run in, one after the other; empty: this
                                    ///< machine's own kernel
    Duration wall_timeout = std::chrono::seconds(120);  ///< real time, under --warp
    Duration free_work = std::chrono::seconds(1);       ///< likewise, before work costs time
    std::string kernel;  ///< in the guest: its kernel, for the verdict
    bool sockets = false;
    std::optional<std::string> syscalls;  ///< `network`, `all`, or a list of strace's
    std::optional<int> expected_status;   ///< `--expect-status`; 128 + N: ended by signal N
};

}  // namespace ghostpeer::setup
