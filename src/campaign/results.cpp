#include "campaign/results.hpp"

#include "event/exit_status.hpp"
#include "posix/message.hpp"
#include "posix/shell_words.hpp"
#include "setup/version.hpp"
#include "sweep/merge.hpp"
#include "sweep/pages.hpp"
#include "sweep/reports.hpp"
#include "sweep/runs.hpp"
#include "sweep/snapshot.hpp"
#include "sweep/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace ghostpeer::campaign {
namespace {

namespace fs = std::filesystem;

/// False: it has been said why.
[[nodiscard]] bool write_file(const sweep::Folder& folder, const std::optional<std::string>& file,
                              const std::string& text) {
    if (!file) {
        return true;
    }
    if (*file == "-") {
        return print_output(text);
    }
    const auto written = folder.write(*file, text);
    if (!written) {
        complain(written.error());
    }
    return written.has_value();
}

/// The exit status by what the snapshot says.
[[nodiscard]] int use_snapshot(const CampaignOptions& options, const sweep::Plan& plan,
                               const sweep::Results& results, const sweep::Folder& folder) {
    const sweep::Snapshot now = sweep::take_snapshot(plan, results);
    const std::string& file = *options.snapshot;
    std::error_code error;
    if (options.update || !fs::exists(file, error)) {
        if (!write_file(folder, file, sweep::to_yaml(now, plan.command))) {
            return exit_cannot;
        }
        complain(
            fmt::format("The snapshot {} is written; what differs from it from now on is a "
                        "finding.",
                        file));
        return exit_success;
    }
    const auto before = sweep::parse_snapshot(sweep::read_text(file, sweep::longest_text));
    if (!before) {
        complain(fmt::format("The snapshot {} cannot be read: {}.", file, before.error()));
        return exit_cannot;
    }
    const auto changes = sweep::compare(*before, now);
    if (changes.empty()) {
        return print_output(fmt::format("Nothing differs from the snapshot {}.\n", file))
                   ? exit_success
                   : exit_cannot;
    }
    const std::string text = fmt::format(
        "{} {} from the snapshot {} (--update accepts it):\n{}", changes.size(),
        changes.size() == 1 ? "run differs" : "runs differ", file, sweep::describe(changes));
    return print_output(text) ? exit_verdict_failed : exit_cannot;
}

[[nodiscard]] int status_of(const CampaignOptions& options, const sweep::Results& results) {
    const auto counts = sweep::count_outcomes(results);
    if (counts[static_cast<std::size_t>(sweep::Outcome::undone)] > 0) {
        return exit_cannot;
    }
    const bool failed = std::any_of(
        options.fail_on.begin(), options.fail_on.end(),
        [&](sweep::Outcome outcome) { return counts[static_cast<std::size_t>(outcome)] > 0; });
    return failed ? exit_verdict_failed : exit_success;
}

[[nodiscard]] int show(const CampaignOptions& options, const sweep::Plan& plan,
                       const sweep::Folder& folder, const sweep::Results& results) {
    const auto repeat = [&](const sweep::Case& one) { return sweep::repeat_line(one, folder); };
    const bool takes_output = options.json == "-" || options.tap == "-";
    if (!takes_output && !print_output(sweep::describe(plan, results, repeat))) {
        return exit_cannot;
    }
    if (!write_file(folder, options.json, sweep::to_json(plan, results, repeat, version)) ||
        !write_file(folder, options.junit,
                    sweep::to_junit(plan, results, options.fail_on, repeat)) ||
        !write_file(folder, options.tap, sweep::to_tap(plan, results, options.fail_on, repeat))) {
        return exit_cannot;
    }
    if (options.report &&
        !sweep::write_pages(*options.report, plan, folder, results, repeat, version)) {
        return exit_cannot;
    }
    const int status = status_of(options, results);
    const bool whole = results.size() == plan.cases.size();
    if (!options.snapshot || status == exit_cannot) {
        return status;
    }
    if (!whole) {
        complain("The snapshot was left alone: not all of the plan has been run.");
        return status;
    }
    return use_snapshot(options, plan, results, folder);
}

[[nodiscard]] std::string how_to_go_on(const std::vector<std::string>& arguments,
                                       const sweep::Folder& folder) {
    std::vector<std::string> words{"ghostpeer"};
    if (arguments.size() > 1) {
        words.push_back(arguments[1]);
    }
    words.emplace_back("--resume");
    words.push_back(folder.path().string());
    bool is_own = true;  // and not COMMAND's
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        is_own = is_own && arguments[i] != "--";
        if (is_own && arguments[i] == "--resume") {
            ++i;  // its folder
        } else if (!is_own || !arguments[i].starts_with("--resume=")) {
            words.push_back(arguments[i]);
        }
    }
    return shell_line(words);
}

