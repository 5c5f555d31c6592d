// The command line. The files command_line*.cpp are the only place that sees CLI11.
#pragma once

#include "campaign/options.hpp"
#include "capture/conversation.hpp"
#include "ctl/command.hpp"
#include "setup/run_options.hpp"
#include "setup/serve_options.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ghostpeer::cli {

struct RunRequest {
    setup::RunOptions options;
};
struct ServeRequest {
    setup::ServeOptions options;
};
struct ListRequest {
    std::vector<std::string> words;  ///< what they are to be about; empty: anything
    std::vector<std::string> tags;   ///< all of them must fit; empty: every profile
    bool json = false;
};
struct ShowRequest {
    std::string profile;
};
struct CheckRequest {
    std::vector<std::string> profiles;
    std::vector<setup::Assignment> parameters;
};
struct ReportRequest {
    std::string record;  ///< the event stream's file
    std::string page;    ///< empty: the record's name, with another ending
};
struct JudgeRequest {
    std::string record;                     ///< the event stream's file
    std::vector<std::string> profiles;      ///< whose expectations count in place of the run's
    std::optional<std::string> junit_file;  ///< `--junit`
    std::optional<std::string> tap_file;    ///< `--tap`; `-`: standard output
};
struct LearnRequest {
    std::string file;  ///< `-`: standard input
    std::optional<capture::Perspective> from;
    std::optional<wire::Endpoint> peer;  ///< port 0: any
    std::optional<std::string> output;   ///< `-o`: where a profile is written
    std::vector<std::uint32_t> connections;
    bool program_is_server = false;  ///< `--role client`: the peer is the client
    bool strict = false;
    bool redact = false;
    bool overwrite = false;
};
struct CompareRequest {
    std::array<std::string, 2> files;
    std::vector<std::uint32_t> connections;  ///< none, one for both, or one for each
};
struct InitRequest {
    std::string file = "ghostpeer.yaml";  ///< `-`: standard output
};
struct SchemaRequest {
    std::string of = "profile";  ///< or `events`
};
struct DoctorRequest {};
struct CompletionRequest {
    std::string shell;
};
struct WarpRequest {
    enum class Action { build, list, remove };
    Action action = Action::list;
    std::vector<std::string> kernels;  ///< series; empty: the default one, or for `remove` all
    std::string source;                ///< of `build`: where the kernel's source is
};
struct SweepRequest {
    campaign::SweepOptions options;
};
struct SurveyRequest {
    campaign::SurveyOptions options;
};
/// Nothing is left to do but to print a text (help, version, a usage error) and to end.
struct PrintRequest {
    std::string text;
    bool is_error = false;
    int status = 0;
};

using Request =
    std::variant<RunRequest, ServeRequest, ListRequest, ShowRequest, CheckRequest, ReportRequest,
                 JudgeRequest, CompletionRequest, WarpRequest, ctl::Request, SweepRequest,
                 SurveyRequest, LearnRequest, CompareRequest, InitRequest, SchemaRequest,
                 DoctorRequest, PrintRequest>;

/// Never throws and never ends the program.
[[nodiscard]] Request parse_command_line(int argc, const char* const* argv);

}  // namespace ghostpeer::cli
