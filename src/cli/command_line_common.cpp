#include "cli/command_line_common.hpp"

#include "ghostpeer/profile/link.hpp"
#include "ghostpeer/profile/loader.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace ghostpeer::cli {

void define_peers(CLI::App& command, RawCommon& raw, setup::CommonOptions& options,
                  const char* peer_help, const char* peer_type) {
    command
        .add_option("PROFILE", raw.profile, "How the peer behaves where no --peer says otherwise")
        ->type_name("");
    command.add_option("--peer", options.peers, peer_help)
        ->type_name(peer_type)
        ->allow_extra_args(false);
    command.add_option("--set", raw.parameters, "A parameter of the profile")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command
        .add_option("--fire", raw.fires, "Fire a `command` of the profile, TIME after the start")
        ->type_name("NAME@TIME")
        ->allow_extra_args(false);
    command.add_flag("--require-fault", options.require_fault,
                     "Fail (123) where no rule of a profile acted, also if none had to");
    command.add_option("--seed", raw.seed, "Repeat a run's random choices; the verdict prints it")
        ->type_name("NUMBER");
}

void define_link(CLI::App& command, RawLink& raw, bool like_run) {
    constexpr std::array<std::array<const char*, 3>, 9> keys{{
        {"rate", "RATE", "What each direction carries, such as 1Mbit/s: IP packets with headers"},
        {"delay", "TIME", "How long each direction takes"},
        {"jitter", "TIME", "So much more or less of it, without reordering"},
        {"loss", "SHARE", "Packets lost, 2%; in runs: '{good_to_bad: 1%, bad_to_good: 30%}'"},
        {"reorder", "SHARE", "Packets that overtake by the delay"},
        {"duplicate", "SHARE", "Packets that arrive twice"},
        {"queue", "SIZE", "What may wait for the rate (default 64KiB); more is lost"},
        {"up", "LINK", "The same of the way to the peer alone: 'rate: 128kbit/s, loss: 1%'"},
        {"down", "LINK", "And of the way from the peer to COMMAND"},
    }};
    for (const auto& [key, type, help] : keys) {
        command.add_option(fmt::format("--{}", key), raw[key], like_run ? "As with `run`" : help)
            ->type_name(type);
    }
}

tl::expected<profile::Link, std::string> understand_link(const RawLink& raw) {
    std::vector<std::pair<std::string, std::string>> given(raw.begin(), raw.end());
    std::erase_if(given, [](const auto& one) { return one.second.empty(); });
    return profile::parse_link(given);
}

namespace {

/// What the run says of the way to its peers, whatever their profiles say.
[[nodiscard]] std::optional<std::string> understand_way(const RawCommon& raw,
                                                        setup::CommonOptions& options) {
    auto link = understand_link(raw.way);
    if (!link) {
        return link.error();
    }
    options.way = *link;
    if (!options.rtt) {
        return std::nullopt;
    }
    if (link->up.delay || link->down.delay) {
        return "--rtt is the delay of the way down, which --delay says, too: give one of them.";
    }
    options.way.up.delay = Duration::zero();
    options.way.down.delay = *options.rtt;
    return std::nullopt;
}

}  // namespace

void define_names(CLI::App& command, setup::CommonOptions& options) {
    command
        .add_option("--dns", options.dns,
                    "What is answered where COMMAND asks for NAME (`*`: any): late TIME, lose [N], "
                    "truncate, servfail, refused, nxdomain, nodata, addresses. NAME/AAAA, /A, "
                    "/udp, /tcp: only then")
        ->type_name("NAME=ANSWER,…")
        ->allow_extra_args(false);
}

void define_observers(CLI::App& command, RawCommon& raw) {
    CLI::Option* quiet =
        command.add_flag("-q,--quiet", raw.quiet, "No trace, and a verdict only where it fails");
    command
        .add_option("--trace", raw.trace,
                    "all; faults: what rules touched, states, attempts, calls that failed; states: "
                    "no segments or calls; none: -q")
        ->type_name("WHAT")
        ->check(CLI::IsMember({"all", "faults", "states", "none"}).description(""))
        ->excludes(quiet);
    command.add_option("-o,--output", raw.trace_file, "Trace and verdict, not on standard error")
        ->type_name("FILE");
    command
        .add_option(
            "--events", raw.events_file,
            "The event stream, JSON Lines; run: - is standard output, and COMMAND's own goes to "
            "standard error")
        ->type_name("FILE");
    command
        .add_option("--pcap", raw.pcap_file,
                    "A packet capture; *.pcapng: with what became of each packet")
        ->type_name("FILE");
    command.add_option("--junit", raw.junit_file, "Expectations and rules as JUnit's XML")
        ->type_name("FILE");
    command
        .add_option("--tap", raw.tap_file, "The same as TAP; - is standard output, after COMMAND's")
        ->type_name("FILE");
    command
        .add_option("--control", raw.control,
                    "Where `ghostpeer ctl` and HTTP clients come in: unix:PATH, 127.0.0.1:PORT or "
                    "off. `run` makes a private socket where it is not given, which COMMAND finds "
                    "in GHOSTPEER_CONTROL; `serve` none")
        ->type_name("ADDRESS");
    command
        .add_option("--control-token-file", raw.control_token_file,
                    "Whose first line clients on TCP have to send; else one is made up and printed")
        ->type_name("FILE");
    command.add_option("--color", raw.colour, "auto (a terminal and no NO_COLOR), always or never")
        ->type_name("WHEN")
        ->check(CLI::IsMember({"auto", "always", "never"}).description(""));
}

