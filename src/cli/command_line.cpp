#include "cli/command_line.hpp"

#include "cli/command_line_common.hpp"
#include "cli/command_line_ctl.hpp"
#include "cli/command_line_files.hpp"
#include "cli/command_line_groups.hpp"
#include "cli/command_line_learn.hpp"
#include "cli/command_line_mistakes.hpp"
#include "cli/command_line_serve.hpp"
#include "cli/command_line_sweep.hpp"
#include "cli/command_line_warp.hpp"
#include "event/exit_status.hpp"
#include "help/layout.hpp"
#include "help/mistakes.hpp"
#include "setup/version.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <sstream>

namespace ghostpeer::cli {
namespace {

constexpr const char* overview = R"(Examples:
  ghostpeer run refuse -- curl http://198.18.0.2:8080/
  ghostpeer run --peer api.local=slow-reader -- nc api.local 8080
  ghostpeer serve slow-reader --interface eth0 --address 192.0.2.50/24
  ghostpeer list
  ghostpeer show keepalive-blackhole > my-profile.yaml
  ghostpeer run --report run.html refuse -- ./my-client
)";

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

/// CLI11 knows nothing of what follows `--`.
[[nodiscard]] std::string with_command(std::string help) {
    for (const std::string usage : {"run [OPTIONS] [PROFILE]", "sweep [OPTIONS] [PROFILE]",
                                    "survey [OPTIONS] [PROFILE...]"}) {
        if (const auto at = help.find(usage); at != std::string::npos) {
            help.insert(at + usage.size(), " -- COMMAND [ARG...]");
        }
    }
    return help;
}

/// The texts that options are read into before they are understood.
struct RawRun : RawCommon {
    std::vector<std::string> sysctls;
    std::string link = "auto";
    std::string family = "4";
    std::string warp;
    std::string poll_timeout;
    std::string run_for;
    std::string wall_timeout;
    std::string free_work;
    std::string syscalls;
    std::string report_file;
    std::string relay;
    unsigned mtu = 0;  ///< that of the link
    unsigned port = 0;
};

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

/// COMMAND is looked at several times within it, which is to cost it nothing.
constexpr Duration least_polling = std::chrono::seconds(1);

[[nodiscard]] std::optional<std::string> understand(const RawRun& raw, setup::RunOptions& options) {
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

/// What was asked for, unless there is a problem with it.
template <typename Asked>
Request unless(const std::optional<std::string>& problem, const char* help, Asked& asked) {
    return problem ? usage_error(*problem, help) : Request(std::move(asked));
}

}  // namespace

// In one piece: every command is defined, and the one that was given taken.
Request parse_command_line(int argc, const char* const* argv) {
    std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    setup::RunOptions options;
    const auto separator = std::find(arguments.begin(), arguments.end(), "--");
    if (separator != arguments.end()) {
        options.command.assign(separator + 1, arguments.end());
        arguments.erase(separator, arguments.end());
    }
    arguments = help::understand_words(std::move(arguments));
    const auto words = arguments;
    const std::string subcommand = arguments.empty() ? std::string() : arguments.front();

    CLI::App app{"A TCP peer that misbehaves on demand, for a real kernel socket in any program."};
    app.name("ghostpeer");
    app.set_version_flag("--version", std::string("ghostpeer ") + version);
    app.require_subcommand(1);
    app.footer(overview);

    RawRun raw;
    define_run(*app.add_subcommand("run", "Run COMMAND with the peer on the other side"), raw,
               options);
    ListRequest listed;
    const CLI::App* list = add_list(app, listed);
    ShowRequest shown;
    const CLI::App* show = add_show(app, shown);
    CheckRequest checked;
    std::vector<std::string> check_parameters;
    const CLI::App* check = add_check(app, checked, check_parameters);
    ReportRequest reported;
    const CLI::App* report = add_report(app, reported);
    JudgeRequest judged;
    const CLI::App* judge = add_judge(app, judged);
    RawLearn raw_learn;
    LearnRequest learned;
    const CLI::App* learn = add_learn(app, raw_learn, learned);
    CompareRequest compared;
    const CLI::App* compare = add_compare(app, compared);
    InitRequest begun;
    const CLI::App* init = add_init(app, begun);
    SchemaRequest described;
    const CLI::App* schema = add_schema(app, described);
    const CLI::App* doctor = add_doctor(app);
    CompletionRequest completed;
    const CLI::App* completion = add_completion(app, completed);
    CLI::App* serve = app.add_subcommand("serve", "Be a peer where programs already run");
    RawServe raw_serve;
    ServeRequest served;
    if (subcommand == "serve") {  // whoever runs something else need not wait for its options
        define_serve(*serve, raw_serve, served.options);
    }
    CLI::App* ctl = app.add_subcommand("ctl", "Look at a running ghostpeer, and act on it");
    RawCtl raw_ctl;
    ctl::Request asked;
    if (subcommand == "ctl") {
        define_ctl(*ctl, raw_ctl, asked);
        keep_brackets(arguments);
    }
    CLI::App* sweep = app.add_subcommand("sweep", "Try every fault at every segment of COMMAND's");
    RawSweep raw_sweep;
    SweepRequest swept;
    if (subcommand == "sweep") {
        define_sweep(*sweep, raw_sweep, swept.options);
    }
    CLI::App* survey = app.add_subcommand("survey", "Try every profile of the catalogue");
    RawSurvey raw_survey;
    SurveyRequest surveyed;
    if (subcommand == "survey") {
        define_survey(*survey, raw_survey, surveyed.options);
    }
    CLI::App* warp = app.add_subcommand("warp", "The kernels for run --warp");
    WarpRequest warped;
    define_warp(*warp, warped);
    refuse_empty_values(app);
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
        group_options(*command);
    }

