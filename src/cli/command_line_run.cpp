#include "cli/command_line_run.hpp"

#include <sstream>

namespace ghostpeer::cli {
namespace {

constexpr const char* run_examples =
    R"(COMMAND sees a network in which every address is the peer (198.18.0.2 and 2001:2::2 first) and
nothing else exists. PROFILE is a name from `ghostpeer list` or a path to a YAML file. With --link
loopback the peers are at ports of 127.0.0.1, ::1 and their like, and all else is COMMAND's own.

Examples:
  ghostpeer run refuse -- curl http://198.18.0.2:8080/
  ghostpeer run --peer api.local=slow-reader --peer :5432=silent-after-handshake -- ./my-client
  ghostpeer run ./my-profile.yaml --set bytes=4KiB --events run.jsonl --pcap run.pcap -- python3 c.py
  ghostpeer run -q refuse -- sh -c 'nc -w 2 $GHOSTPEER_ADDR $GHOSTPEER_PORT'
  ghostpeer run --link loopback --peer 127.0.0.1:5432=silent-after-handshake -- ./my-client

Exit status: 0 the run passes, and the verdict's first word is `pass`; 123 a rule never fired or an
expectation failed; else COMMAND's own, 128+N where signal N ended it; 124 --timeout passed; 125
ghostpeer could not do its work; 126, 127 COMMAND cannot be run, is not there.
)";

/// COMMAND is looked at several times within it, which is to cost it nothing.
constexpr Duration least_polling = std::chrono::seconds(1);

}  // namespace

void define_run(CLI::App& run, RawRun& raw, setup::RunOptions& options) {
    define_peers(run, raw, options,
                 "A peer of its own; NAME is put into COMMAND's /etc/hosts. NAME=[A, B] and "
                 "NAME=A@ADDR,B@ipv6 give it several addresses",
                 "[NAME|ADDR][:PORT]=PROFILE");
    run.add_option("--server", options.servers,
                   "A server behind the peer for `relay: NAME`, in a network and a folder of its "
                   "own; COMMAND is a line for the shell. Repeatable")
        ->type_name("NAME[:PORT]=COMMAND")
        ->allow_extra_args(false);
    run.add_option("--relay", raw.relay,
                   "PROFILE (healthy) with a real server's bytes in place of its service: "
                   "HOST:PORT, `original`, or a NAME of --server")
        ->type_name("WHERE");
    define_names(run, options);
    run.add_option("--port", raw.port,
                   "Where COMMAND listens, for a profile whose peer is the client; with --link "
                   "loopback, where peers answer that name no port (PROFILE: 8080)")
        ->type_name("PORT")
        ->check(CLI::Range(1U, 65535U).description(""));
    run.add_option("--sysctl", raw.sysctls, "A net.* setting of COMMAND's private network")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    run.add_option("--timeout", raw.timeout,
                   "End COMMAND after it, with status 124 (250ms, 5s, 2m)")
        ->type_name("TIME");
    run.add_option("--poll-timeout", raw.poll_timeout,
                   "The same once COMMAND has only polled for TIME, 1s or more: nothing has passed "
                   "but probes "
                   "that were answered, and no timer of its connections runs")
        ->type_name("TIME");
    run.add_option("--for", raw.run_for,
                   "End COMMAND after it, in good order: the status is the verdict's. For a server")
        ->type_name("TIME");
    run.add_option("--expect-status", options.expected_status,
                   "What COMMAND has to end with: 0 if it does, else 123 (128+N: by signal N)")
        ->type_name("NUMBER")
        ->check(CLI::Range(0, 255).description(""));
    run.add_option(
        "--rtt", raw.rtt,
        "TIME by which everything that the peer says leaves later (1ms with --warp, else "
        "0ms)");
    define_link(run, raw.way);
    run.add_flag("--warp{6.12}", raw.warp,
                 "Skip all waiting: run on a Linux 6.12 of its own whose clock jumps from timer to "
                 "timer. --warp=6.1 or --warp=6.1,6.12 choose others; see `ghostpeer warp --help`");
    run.add_option("--free-work", raw.free_work,
                   "With --warp, TIME of the real world that COMMAND may work at a stretch before "
                   "its clock goes on (default 1s); more for a machine that is busy")
        ->type_name("TIME");
    run.add_option("--wall-timeout", raw.wall_timeout,
                   "With --warp, TIME of the real world after which the run is ended (default 2m)");
    run.add_option(
           "--link", raw.link,
           "tun (/dev/net/tun), ethernet (a veth pair), loopback (127.0.0.1 and ::1, a port "
           "each peer), or auto: tun where it may")
        ->type_name("LINK")
        ->check(CLI::IsMember({"auto", "tun", "ethernet", "loopback"}).description(""));
    run.add_option("--family", raw.family,
                   "Addresses for the names of --peer: 4 (the default), 6 or both")
        ->type_name("FAMILY")
        ->check(CLI::IsMember({"4", "6", "both"}).description(""));
    define_observers(run, raw);
    run.add_option("--report", raw.report_file,
                   "A page to look at, one HTML file: what waited for what. Implies --sockets")
        ->type_name("FILE");
    run.add_flag("--sockets", options.sockets,
                 "Also the kernel's view of COMMAND's sockets: state, queues, timers");
    run.add_flag(
        "--syscalls{network}", raw.syscalls,
        "Also COMMAND's system calls on sockets, and its waits, by strace. --syscalls=all, "
        "or =LIST as strace's `-e trace=` takes it: others");
    run.add_option("--mtu", raw.mtu, "MTU of the link, 576 to 65535 (default 1500, loopback 65535)")
        ->type_name("BYTES")
        ->check(CLI::Range(576U, 65535U).description(""));
    define_limits(run, raw, options);
    run.footer(run_examples);
}

