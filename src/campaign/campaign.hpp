// The runs of a sweep or a survey, each what `ghostpeer run` is.
#pragma once

#include "campaign/options.hpp"
#include "loop/clock.hpp"
#include "loop/signals.hpp"
#include "sandbox/inheritance.hpp"
#include "sweep/helpers.hpp"
#include "sweep/plan.hpp"
#include "sweep/results.hpp"
#include "sweep/runs.hpp"
#include "warp/run_directory.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::campaign {

/// Where the runs' files go: the folder of --output, or, where nothing but a plan is wanted, one
/// that goes with `scratch`, so that what an earlier one has left stays. The error is a complete
/// sentence.
[[nodiscard]] tl::expected<sweep::Folder, std::string> make_folder(
    const CampaignOptions& options, std::optional<warp::RunDirectory>& scratch);

/// What a process of a sweep does that makes its runs in virtual time: until no more steps come
/// through `channel` (sweep/helpers.hpp), or a signal says to end.
using GuestRuns = void (*)(int channel, const sandbox::Inheritance& inheritance);

class Campaign {
  public:
    Campaign(const CampaignOptions& options, const sandbox::Inheritance& inheritance,
             GuestRuns guest_runs);

    /// What the options mean for each run: the kernel or real time, the limit, the seed. Where
    /// there is no kernel it says so. The error is a complete sentence.
    [[nodiscard]] tl::expected<std::vector<std::string>, std::string> common_options();

    /// `one` twice. Not set: interrupted.
    [[nodiscard]] std::optional<std::array<sweep::Evidence, 2>> run_baseline(
        const sweep::Plan& plan, const sweep::Case& one, const sweep::Folder& folder);

    enum class End { done, interrupted, failed };
    /// What of the plan is not in `results` yet and is this shard's. `failed`: it has said why.
    [[nodiscard]] End run(const sweep::Plan& plan, const sweep::Shard& shard,
                          const sweep::Folder& folder, sweep::Results& results);

  private:
    [[nodiscard]] bool work(const std::function<std::optional<sweep::Job>()>& next,
                            const std::function<bool(const sweep::JobEnd&)>& ended,
                            const std::function<void()>& tick);
    [[nodiscard]] std::size_t hands() const;

    const CampaignOptions& options_;
    const sandbox::Inheritance& inheritance_;
    GuestRuns guest_runs_;
    /// From the first run on; before, when profiles are read, they end the process.
    std::optional<loop::SignalReader> signals_;
    loop::Clock clock_;
    bool real_ = false;
    std::optional<sweep::Helpers> guests_;  ///< in virtual time, from the first run on
};

}  // namespace ghostpeer::campaign