/// Does what is left of the plan.
[[nodiscard]] int finish_campaign(const CampaignOptions& options, Campaign& campaign,
                                  const sweep::Plan& plan, const sweep::Shard& shard,
                                  const sweep::Folder& folder, sweep::Results& results,
                                  const std::vector<std::string>& arguments) {
    const auto end = campaign.run(plan, shard, folder, results);
    if (end == Campaign::End::failed) {
        complain("What has been done so far is kept; go on with: " +
                 how_to_go_on(arguments, folder));
        return exit_cannot;
    }
    const int status = show(options, plan, folder, results);
    if (end == Campaign::End::interrupted) {
        complain("It was interrupted; go on with: " + how_to_go_on(arguments, folder));
        return exit_signal_base + SIGINT;
    }
    return status;
}

}  // namespace

int begin_campaign(const CampaignOptions& options, Campaign& campaign, const sweep::Plan& plan,
                   const sweep::Folder& folder, const std::vector<std::string>& arguments) {
    if (options.plan) {
        if (const auto written = folder.write(*options.plan, sweep::to_json(plan)); !written) {
            complain(written.error());
            return exit_cannot;
        }
        complain(fmt::format("{}: {} runs.", *options.plan, plan.cases.size()));
        return exit_success;
    }
    if (const auto written = folder.write_all(plan, options.shard); !written) {
        complain(written.error());
        return exit_cannot;
    }
    constexpr std::size_t many = 10'000;
    if (plan.cases.size() > many && plan.kind == "sweep" && !options.quiet) {
        complain(fmt::format("{} runs; --at, --attempt, --faults and --bytes=N choose fewer.",
                             plan.cases.size()));
    }
    sweep::Results results;
    return finish_campaign(options, campaign, plan, options.shard, folder, results, arguments);
}

int resume_campaign(const CampaignOptions& options, Campaign& campaign,
                    const std::vector<std::string>& arguments) {
    const auto folder = sweep::Folder::at(*options.resume);
    const auto plan = folder.read_plan();
    const auto shard = folder.read_shard();
    if (!plan || !shard) {
        complain(!plan ? plan.error() : shard.error());
        return exit_cannot;
    }
    if (std::error_code error; fs::current_path(error).string() != plan->around.folder) {
        complain(
            fmt::format("That sweep was begun in {}; go on with it there.", plan->around.folder));
        return exit_cannot;
    }
    auto results = folder.resume_results(*plan);
    if (!results) {
        complain(results.error());
        return exit_cannot;
    }
    std::erase_if(*results,
                  [](const auto& entry) { return entry.second.outcome == sweep::Outcome::undone; });
    return finish_campaign(options, campaign, *plan, *shard, folder, *results, arguments);
}

int merge_results(const CampaignOptions& options) {
    const auto merged = sweep::merge(options.merge);
    if (!merged) {
        complain(merged.error());
        return exit_cannot;
    }
    for (const std::string& remark : merged->remarks) {
        complain(remark);
    }
    const auto folder =
        sweep::collect_parts(*merged, options.merge, options.output, options.report.has_value());
    if (!folder) {
        complain(folder.error());
        return exit_cannot;
    }
    const int status = show(options, merged->plan, *folder, merged->results);
    return merged->remarks.empty() ? status : std::max(status, exit_verdict_failed);
}

}  // namespace ghostpeer::campaign
