#include "cli/sweep_command.hpp"

#include "cli/campaign.hpp"
#include "cli/campaign_results.hpp"
#include "event/exit_status.hpp"
#include "posix/message.hpp"
#include "sweep/baseline.hpp"
#include "sweep/position.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace ghostpeer::cli {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] bool is_path(const std::string& profile) {
    return profile.find('/') != std::string::npos || profile.ends_with(".yaml") ||
           profile.ends_with(".yml");
}

/// How a profile in `folder` names the one under test.
[[nodiscard]] std::string seen_from(const std::string& profile, const fs::path& folder) {
    if (!is_path(profile)) {
        return profile;
    }
    std::error_code error;
    const fs::path relative = fs::relative(profile, folder, error);
    const std::string name =
        error || relative.empty() ? fs::absolute(profile).string() : relative.string();
    return is_path(name) ? name : "./" + name;
}

/// The plan, once the program has shown what it does by itself. Not set: it has been said why, and
/// `status` is the exit status.
[[nodiscard]] std::optional<sweep::Plan> make_plan(const SweepOptions& options, Campaign& campaign,
                                                   const sweep::Folder& folder, int& status) {
    status = exit_cannot;
    const auto common = campaign.common_options();
    if (!common) {
        complain(common.error());
        return std::nullopt;
    }
    sweep::Plan plan;
    plan.subject = options.profile.value_or(options.port ? "healthy-client" : "healthy");
    plan.command = options.command;
    plan.around = options.around;
    plan.around.folder = fs::current_path().string();
    plan.slow = to_seconds(options.slow);
    sweep::Case one;
    one.profile = plan.subject;
    one.options = *common;
    one.peers = options.peers;
    one.command = plan.command;
    const auto evidence = campaign.run_baseline(plan, one, folder);
    if (!evidence) {
        complain("It was interrupted before anything was tried.");
        status = exit_signal_base + SIGINT;
        return std::nullopt;
    }
    const sweep::PositionLimits limits{options.attempt, options.bytes, options.at};
    auto baseline = sweep::compare_baseline(*evidence, limits);
    if (!baseline) {
        complain(baseline.error());
        return std::nullopt;
    }
    for (const std::string& remark : baseline->remarks) {
        complain(remark);
    }
    plan.baselines.push_back(std::move(baseline->baseline));
    sweep::add_cases(plan, baseline->positions, options.faults,
                     seen_from(plan.subject, folder.path()));
    for (sweep::Case& run : plan.cases) {
        run.options = *common;
        run.peers = options.peers;
    }
    if (plan.cases.empty()) {
        complain("None of these faults can be at any position of the conversation.");
        return std::nullopt;
    }
    return plan;
}

}  // namespace

int sweep_command(const SweepOptions& options, const sandbox::Inheritance& inheritance,
                  const std::vector<std::string>& arguments) {
    if (options.explain_faults) {
        return print_output(sweep::explain_faults()) ? exit_success : exit_cannot;
    }
    if (!options.merge.empty()) {
        return merge_results(options);
    }
    Campaign campaign(options, inheritance);
    if (options.resume) {
        return resume_campaign(options, campaign, arguments);
    }
    auto folder = sweep::Folder::create(options.output);
    if (!folder) {
        complain(folder.error());
        return exit_cannot;
    }
    int status = exit_cannot;
    const auto plan = make_plan(options, campaign, *folder, status);
    if (!plan) {
        return status;
    }
    return begin_campaign(options, campaign, *plan, *folder, arguments);
}

}  // namespace ghostpeer::cli
