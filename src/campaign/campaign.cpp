#include "campaign/campaign.hpp"

#include "ghostpeer/profile/loader.hpp"
#include "loop/last_resort.hpp"
#include "posix/message.hpp"
#include "sweep/progress.hpp"
#include "warp/kernel_store.hpp"
#include "warp/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>

namespace ghostpeer::campaign {
namespace {

constexpr const char* own_executable = "/proc/self/exe";

/// Of a program that wakes up all the time and finds nothing: each hour of that costs as much as
/// many runs.
constexpr Duration most_polling = std::chrono::hours(1);

/// Why the folder of --copy cannot be copied for each run; empty: it can.
[[nodiscard]] std::string distrust_copy(const std::string& copy, const std::string& output) {
    namespace fs = std::filesystem;
    if (copy.empty()) {
        return {};
    }
    std::error_code error;
    if (!fs::is_directory(copy, error)) {
        return fmt::format("--copy {}: there is no such folder.", copy);
    }
    const fs::path from = fs::canonical(copy, error);
    const fs::path to = fs::weakly_canonical(output, error);
    const auto [end, ignored] = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
    return error || end != from.end()
               ? std::string()
               : fmt::format(
                     "--copy {0}: the runs' files are in it ({1}), and would be copied into "
                     "themselves. Name a folder outside of {0} with --output.",
                     copy, output);
}

}  // namespace

tl::expected<sweep::Folder, std::string> make_folder(const CampaignOptions& options,
                                                     std::optional<warp::RunDirectory>& scratch) {
    if (!options.plan) {
        return sweep::Folder::create(options.output);
    }
    auto made = warp::RunDirectory::create_for_programs();
    if (!made) {
        return tl::make_unexpected(std::move(made.error()));
    }
    scratch.emplace(std::move(*made));
    return sweep::Folder::create(scratch->path());
}

Campaign::Campaign(const CampaignOptions& options, const sandbox::Inheritance& inheritance,
                   GuestRuns guest_runs)
    : options_(options), inheritance_(inheritance), guest_runs_(guest_runs), real_(options.real) {}

tl::expected<std::vector<std::string>, std::string> Campaign::common_options() {
    if (auto problem = distrust_copy(options_.around.copy, options_.output); !problem.empty()) {
        return tl::make_unexpected(std::move(problem));
    }
    std::vector<std::string> words;
    if (!real_) {
        const auto store = warp::KernelStore::locate();
        const bool chosen = !options_.kernels.empty();
        const std::string series =
            chosen ? options_.kernels.front() : std::string(warp::recipes().front().series);
        for (const std::string& one : options_.kernels) {
            if (const auto kernel = store.find(one); !kernel) {
                return tl::make_unexpected(kernel.error());
            }
        }
        if (!chosen && !store.find(series)) {
            complain(
                "There is no kernel for virtual time, so the runs are in real time; `ghostpeer "
                "warp build` builds one in some minutes.");
            real_ = true;
        }
        if (!real_) {
            words.push_back(chosen ? "--warp=" + series : "--warp");
            words.emplace_back("--free-work");
            words.push_back(profile::format_time(options_.free_work));
        }
    }
    words.emplace_back("--seed");
    words.push_back(std::to_string(options_.seed));
    words.emplace_back("--timeout");
    words.push_back(profile::format_time(real_ ? options_.timeout : options_.limit));
    if (!real_ && options_.limit > most_polling) {
        words.emplace_back("--poll-timeout");
        words.push_back(profile::format_time(most_polling));
    }
    words.insert(words.end(), options_.run_options.begin(), options_.run_options.end());
    return words;
}

std::size_t Campaign::hands() const {
    if (options_.jobs) {
        return *options_.jobs;
    }
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    constexpr std::size_t waiting = 4;  // in real time most of a run is waiting
    return real_ ? processors * waiting : processors;
}

bool Campaign::work(const std::function<std::optional<sweep::Job>()>& next,
                    const std::function<bool(const sweep::JobEnd&)>& ended,
                    const std::function<void()>& tick) {
    sweep::Crew crew;
    crew.hands = hands();
    crew.apart = !real_;  // a guest stays on the processor that it began on
    crew.ignored = inheritance_.ignored;
    if (!real_ && !guests_) {
        guests_.emplace([this](int channel) { guest_runs_(channel, inheritance_); });
    }
    crew.helpers = guests_ ? &*guests_ : nullptr;
    if (!signals_) {
        signals_.emplace();
    }
    crew.interrupt_fd = signals_->fd();
    bool interrupted = false;
    crew.interrupted = [&] {
        while (signals_->next()) {
            interrupted = true;
        }
        return interrupted;
    };
    crew.next = next;
    crew.ended = ended;
    crew.tick = [&] {
        tick();
        if (interrupted) {
            last_resort::put_off();  // the children have a patience of their own
        }
    };
    const bool whole = sweep::work(crew);
    if (!whole) {
        guests_.reset();
    }
    return whole;
}

std::optional<std::array<sweep::Evidence, 2>> Campaign::run_baseline(const sweep::Plan& plan,
                                                                     const sweep::Case& one,
                                                                     const sweep::Folder& folder) {
    std::array<sweep::Evidence, 2> evidence;
    std::size_t which = 0;
    const auto next = [&]() -> std::optional<sweep::Job> {
        if (which == evidence.size()) {
            return std::nullopt;
        }
        auto job = sweep::make_job(
            plan, one, folder.baseline_stem(one.program, static_cast<int>(which)), own_executable);
        job.number = which++;
        return job;
    };
    const bool whole = work(
        next,
        [&](const sweep::JobEnd& end) {
            evidence.at(end.number) = sweep::collect(
                folder.baseline_stem(one.program, static_cast<int>(end.number)), end);
            return true;
        },
        [] {});
    return whole ? std::optional(std::move(evidence)) : std::nullopt;
}

Campaign::End Campaign::run(const sweep::Plan& plan, const sweep::Shard& shard,
                            const sweep::Folder& folder, sweep::Results& results) {
    const auto& cases = plan.cases;
    // A plan that is gone on with may have been made where there was no kernel.
    real_ =
        !cases.empty() && std::none_of(cases.front().options.begin(), cases.front().options.end(),
                                       [](const auto& word) { return word.starts_with("--warp"); });
    const auto is_own = [&](const sweep::Case& one) { return shard.has(one.number); };
    const auto is_done = [&](const sweep::Case& one) {
        return is_own(one) && results.contains(one.number);
    };
    auto at = cases.begin();
    const auto next = [&]() -> std::optional<sweep::Job> {
        at = std::find_if(at, cases.end(),
                          [&](const auto& one) { return is_own(one) && !is_done(one); });
        if (at == cases.end()) {
            return std::nullopt;
        }
        const sweep::Case& one = *at++;
        folder.forget(one.number);  // a run that was killed may have left a copy, or its complaint
        return sweep::make_job(plan, one, folder.file(sweep::number_text(one.number)),
                               own_executable);
    };
    std::optional<std::string> problem;
    sweep::Progress progress(
        static_cast<std::size_t>(std::count_if(cases.begin(), cases.end(), is_done)),
        static_cast<std::size_t>(std::count_if(cases.begin(), cases.end(), is_own)), options_.quiet,
        [this, began = clock_.now()] { return to_seconds(clock_.now() - began); });
    const bool whole = work(
        next,
        [&](const sweep::JobEnd& end) {
            const sweep::Case& one = plan.cases[end.number - 1];
            const auto evidence = sweep::collect(folder.file(sweep::number_text(one.number)), end);
            const auto result = sweep::judge(one, plan.baselines[one.program], evidence, plan.slow);
            if (const auto added = folder.add(result); !added) {
                problem = added.error();
                return false;
            }
            const bool is_quiet =
                !sweep::is_finding(result.outcome) && result.outcome != sweep::Outcome::undone;
            // Whoever merges shards may want all their pages.
            if (is_quiet && !options_.report && shard.count == 1) {
                folder.forget(one.number);
            }
            results[one.number] = result;
            progress.count(one);
            return true;
        },
        [&] { progress.show(); });
    progress.clear();
    if (problem) {
        complain(*problem);
        return End::failed;
    }
    return whole ? End::done : End::interrupted;
}

}  // namespace ghostpeer::campaign
