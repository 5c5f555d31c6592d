// `--warp=6.1,6.12`: the same run on several kernels, side by side.
#pragma once

#include "guests/host.hpp"
#include "setup/run_options.hpp"
#include "warp/guest_spec.hpp"
#include "warp/kernel_store.hpp"

#include <string>
#include <vector>

namespace ghostpeer::guests {

/// What a kernel's files are told apart by: `-6.1`.
[[nodiscard]] std::string suffix_of(const std::string& series);
/// `run.jsonl` and `-6.1` make `run-6.1.jsonl`.
[[nodiscard]] std::string with_suffix(const std::string& file, const std::string& suffix);

/// All of them in order, then the comparison on standard error. The first status that is not 0
/// is the whole's.
[[nodiscard]] int compare_kernels(const std::vector<warp::Kernel>& kernels,
                                  const setup::RunOptions& options, const warp::GuestSpec& spec,
                                  Host& host);

}  // namespace ghostpeer::guests
