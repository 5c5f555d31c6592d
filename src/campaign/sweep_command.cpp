#include "campaign/sweep_command.hpp"

#include "campaign/campaign.hpp"
#include "campaign/results.hpp"
#include "event/exit_status.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "posix/message.hpp"
#include "sweep/baseline.hpp"
#include "sweep/position.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace ghostpeer::campaign {
namespace {

namespace fs = std::filesystem;

/// A section for profiles of a peer that dials but once: another client comes later, and is to get
/// its answer. Empty: none is needed.
[[nodiscard]] std::string next_client(const std::string& profile, bool is_real) {
    const auto loaded = profile::load(profile);
    if (!loaded.profile || loaded.profile->role != profile::Role::client ||
        loaded.profile->client.connections > 1) {
        return {};
    }
    // Ten seconds later; where time costs time, two.
    return fmt::format("client: {{connections: 2, rate: {}}}\n", is_real ? "0.5" : "0.1");
}

/// Of faults that users have written, those are left out that cannot be where they were to be: what
/// a rule may do depends on its event. False: one cannot be anywhere, and it has been said why.
[[nodiscard]] bool leave_out(sweep::Plan& plan, const SweepOptions& options,
                             const sweep::Folder& folder) {
    profile::Parameters parameters;
    for (const auto& [name, value] : options.parameters) {
        parameters[name] = value;
    }
    const fs::path scratch = folder.file(0, "yaml");
    const auto forget = [&] {
        std::error_code ignored;
        fs::remove(scratch, ignored);
    };
    for (const sweep::Fault& fault : options.faults) {
        std::optional<std::string> why;
        bool any = fault.actions.empty();
        const auto cannot_be = [&](const sweep::Case& one) {
            if (fault.actions.empty() || one.row != fault.name) {
                return false;
            }
            if (const auto written = folder.write_profile(scratch, one, plan.subject); !written) {
                why = written.error();
                return true;
            }
            const auto loaded = profile::load(
                scratch.is_absolute() ? scratch.string() : "./" + scratch.string(), parameters);
            if (!loaded.profile && !why) {
                why = loaded.errors.empty() ? std::string() : loaded.errors.front().message;
            }
            any = any || loaded.profile;
            return !loaded.profile;
        };
        const std::size_t before = plan.cases.size();
        std::erase_if(plan.cases, cannot_be);
        plan.impossible += before - plan.cases.size();
        if (!any && why) {
            forget();
            complain(fmt::format(
                "the fault {} cannot be at any of these positions: {}. Its file holds actions as "
                "`do:` of a rule takes them, such as `reset` or `[drop, forget]`.",
                fault.name, *why));
            return false;
        }
    }
    forget();
    for (std::size_t at = 0; at < plan.cases.size(); ++at) {
        plan.cases[at].number = at + 1;
    }
    return true;
}

/// The plan, once the program has shown what it does by itself. Not set: it has been said why, and
/// `status` is the exit status.
[[nodiscard]] std::optional<sweep::Plan> make_plan(const SweepOptions& options,
                                                   const std::vector<std::string>& common,
                                                   Campaign& campaign, const sweep::Folder& folder,
                                                   int& status) {
    status = exit_cannot;
    sweep::Plan plan;
    plan.subject = options.profile.value_or(options.port ? "healthy-client" : "healthy");
    plan.command = options.command;
    plan.around = options.around;
    plan.around.folder = fs::current_path().string();
    plan.slow = to_seconds(options.slow);
    sweep::Case one;
    one.row = "baseline";
    one.column = plan.subject;
    one.profile = plan.subject;
    one.rules = next_client(plan.subject, options.real);
    one.options = common;
    one.peers = options.peers;
    one.command = plan.command;
    for (int which = 0; which < 2 && !one.rules.empty(); ++which) {
        fs::path file = folder.baseline_stem(0, which);
        file += ".yaml";
        if (const auto written = folder.write_profile(file, one, plan.subject); !written) {
            complain(written.error());
            return std::nullopt;
        }
    }
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
    if (baseline->baseline.last_answer) {
        // The last client is there to tell whether the server still answers.
        std::erase_if(baseline->positions, [&](const sweep::Position& position) {
            return position.attempt >= baseline->baseline.attempts;
        });
    }
    plan.baselines.push_back(std::move(baseline->baseline));
    sweep::add_cases(plan, baseline->positions, options.faults);
    for (sweep::Case& run : plan.cases) {
        run.rules = one.rules + run.rules;
        run.options = common;
        run.peers = options.peers;
    }
    if (!leave_out(plan, options, folder)) {
        return std::nullopt;
    }
    if (plan.cases.empty()) {
        complain("None of these faults can be at any position of the conversation.");
        return std::nullopt;
    }
    return plan;
}

}  // namespace

int sweep_command(const SweepOptions& options, const sandbox::Inheritance& inheritance,
                  const std::vector<std::string>& arguments, GuestRuns guest_runs) {
    if (options.explain_faults) {
        return print_output(sweep::explain_faults()) ? exit_success : exit_cannot;
    }
    if (!options.merge.empty()) {
        return merge_results(options);
    }
    Campaign campaign(options, inheritance, guest_runs);
    if (options.resume) {
        return resume_campaign(options, campaign, arguments);
    }
    const auto common = campaign.common_options();
    if (!common) {
        complain(common.error());
        return exit_cannot;
    }
    std::optional<warp::RunDirectory> scratch;
    const auto folder = make_folder(options, scratch);
    if (!folder) {
        complain(folder.error());
        return exit_cannot;
    }
    int status = exit_cannot;
    const auto plan = make_plan(options, *common, campaign, *folder, status);
    if (!plan) {
        return status;
    }
    return begin_campaign(options, campaign, *plan, *folder, arguments);
}

}  // namespace ghostpeer::campaign