    try {
        std::reverse(arguments.begin(), arguments.end());
        app.parse(arguments);
    } catch (const CLI::Success& success) {
        std::ostringstream text;
        app.exit(success, text, text);
        return PrintRequest{help::fold_help(with_command(text.str())), false, exit_success};
    } catch (const CLI::ParseError& error) {
        return describe_mistake(app, error.what(), words, !options.command.empty());
    }

    if (list->parsed()) {
        return listed;
    }
    if (show->parsed()) {
        return shown;
    }
    if (check->parsed()) {
        return unless(split_assignments(check_parameters, "--set", checked.parameters),
                      "ghostpeer check --help", checked);
    }
    if (warp->parsed()) {
        return warped;
    }
    if (report->parsed()) {
        return reported;
    }
    if (judge->parsed()) {
        return judged;
    }
    if (learn->parsed()) {
        return unless(understand_learn(raw_learn, learned), "ghostpeer learn --help", learned);
    }
    if (compare->parsed()) {
        return compared;
    }
    if (init->parsed()) {
        return begun;
    }
    if (schema->parsed()) {
        return described;
    }
    if (doctor->parsed()) {
        return DoctorRequest{};
    }
    if (completion->parsed()) {
        return completed;
    }
    if (ctl->parsed()) {
        return unless(understand_ctl(raw_ctl, asked), "ghostpeer ctl --help", asked);
    }
    if (survey->parsed()) {
        surveyed.options.command = std::move(options.command);
        return unless(understand_survey(raw_survey, surveyed.options), "ghostpeer survey --help",
                      surveyed);
    }
    if (sweep->parsed()) {
        swept.options.command = std::move(options.command);
        return unless(understand_sweep(raw_sweep, swept.options), "ghostpeer sweep --help", swept);
    }
    if (serve->parsed()) {
        return unless(understand_serve(raw_serve, served.options), "ghostpeer serve --help",
                      served);
    }
    RunRequest to_run{std::move(options)};
    return unless(understand(raw, to_run.options), "ghostpeer run --help", to_run);
}

}  // namespace ghostpeer::cli
