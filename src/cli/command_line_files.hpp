// Commands about profiles and records. Only the files command_line*.cpp see CLI11.
#pragma once

#include "cli/command_line.hpp"
#include "cli/command_line_common.hpp"

#include <string>
#include <vector>

namespace ghostpeer::cli {

// Each adds its command to `app` and reads what follows it into the request.
CLI::App* add_list(CLI::App& app, ListRequest& listed);
CLI::App* add_show(CLI::App& app, ShowRequest& shown);
CLI::App* add_check(CLI::App& app, CheckRequest& checked, std::vector<std::string>& parameters);
CLI::App* add_report(CLI::App& app, ReportRequest& reported);
CLI::App* add_judge(CLI::App& app, JudgeRequest& judged);
CLI::App* add_init(CLI::App& app, InitRequest& begun);
CLI::App* add_schema(CLI::App& app, SchemaRequest& described);
CLI::App* add_doctor(CLI::App& app);
CLI::App* add_completion(CLI::App& app, CompletionRequest& completed);

}  // namespace ghostpeer::cli
