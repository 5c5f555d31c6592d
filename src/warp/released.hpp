// The kernel that a release has as a file, `ghostpeer-warp-SERIES-MACHINE`.
#pragma once

#include "warp/kernel_store.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

/// Where a release's kernels may lie, and which of them belong to this executable.
[[nodiscard]] Released locate_released();

/// The one of this series; nothing: there is no such file. It is read in full: what has another
/// SHA-256 than this executable was released with is an error, a complete sentence.
[[nodiscard]] std::optional<tl::expected<Kernel, std::string>> find_released(
    const Released& released, std::string_view series);

}  // namespace ghostpeer::warp
