#include "cli/command_line_sweep.hpp"

#include "sweep/fault.hpp"

#include <charconv>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace ghostpeer::cli {
namespace {

constexpr const char* sweep_examples =
    R"(Tries every fault at every segment of COMMAND's own conversation with PROFILE (`healthy`), each in a
run of its own, and tells where COMMAND hangs, where it says "done" with wrong bytes, and what else
it does. In virtual time, where `ghostpeer warp build` has built a kernel.

Examples:
  ghostpeer sweep -- curl -sS http://198.18.0.2/
  ghostpeer sweep ./mine.yaml --faults lose,reset,silence --attempt 1 -- ./client
  ghostpeer sweep --snapshot resilience.yaml -- npm test
  ghostpeer sweep --port 8080 -- python3 server.py

Exit status: 0; 123 there are findings of --fail-on, or something else than in the snapshot; 125
ghostpeer could not do its work, or COMMAND fails by itself.
)";

constexpr const char* survey_examples =
    R"(Runs COMMAND against every profile of the catalogue that fits its role (with --port PORT, where it
listens: against the clients), and tells what it does, as `sweep` does. Servers to build on (the tag
`protocol`) are left out, unless --tag or PROFILE names them.

Examples:
  ghostpeer survey -- ./client
  ghostpeer survey --tag reset -- curl -sS http://198.18.0.2/
  ghostpeer survey nat-timeout --set idle=1s,60s,350s -- ./client
  ghostpeer survey lossy --seeds 30 -- ./client
  ghostpeer survey --programs clients.txt silent-after-handshake syn-blackhole

FILE of --programs has a line for each, `NAME: COMMAND`, as a shell takes it.

Exit status: 0; 123 there are findings of --fail-on, or something else than in the snapshot; 125
ghostpeer could not do its work, or COMMAND fails by itself.
)";

void define_runs(CLI::App& command, RawCampaign& raw, campaign::CampaignOptions& options) {
    command.add_option("--set", raw.parameters, "A parameter of the profile. Repeatable")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command
        .add_option("--peer", options.peers,
                    "COMMAND dials the peer by this name, address or port, as with `run`")
        ->type_name("[NAME|ADDR][:PORT]")
        ->allow_extra_args(false);
    command
        .add_option("--port", raw.port,
                    "COMMAND listens there, and the peer is the client (`healthy-client`)")
        ->type_name("PORT")
        ->check(CLI::Range(1U, 65535U).description(""));
    command.add_option("--sysctl", raw.sysctls, "A net.* setting of COMMAND's private network")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--rtt", raw.rtt, "As with `run`")->type_name("TIME");
    define_link(command, raw.way, true);
    command.add_option("--seed", raw.seed, "Of all runs (default 1)")->type_name("NUMBER");
    command.add_option("--link", raw.link, "As with `run`")->type_name("LINK");
    command.add_flag("--warp{6.12}", raw.warp, "Virtual time, on this kernel (the default)");
    command.add_flag("--real", options.real, "Real time, on this machine's own kernel");
    command.add_option("-j,--jobs", raw.jobs, "Runs at a time (default: the processors)")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}).description(""));
    command.add_option("--limit", raw.limit, "Virtual TIME after which a run hangs (default 3h)")
        ->type_name("TIME");
    command.add_option("--timeout", raw.timeout, "The same in real time (default 60s)")
        ->type_name("TIME");
    command.add_option("--free-work", raw.free_work, "As with `run` (default 10s)")
        ->type_name("TIME");
    command.add_option("--slow", raw.slow, "TIME after which an end is a finding (default 1m)")
        ->type_name("TIME");
    command.add_option("--setup", options.around.setup, "A shell's command before each run")
        ->type_name("CMD");
    command.add_option("--teardown", options.around.teardown, "The same after each run")
        ->type_name("CMD");
    command.add_option("--copy", options.around.copy, "Each run is in a fresh copy of this folder")
        ->type_name("DIR");
}

void define_results(CLI::App& command, RawCampaign& raw, campaign::CampaignOptions& options) {
    command.add_option("-o,--output", options.output, "Where the runs' files are")
        ->type_name("DIR")
        ->capture_default_str();
    command.add_option("--resume", raw.resume, "Do what is left of an interrupted one")
        ->type_name("DIR");
    command
        .add_option("--fail-on", raw.fail_on,
                    "Outcomes that make the exit status 123 (default wrong,hang,crash)")
        ->type_name("LIST");
    command
        .add_option("--snapshot", raw.snapshot,
                    "Written where it is not there; else what differs from it is the finding")
        ->type_name("FILE");
    command.add_flag("--update", options.update, "Write the snapshot anew");
    command.add_option("--json", raw.json, "All results, for programs; - is standard output")
        ->type_name("FILE");
    command.add_option("--junit", raw.junit, "The same as JUnit's XML")->type_name("FILE");
    command.add_option("--tap", raw.tap, "The same as TAP; - is standard output")
        ->type_name("FILE");
    command
        .add_option("--report", raw.report,
                    "A page to look at, with one more for each run beside the runs' files")
        ->type_name("FILE");
    command.add_option("--plan", raw.plan, "Write the plan, JSON, and do none of it")
        ->type_name("FILE");
    command
        .add_option("--shard", raw.shard,
                    "Only every Nth run, the Kth first; auto: as a batch system or CI says it here")
        ->type_name("K/N");
    command
        .add_option("--merge", options.merge,
                    "Put shards' folders together into the one of --output; nothing is run")
        ->type_name("DIR");
    command.add_flag("-q,--quiet", options.quiet, "No progress");
}

