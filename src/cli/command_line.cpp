#include "cli/command_line.hpp"

#include "cli/command_line_common.hpp"
#include "cli/command_line_ctl.hpp"
#include "cli/command_line_files.hpp"
#include "cli/command_line_groups.hpp"
#include "cli/command_line_learn.hpp"
#include "cli/command_line_mistakes.hpp"
#include "cli/command_line_run.hpp"
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

/// What was asked for, unless there is a problem with it.
template <typename Asked>
Request unless(const std::optional<std::string>& problem, const char* help, Asked& asked) {
    return problem ? usage_error(*problem, help) : Request(std::move(asked));
}

/// The commands that answer from files, and what was said for them.
struct FileCommands {
    /// `subcommand` is the one that was given: learn and compare have options then alone.
    FileCommands(CLI::App& app, const std::string& subcommand)
        : list(add_list(app, listed)),
          show(add_show(app, shown)),
          check(add_check(app, checked, check_parameters)),
          report(add_report(app, reported)),
          judge(add_judge(app, judged)),
          learn(app.add_subcommand("learn",
                                   "The conversations of a capture, what is odd in each, and "
                                   "profiles of them")),
          compare(
              app.add_subcommand("compare", "Two captures or records side by side: what differs")),
          init(add_init(app, begun)),
          schema(add_schema(app, described)),
          doctor(add_doctor(app)),
          completion(add_completion(app, completed)) {
        if (subcommand == "learn") {
            define_learn(*learn, raw_learn, learned);
        }
        if (subcommand == "compare") {
            define_compare(*compare, compared);
        }
    }

    /// Nothing: none of them was given.
    std::optional<Request> given();

    ListRequest listed;
    ShowRequest shown;
    CheckRequest checked;
    std::vector<std::string> check_parameters;
    ReportRequest reported;
    JudgeRequest judged;
    RawLearn raw_learn;
    LearnRequest learned;
    CompareRequest compared;
    InitRequest begun;
    SchemaRequest described;
    CompletionRequest completed;
    const CLI::App* list;
    const CLI::App* show;
    const CLI::App* check;
    const CLI::App* report;
    const CLI::App* judge;
    CLI::App* learn;
    CLI::App* compare;
    const CLI::App* init;
    const CLI::App* schema;
    const CLI::App* doctor;
    const CLI::App* completion;
};

std::optional<Request> FileCommands::given() {
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
    return std::nullopt;
}

/// Those that run something, or act on what runs.
struct RunCommands {
    /// `subcommand` is the one that was given: whoever wants another need not wait for its options.
    RunCommands(CLI::App& app, const std::string& subcommand, std::vector<std::string>& arguments);

    Request given(std::vector<std::string> command);

    RawRun raw;
    RunRequest to_run;
    RawServe raw_serve;
    ServeRequest served;
    RawCtl raw_ctl;
    ctl::Request asked;
    RawSweep raw_sweep;
    SweepRequest swept;
    RawSurvey raw_survey;
    SurveyRequest surveyed;
    WarpRequest warped;
    CLI::App* run;
    CLI::App* serve;
    CLI::App* ctl;
    CLI::App* sweep;
    CLI::App* survey;
    CLI::App* warp;
};

RunCommands::RunCommands(CLI::App& app, const std::string& subcommand,
                         std::vector<std::string>& arguments)
    : run(app.add_subcommand("run", "Run COMMAND with the peer on the other side")),
      serve(app.add_subcommand("serve", "Be a peer where programs already run")),
      ctl(app.add_subcommand("ctl", "Look at a running ghostpeer, and act on it")),
      sweep(app.add_subcommand("sweep", "Try every fault at every segment of COMMAND's")),
      survey(app.add_subcommand("survey", "Try every profile of the catalogue")),
      warp(app.add_subcommand("warp", "The kernels for run --warp")) {
    define_run(*run, raw, to_run.options);
    if (subcommand == "serve") {
        define_serve(*serve, raw_serve, served.options);
    }
    if (subcommand == "ctl") {
        define_ctl(*ctl, raw_ctl, asked);
        keep_brackets(arguments);
    }
    if (subcommand == "sweep") {
        define_sweep(*sweep, raw_sweep, swept.options);
    }
    if (subcommand == "survey") {
        define_survey(*survey, raw_survey, surveyed.options);
    }
    define_warp(*warp, warped);
}

Request RunCommands::given(std::vector<std::string> command) {
    if (warp->parsed()) {
        return warped;
    }
    if (ctl->parsed()) {
        return unless(understand_ctl(raw_ctl, asked), "ghostpeer ctl --help", asked);
    }
    if (survey->parsed()) {
        surveyed.options.command = std::move(command);
        return unless(understand_survey(raw_survey, surveyed.options), "ghostpeer survey --help",
                      surveyed);
    }
    if (sweep->parsed()) {
        swept.options.command = std::move(command);
        return unless(understand_sweep(raw_sweep, swept.options), "ghostpeer sweep --help", swept);
    }
    if (serve->parsed()) {
        return unless(understand_serve(raw_serve, served.options), "ghostpeer serve --help",
                      served);
    }
    to_run.options.command = std::move(command);
    return unless(understand_run(raw, to_run.options), "ghostpeer run --help", to_run);
}

}  // namespace

Request parse_command_line(int argc, const char* const* argv) {
    std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    std::vector<std::string> command;
    const auto separator = std::find(arguments.begin(), arguments.end(), "--");
    if (separator != arguments.end()) {
        command.assign(separator + 1, arguments.end());
        arguments.erase(separator, arguments.end());
    }
    arguments = help::understand_words(std::move(arguments));
    const auto words = arguments;

    CLI::App app{"A TCP peer that misbehaves on demand, for a real kernel socket in any program."};
    app.name("ghostpeer");
    app.set_version_flag("--version", std::string("ghostpeer ") + version);
    app.require_subcommand(1);
    app.footer(overview);
    const std::string subcommand = words.empty() ? std::string() : words.front();
    RunCommands runs(app, subcommand, arguments);
    FileCommands files(app, subcommand);
    refuse_empty_values(app);
    for (CLI::App* one : app.get_subcommands([](CLI::App*) { return true; })) {
        group_options(*one);
    }

    try {
        std::reverse(arguments.begin(), arguments.end());
        app.parse(arguments);
    } catch (const CLI::Success& success) {
        std::ostringstream text;
        app.exit(success, text, text);
        return PrintRequest{help::fold_help(with_command(text.str())), false, exit_success};
    } catch (const CLI::ParseError& error) {
        return describe_mistake(app, error.what(), words, !command.empty());
    }
    auto answered = files.given();
    return answered ? std::move(*answered) : runs.given(std::move(command));
}

}  // namespace ghostpeer::cli
