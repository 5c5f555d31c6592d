// What is made of a sweep's or a survey's results, and what is done to get at them.
#pragma once

#include "campaign/campaign.hpp"
#include "campaign/options.hpp"
#include "sweep/plan.hpp"
#include "sweep/results.hpp"

#include <string>
#include <vector>

namespace ghostpeer::campaign {

/// Does the plan, or writes it where that is what is asked for, and shows and writes everything;
/// the exit status. `arguments`: of this process, to say how it is gone on with.
[[nodiscard]] int begin_campaign(const CampaignOptions& options, Campaign& campaign,
                                 const sweep::Plan& plan, const sweep::Folder& folder,
                                 const std::vector<std::string>& arguments);

/// `--resume`
[[nodiscard]] int resume_campaign(const CampaignOptions& options, Campaign& campaign,
                                  const std::vector<std::string>& arguments);

/// `--merge`
[[nodiscard]] int merge_results(const CampaignOptions& options);

}  // namespace ghostpeer::campaign
