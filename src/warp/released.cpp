#include "warp/released.hpp"

#include "warp/kernel_seal.hpp"
#include "warp/recipe.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

// `6.12=SHA-256`, of which tools/release knows; empty: this executable is of no release.
#ifndef GHOSTPEER_WARP_SUM
#define GHOSTPEER_WARP_SUM ""
#endif

namespace ghostpeer::warp {

Released locate_released() {
    Released released;
    std::error_code error;
    const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        released.folders.push_back(executable.parent_path());
        released.folders.push_back(executable.parent_path().parent_path() / "lib/ghostpeer");
    }
    released.folders.emplace_back("/usr/local/lib/ghostpeer");
    released.folders.emplace_back("/usr/lib/ghostpeer");
    // NOLINTNEXTLINE(readability-redundant-string-init): empty in a build that is no release
    const std::string_view entry = GHOSTPEER_WARP_SUM;
    if (const auto equals = entry.find('='); equals != std::string_view::npos) {
        released.series = entry.substr(0, equals);
        released.sum = entry.substr(equals + 1);
    }
    return released;
}

std::optional<tl::expected<Kernel, std::string>> find_released(const Released& released,
                                                               std::string_view series) {
    const Recipe* const recipe = find_recipe(series);
    if (recipe == nullptr) {
        return std::nullopt;
    }
    Kernel kernel;
    kernel.release = series;
    kernel.machine = this_machine();
    kernel.fingerprint = fingerprint(*recipe, configuration(), kernel.machine);
    const std::string name = fmt::format("ghostpeer-warp-{}-{}", series, kernel.machine);
    for (const auto& folder : released.folders) {
        kernel.path = folder / name;
        if (access(kernel.path.c_str(), F_OK) != 0) {
            continue;
        }
        const auto refuse = [&](std::string_view why) {
            return tl::make_unexpected(fmt::format("{} {}", kernel.path.string(), why));
        };
        if (released.sum.empty() || released.series != series) {
            return refuse(
                "belongs to a release, and this executable to none or to another, so it is not "
                "run. Take the release's executable, or build a kernel: 'ghostpeer warp build'.");
        }
        if (access(kernel.path.c_str(), R_OK | X_OK) != 0) {
            return refuse("may not be run. Allow it: 'chmod 755' on that file.");
        }
        if (sha256_of(kernel.path) != released.sum) {
            return refuse(
                "is not the kernel of this executable's release (its SHA-256 is another), so it is "
                "not run. Download it again.");
        }
        std::error_code error;
        kernel.size = std::filesystem::file_size(kernel.path, error);
        return kernel;
    }
    return std::nullopt;
}

}  // namespace ghostpeer::warp
