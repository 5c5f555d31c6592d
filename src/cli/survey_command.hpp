#pragma once

#include "cli/sweep_options.hpp"
#include "sandbox/inheritance.hpp"

#include <string>
#include <vector>

namespace ghostpeer::cli {

/// `arguments`: of this process, to say how it is gone on with.
[[nodiscard]] int survey_command(const SurveyOptions& options,
                                 const sandbox::Inheritance& inheritance,
                                 const std::vector<std::string>& arguments);

}  // namespace ghostpeer::cli
