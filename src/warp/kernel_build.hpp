// Builds a kernel for virtual time from the distribution's own source package.
#pragma once

#include "warp/kernel_store.hpp"

#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

struct BuildRequest {
    std::string series;
    /// The archive; empty: where the distribution's package puts it.
    std::string source;
    /// `stage` is a few words; `percent` counts within it, negative: not known.
    std::function<void(std::string_view stage, int percent)> progress;
};

/// What an earlier, interrupted build has done is not done again. A kernel that is there already is
/// returned. The error is complete sentences, several lines where a log is quoted.
[[nodiscard]] tl::expected<Kernel, std::string> build_kernel(const KernelStore& store,
                                                             const BuildRequest& request);

/// Removes kernels of these series, or all, and what builds have left. Says what, one line each.
[[nodiscard]] tl::expected<std::string, std::string> remove_kernels(
    const KernelStore& store, const std::vector<std::string>& series);

/// Why this machine cannot build, or nothing; all that is missing at once.
[[nodiscard]] std::string explain_missing(std::string_view series,
                                          const std::vector<std::string>& missing_packages);

}  // namespace ghostpeer::warp