void refuse_empty_values(CLI::App& command) {
    for (CLI::App* part : command.get_subcommands([](CLI::App*) { return true; })) {
        refuse_empty_values(*part);
    }
    for (CLI::Option* option : command.get_options()) {
        if (option->get_type_size() != 0) {
            option->check(CLI::Validator(
                [](std::string& value) {
                    return value.empty() ? std::string("an empty value says nothing")
                                         : std::string();
                },
                ""));
        }
    }
}

void define_limits(CLI::App& command, RawCommon& raw, setup::CommonOptions& options) {
    command
        .add_option("--max-connections", options.max_connections,
                    "Connections remembered; beyond it SYNs are dropped (100000)")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}).description(""));
    command
        .add_option("--max-buffer", raw.max_buffer,
                    "Payload held for one connection in each direction (default 6MiB)")
        ->type_name("SIZE");
    command
        .add_option("--max-memory", raw.max_memory,
                    "Payload held for all connections together (default: a quarter of the "
                    "machine's memory)")
        ->type_name("SIZE");
}

std::optional<std::string> split_assignments(const std::vector<std::string>& texts,
                                             const std::string& option,
                                             std::vector<setup::Assignment>& into) {
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fmt::format("{} needs NAME=VALUE, but \"{}\" is not of that form.", option,
                               text);
        }
        into.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return std::nullopt;
}

std::optional<std::string> parse_time_option(const std::string& option, const std::string& text,
                                             Duration least, std::optional<Duration>& into) {
    if (text.empty()) {
        return std::nullopt;
    }
    into = profile::parse_time(text);
    if (into && *into < least && least > Duration(1)) {
        return fmt::format("{} needs a time of {} or more, but got \"{}\".", option,
                           profile::format_time(least), text);
    }
    if (!into || *into < least) {
        return option + " needs a time such as 250ms, 5s, 2m or 1h, but got \"" + text + "\".";
    }
    return std::nullopt;
}

std::optional<std::string> parse_seed_option(const std::string& text,
                                             std::optional<std::uint64_t>& into) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::uint64_t seed = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seed);
    if (error != std::errc{} || rest != end) {
        return fmt::format("--seed needs a whole number from 0 to {}, but got \"{}\".", UINT64_MAX,
                           text);
    }
    into = seed;
    return std::nullopt;
}

std::optional<std::string> understand_common(const RawCommon& raw, setup::CommonOptions& options) {
    if (!raw.profile.empty()) {
        options.profile = raw.profile;
    }
    for (const auto& problem :
         {split_assignments(raw.parameters, "--set", options.parameters),
          parse_time_option("--timeout", raw.timeout, Duration(1), options.timeout),
          parse_time_option("--rtt", raw.rtt, Duration::zero(), options.rtt),
          understand_way(raw, options), parse_seed_option(raw.seed, options.seed)}) {
        if (problem) {
            return problem;
        }
    }
    for (const std::string& text : raw.fires) {
        const auto at = text.rfind('@');
        const auto time =
            at == std::string::npos ? std::nullopt : profile::parse_time(text.substr(at + 1));
        if (!time || at == 0) {
            return "--fire needs NAME@TIME, such as unplug@2s, but got \"" + text + "\".";
        }
        options.fires.push_back({text.substr(0, at), *time});
    }
    if (!raw.max_buffer.empty()) {
        const auto size = profile::parse_size(raw.max_buffer);
        constexpr std::uint64_t least = 4096;
        constexpr std::uint64_t most = 1ULL << 30;
        if (!size || *size < least || *size > most) {
            return "--max-buffer needs a size from 4KiB to 1GiB, but got \"" + raw.max_buffer +
                   "\".";
        }
        options.max_buffer = static_cast<std::size_t>(*size);
    }
    if (!raw.max_memory.empty()) {
        const auto size = profile::parse_size(raw.max_memory);
        constexpr std::uint64_t least = 1ULL << 20;
        if (!size || *size < least || *size > SIZE_MAX / 2) {
            return "--max-memory needs a size from 1MiB, but got \"" + raw.max_memory + "\".";
        }
        options.max_memory = static_cast<std::size_t>(*size);
    }
    options.trace = raw.quiet || raw.trace == "none" ? setup::TraceChoice::none
                    : raw.trace == "faults"          ? setup::TraceChoice::faults
                    : raw.trace == "states"          ? setup::TraceChoice::states
                                                     : setup::TraceChoice::all;
    options.colour = raw.colour == "always"  ? setup::ColourChoice::always
                     : raw.colour == "never" ? setup::ColourChoice::never
                                             : setup::ColourChoice::automatic;
    const auto file = [](const std::string& name) {
        return name.empty() ? std::nullopt : std::optional(name);
    };
    options.trace_file = file(raw.trace_file);
    options.events_file = file(raw.events_file);
    options.pcap_file = file(raw.pcap_file);
    options.junit_file = file(raw.junit_file);
    options.tap_file = file(raw.tap_file);
    if (options.events_file == "-" && options.tap_file == "-") {
        return "--events - and --tap - are both standard output: give one of them a file.";
    }
    options.control = file(raw.control);
    options.control_token_file = file(raw.control_token_file);
    if (options.control_token_file && !options.control) {
        return "--control-token-file holds the token of clients on TCP, but without --control "
               "127.0.0.1:PORT there are none.";
    }
    return std::nullopt;
}

}  // namespace ghostpeer::cli
