#include "campaign/survey_command.hpp"
#include "campaign/sweep_command.hpp"
#include "cli/catalogue_commands.hpp"
#include "cli/command_line.hpp"
#include "cli/guest_helper.hpp"
#include "cli/heap.hpp"
#include "cli/help_commands.hpp"
#include "cli/judge_command.hpp"
#include "cli/learn_command.hpp"
#include "cli/report_command.hpp"
#include "cli/warp_command.hpp"
#include "compare/command.hpp"
#include "event/exit_status.hpp"
#include "guests/run_somehow.hpp"
#include "posix/message.hpp"
#include "run/serve_command.hpp"
#include "sandbox/inheritance.hpp"
#include "sandbox/traced_start.hpp"
#include "warp/guest_init.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#ifdef GHOSTPEER_STATIC
#include <nss.h>
#endif

namespace {

using namespace ghostpeer;
using namespace ghostpeer::cli;

struct Perform {
    const sandbox::Inheritance& inheritance;
    const std::vector<std::string>& arguments;

    int operator()(const RunRequest& request) const {
        return guests::run_somehow(request.options, inheritance, arguments);
    }
    int operator()(const ServeRequest& request) const {
        return run::serve_command(request.options, inheritance);
    }
    int operator()(const SweepRequest& request) const {
        return campaign::sweep_command(request.options, inheritance, arguments, do_guest_runs);
    }
    int operator()(const SurveyRequest& request) const {
        return campaign::survey_command(request.options, inheritance, arguments, do_guest_runs);
    }
    int operator()(const ctl::Request& request) const { return ctl::command(request); }
    int operator()(const ListRequest& request) const { return list_command(request); }
    int operator()(const ShowRequest& request) const { return show_command(request); }
    int operator()(const CheckRequest& request) const { return check_command(request); }
    int operator()(const ReportRequest& request) const { return report_command(request); }
    int operator()(const JudgeRequest& request) const { return judge_command(request); }
    int operator()(const LearnRequest& request) const { return learn_command(request); }
    int operator()(const CompareRequest& request) const {
        return compare::command(request.files, request.connections);
    }
    int operator()(const WarpRequest& request) const { return warp_command(request); }
    int operator()(const InitRequest& request) const { return init_command(request); }
    int operator()(const SchemaRequest& request) const { return schema_command(request); }
    int operator()(const DoctorRequest& request) const { return doctor_command(request); }
    int operator()(const CompletionRequest& request) const { return completion_command(request); }
    int operator()(const PrintRequest& request) const {
        if (request.is_error) {
            print_message(request.text);
            return request.status;
        }
        return print_output(request.text) ? request.status : exit_cannot;
    }
};

/// A static executable loads nothing, whatever nsswitch.conf(5) says: users are those of the files,
/// hosts those and what the name servers know.
void keep_to_what_is_linked() noexcept {
#ifdef GHOSTPEER_STATIC
    for (const char* const database : {"passwd", "group", "protocols", "services", "networks"}) {
        __nss_configure_lookup(database, "files");
    }
    __nss_configure_lookup("hosts", "files dns");
#endif
}

int perform(int argc, char** argv) {
    keep_to_what_is_linked();
    if (warp::is_guest_init(argc, argv)) {
        guest_main(argv[2]);
    }
    if (sandbox::is_traced_start(argc, argv)) {
        sandbox::traced_start(argc, argv);
    }
    // First, so that COMMAND inherits what ghostpeer itself was given.
    const auto inheritance = sandbox::Inheritance::capture();
    sandbox::reserve_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    // A file that may grow no more (RLIMIT_FSIZE) is an error of its writer.
    std::signal(SIGXFSZ, SIG_IGN);
    // Who started us may have ignored it, and then no child's end could be waited for.
    std::signal(SIGCHLD, SIG_DFL);
    prepare_heap();
    try {
        const std::vector<std::string> arguments(argv, argv + argc);
        return std::visit(Perform{inheritance, arguments}, parse_command_line(argc, argv));
    } catch (const std::exception& error) {
        print_message("ghostpeer: it could not go on: " + std::string(error.what()) + ".\n");
    }
    return exit_cannot;
}

}  // namespace

int main(int argc, char** argv) {
    const int status = perform(argc, argv);
#ifdef __SANITIZE_ADDRESS__
    return status;  // the leak checker has its turn
#else
    // What is static goes with the process: nothing of it has a part outside. `tools/bench start`.
    std::_Exit(status);
#endif
}
