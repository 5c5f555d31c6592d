// Options that several commands have. Only the files command_line*.cpp see CLI11.
#pragma once

#include "setup/run_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::cli {

/// The way between program and peer: keys of `link:`, each with the text that its option was given.
using RawLink = std::map<std::string, std::string>;

/// The texts that options are read into before they are understood.
struct RawCommon {
    std::string profile;
    std::vector<std::string> parameters;
    std::string colour = "auto";
    bool quiet = false;
    std::string trace = "all";
    std::string timeout;
    std::vector<std::string> fires;
    std::string seed;
    std::string rtt;
    RawLink way;
    std::string max_buffer;
    std::string max_memory;
    std::string trace_file;
    std::string events_file;
    std::string pcap_file;
    std::string junit_file;
    std::string tap_file;
    std::string control;
    std::string control_token_file;
};

/// PROFILE, --peer, --set, --fire and --seed.
void define_peers(CLI::App& command, RawCommon& raw, setup::CommonOptions& options,
                  const char* peer_help, const char* peer_type);
/// --rate, --delay and the like; `like_run`: their help says no more than that.
void define_link(CLI::App& command, RawLink& raw, bool like_run = false);
/// What they say together, or a complaint.
[[nodiscard]] tl::expected<profile::Link, std::string> understand_link(const RawLink& raw);
/// `--dns`, of `run` alone.
void define_names(CLI::App& command, setup::CommonOptions& options);
/// Trace, event stream, capture and reports.
void define_observers(CLI::App& command, RawCommon& raw);
/// --max-connections, --max-buffer and --max-memory.
void define_limits(CLI::App& command, RawCommon& raw, setup::CommonOptions& options);

/// An option that is given an empty text is a mistake (a variable that was not set, for the most);
/// those of all subcommands.
void refuse_empty_values(CLI::App& command);

/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_common(const RawCommon& raw,
                                                           setup::CommonOptions& options);

/// Splits `name=value` texts; the first that is none ends it with a message.
[[nodiscard]] std::optional<std::string> split_assignments(const std::vector<std::string>& texts,
                                                           const std::string& option,
                                                           std::vector<setup::Assignment>& into);

/// A time of at least `least`; empty text: `into` stays as it is.
[[nodiscard]] std::optional<std::string> parse_time_option(const std::string& option,
                                                           const std::string& text, Duration least,
                                                           std::optional<Duration>& into);

/// Of `--seed`, likewise.
[[nodiscard]] std::optional<std::string> parse_seed_option(const std::string& text,
                                                           std::optional<std::uint64_t>& into);

}  // namespace ghostpeer::cli