/// Texts that are handed on to `run`, with what they belong to.
void hand_on(const RawCampaign& raw, campaign::CampaignOptions& options) {
    const auto add = [&](const char* name, const std::string& value) {
        options.run_options.emplace_back(name);
        options.run_options.push_back(value);
    };
    for (const std::string& parameter : raw.parameters) {
        add("--set", parameter);
    }
    for (const std::string& setting : raw.sysctls) {
        add("--sysctl", setting);
    }
    if (!raw.rtt.empty()) {
        add("--rtt", raw.rtt);
    }
    for (const auto& [name, value] : raw.way) {
        if (!value.empty()) {
            add(("--" + name).c_str(), value);
        }
    }
    if (!raw.link.empty()) {
        add("--link", raw.link);
    }
    if (raw.port != 0) {
        options.port = static_cast<std::uint16_t>(raw.port);
        add("--port", std::to_string(raw.port));
    }
}

[[nodiscard]] std::optional<std::string> set_outcomes(const std::string& text,
                                                      std::vector<sweep::Outcome>& into) {
    std::istringstream words(text.empty() ? "wrong,hang,crash" : text);
    for (std::string word; std::getline(words, word, ',');) {
        const auto outcome = sweep::find_outcome(word);
        if (word == "none") {
            continue;
        }
        if (!outcome) {
            return "--fail-on: there is no outcome \"" + word +
                   "\"; there are wrong, hang, crash, duplicate, slow, leak, error, fine, "
                   "unreached, and none.";
        }
        into.push_back(*outcome);
    }
    return std::nullopt;
}

[[nodiscard]] std::optional<std::string> understand_campaign(const RawCampaign& raw,
                                                             campaign::CampaignOptions& options) {
    std::optional<Duration> limit;
    std::optional<Duration> timeout;
    std::optional<Duration> slow;
    std::optional<Duration> free_work;
    std::optional<std::uint64_t> seed;
    std::vector<setup::Assignment> ignored;
    for (const auto& problem :
         {split_assignments(raw.parameters, "--set", ignored),
          split_assignments(raw.sysctls, "--sysctl", ignored),
          parse_time_option("--limit", raw.limit, Duration(1), limit),
          parse_time_option("--timeout", raw.timeout, Duration(1), timeout),
          parse_time_option("--slow", raw.slow, Duration(1), slow),
          parse_time_option("--free-work", raw.free_work, Duration(1), free_work),
          parse_seed_option(raw.seed, seed), set_outcomes(raw.fail_on, options.fail_on)}) {
        if (problem) {
            return problem;
        }
    }
    if (const auto link = understand_link(raw.way); !link) {
        return link.error();
    }
    options.limit = limit.value_or(options.limit);
    options.timeout = timeout.value_or(options.timeout);
    options.slow = slow.value_or(options.slow);
    options.free_work = free_work.value_or(options.free_work);
    if (options.real && free_work) {
        return "--free-work is of virtual time: with --real, COMMAND's clock goes on in its work.";
    }
    options.seed = seed.value_or(options.seed);
    if (raw.jobs != 0) {
        options.jobs = raw.jobs;
    }
    std::istringstream series(raw.warp);
    for (std::string one; std::getline(series, one, ',');) {
        options.kernels.push_back(one);
    }
    if (options.real && !options.kernels.empty()) {
        return "--real and --warp do not go together.";
    }
    if (!raw.shard.empty()) {
        const auto shard =
            sweep::parse_shard(raw.shard, [](const char* name) { return std::getenv(name); });
        if (!shard) {
            return shard.error();
        }
        options.shard = *shard;
    }
    hand_on(raw, options);
    const auto text = [](const std::string& given) {
        return given.empty() ? std::nullopt : std::optional(given);
    };
    options.resume = text(raw.resume);
    options.plan = text(raw.plan);
    options.json = text(raw.json);
    options.junit = text(raw.junit);
    options.tap = text(raw.tap);
    options.snapshot = text(raw.snapshot);
    options.report = text(raw.report);
    if (options.update && !options.snapshot) {
        return "--update needs the --snapshot FILE that is to be written.";
    }
    return std::nullopt;
}

}  // namespace

