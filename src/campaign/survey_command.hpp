#pragma once

#include "campaign/campaign.hpp"

#include <string>
#include <vector>

namespace ghostpeer::campaign {

/// `arguments`: of this process, to say how it is gone on with.
[[nodiscard]] int survey_command(const SurveyOptions& options,
                                 const sandbox::Inheritance& inheritance,
                                 const std::vector<std::string>& arguments, GuestRuns guest_runs);

}  // namespace ghostpeer::campaign