std::optional<std::string> understand_run(const RawRun& raw, setup::RunOptions& options) {
    std::optional<Duration> wall_timeout;
    std::optional<Duration> free_work;
    for (const auto& problem :
         {understand_common(raw, options),
          split_assignments(raw.sysctls, "--sysctl", options.sysctls),
          parse_time_option("--poll-timeout", raw.poll_timeout, least_polling,
                            options.poll_timeout),
          parse_time_option("--for", raw.run_for, Duration(1), options.run_for),
          parse_time_option("--free-work", raw.free_work, Duration(1), free_work),
          parse_time_option("--wall-timeout", raw.wall_timeout, Duration(1), wall_timeout)}) {
        if (problem) {
            return problem;
        }
    }
    if (raw.warp.empty() && (wall_timeout || free_work)) {
        return wall_timeout ? "--wall-timeout bounds the real time of a run with --warp. In one "
                              "without it, all time is real: --timeout bounds it."
                            : "--free-work is of --warp: without it, COMMAND's clock goes on in "
                              "any case.";
    }
    options.wall_timeout = wall_timeout.value_or(options.wall_timeout);
    options.free_work = free_work.value_or(options.free_work);
    if (!raw.report_file.empty()) {
        options.report_file = raw.report_file;
        options.sockets = true;
    }
    std::istringstream series(raw.warp);
    for (std::string one; std::getline(series, one, ',');) {
        options.warp.push_back(one);
    }
    if (options.warp.size() > 1 && options.events_file == "-") {
        return "--events - is of one run, and there is one for each kernel: name a file, which "
               "becomes one for each.";
    }
    if (!raw.syscalls.empty()) {
        options.syscalls = raw.syscalls;
    }
    options.link = raw.link == "tun"        ? setup::LinkChoice::tun
                   : raw.link == "ethernet" ? setup::LinkChoice::ethernet
                   : raw.link == "loopback" ? setup::LinkChoice::loopback
                                            : setup::LinkChoice::automatic;
    options.family = raw.family == "6"      ? setup::Family::ipv6
                     : raw.family == "both" ? setup::Family::both
                                            : setup::Family::ipv4;
    if (raw.mtu != 0) {
        options.mtu = static_cast<std::uint16_t>(raw.mtu);
    } else if (options.link == setup::LinkChoice::loopback) {
        options.mtu = UINT16_MAX;
    }
    if (raw.port != 0) {
        options.port = static_cast<std::uint16_t>(raw.port);
    }
    if (!raw.relay.empty()) {
        options.relay = raw.relay;
        options.profile = options.profile.value_or("healthy");
    }
    if (options.command.empty()) {
        return "there is no COMMAND to run. Put it after `--`: ghostpeer run PROFILE -- COMMAND…";
    }
    if (!options.profile && options.peers.empty()) {
        return "there is no PROFILE. Name one (`ghostpeer list` shows them): ghostpeer run PROFILE "
               "-- COMMAND…";
    }
    return std::nullopt;
}

}  // namespace ghostpeer::cli
