#include "cli/command_line_mistakes.hpp"

#include "event/exit_status.hpp"
#include "help/mistakes.hpp"

#include <algorithm>

namespace ghostpeer::cli {
namespace {

/// The names of options, such as `--timeout` and `-q`.
[[nodiscard]] std::vector<std::string> names_of_options(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
        for (const std::string& name : option->get_snames()) {
            names.push_back("-" + name);
        }
    }
    return names;
}

}  // namespace

PrintRequest usage_error(const std::string& message, const std::string& help) {
    return {"ghostpeer: " + message + "\nSee `" + help + "`.\n", true, exit_cannot};
}

PrintRequest describe_mistake(const CLI::App& app, const std::string& problem,
                              const std::vector<std::string>& words, bool has_command) {
    const auto first = words.empty() ? std::string() : words.front();
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    const auto at = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) {
        return command->get_name() == first;
    });
    if (at == commands.end()) {
        if (first.empty()) {
            return usage_error("what to do? Most begin with: ghostpeer run PROFILE -- COMMAND…",
                               "ghostpeer --help");
        }
        if (first.front() == '-') {
            return usage_error(help::unexpected_words(words, {first}, names_of_options(app), false),
                               "ghostpeer --help");
        }
        std::vector<std::string> known;
        known.reserve(commands.size());
        for (const CLI::App* command : commands) {
            known.push_back(command->get_name());
        }
        return usage_error(help::unknown_command(first, known), "ghostpeer --help");
    }
    const auto help = "ghostpeer " + first + " --help";
    if (const auto left = (*at)->remaining(true); !left.empty()) {
        const bool takes_command = first == "run" || first == "sweep" || first == "survey";
        return usage_error(help::unexpected_words(words, left, names_of_options(**at),
                                                  takes_command && !has_command),
                           help);
    }
    return usage_error(problem + (problem.empty() || problem.back() != '.' ? "." : ""), help);
}

}  // namespace ghostpeer::cli