void define_survey(CLI::App& survey, RawSurvey& raw, campaign::SurveyOptions& options) {
    options.output = "survey";
    survey.add_option("PROFILE", options.profiles, "Names of the catalogue, or paths")
        ->type_name("");
    survey.add_option("--tag", options.tags, "Of the catalogue those with this tag. Repeatable")
        ->type_name("TAG")
        ->allow_extra_args(false);
    survey.add_option("--seeds", options.seeds, "Each with so many seeds, 1 to NUMBER")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""));
    survey
        .add_option("--baseline", raw.baseline,
                    "With this one nothing is the matter (default healthy, with --port "
                    "healthy-client)")
        ->type_name("PROFILE");
    survey.add_option("--programs", options.programs, "Several programs, side by side")
        ->type_name("FILE");
    define_runs(survey, raw, options);
    define_results(survey, raw, options);
    survey.footer(survey_examples);
}

std::optional<std::string> understand_survey(const RawSurvey& raw,
                                             campaign::SurveyOptions& options) {
    if (auto problem = split_assignments(raw.parameters, "--set", options.values)) {
        return problem;
    }
    RawSurvey others = raw;
    others.parameters.clear();  // each profile gets what it declares
    if (auto problem = understand_campaign(others, options)) {
        return problem;
    }
    if (!raw.baseline.empty()) {
        options.baseline = raw.baseline;
    }
    if (!options.programs && !options.resume && options.merge.empty() && options.command.empty()) {
        return "there is no COMMAND to run. Put it after `--`: ghostpeer survey -- COMMAND…";
    }
    if (options.programs && !options.command.empty()) {
        return "--programs and a COMMAND do not go together.";
    }
    return std::nullopt;
}

void define_sweep(CLI::App& sweep, RawSweep& raw, campaign::SweepOptions& options) {
    options.output = "sweep";
    sweep.add_option("PROFILE", raw.profile, "A name of the catalogue, or a path")->type_name("");
    sweep
        .add_option("--faults", raw.faults,
                    "Only these, separated by commas; `--faults help` lists them")
        ->type_name("LIST");
    sweep
        .add_option("--fault", raw.fault_files,
                    "A fault of one's own: FILE holds actions, as `do:` takes them. Repeatable")
        ->type_name("FILE")
        ->allow_extra_args(false);
    sweep.add_option("--attempt", raw.attempt, "Only at this connection of COMMAND's")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::uint64_t{1}, UINT64_MAX).description(""));
    sweep
        .add_option("--at", options.at,
                    "Only at positions whose name has this in it: 'data in'. Repeatable")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    sweep.add_flag("--bytes{all}", raw.bytes,
                   "At every byte of the answer, not at 32 of them; --bytes=N: at N");
    define_runs(sweep, raw, options);
    define_results(sweep, raw, options);
    sweep.footer(sweep_examples);
}

std::optional<std::string> understand_sweep(const RawSweep& raw, campaign::SweepOptions& options) {
    if (raw.faults == "help") {
        options.explain_faults = true;
        return std::nullopt;
    }
    if (auto problem = understand_campaign(raw, options)) {
        return problem;
    }
    if (auto problem = split_assignments(raw.parameters, "--set", options.parameters)) {
        return problem;
    }
    if (!raw.profile.empty()) {
        options.profile = raw.profile;
    }
    if (options.kernels.size() > 1) {
        return "a sweep runs on one kernel; `survey` compares several.";
    }
    if (raw.attempt != 0) {
        options.attempt = raw.attempt;
    }
    if (!raw.bytes.empty()) {
        options.bytes = SIZE_MAX;
        const char* const end = raw.bytes.data() + raw.bytes.size();
        const auto [rest, error] = std::from_chars(raw.bytes.data(), end, options.bytes);
        if (raw.bytes != "all" && (error != std::errc{} || rest != end)) {
            return "--bytes needs a number, or nothing for all of them, but got \"" + raw.bytes +
                   "\".";
        }
    }
    std::string words = raw.faults;
    if (words.empty() && raw.fault_files.empty()) {
        for (const sweep::FaultWord& word : sweep::fault_words()) {
            words += (words.empty() ? "" : ",") + std::string(word.name);
        }
    }
    if (!words.empty()) {
        auto faults = sweep::parse_faults(words);
        if (!faults) {
            return faults.error();
        }
        options.faults = std::move(*faults);
    }
    for (const std::string& file : raw.fault_files) {
        auto fault = sweep::read_fault(file);
        if (!fault) {
            return fault.error();
        }
        options.faults.push_back(std::move(*fault));
    }
    const bool needs_command = !options.resume && options.merge.empty();
    if (needs_command && options.command.empty()) {
        return "there is no COMMAND to run. Put it after `--`: ghostpeer sweep -- COMMAND…";
    }
    return std::nullopt;
}

}  // namespace ghostpeer::cli
