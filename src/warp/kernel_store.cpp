#include "warp/kernel_store.hpp"

#include "warp/recipe.hpp"
#include "warp/released.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace ghostpeer::warp {
namespace {

constexpr std::string_view prefix = "linux-";
constexpr const char* shared_folder = "/var/cache/ghostpeer";

[[nodiscard]] std::filesystem::path own_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/') {
        return std::filesystem::path(cache) / "ghostpeer";
    }
    if (geteuid() == 0) {
        return shared_folder;
    }
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home != '/') {
        const passwd* user = getpwuid(geteuid());
        home = user != nullptr ? user->pw_dir : "/nonexistent";
    }
    return std::filesystem::path(home) / ".cache/ghostpeer";
}

void append_kernels(const std::filesystem::path& folder, std::vector<Kernel>& kernels) {
    std::error_code error;
    std::vector<Kernel> found;
    for (std::filesystem::directory_iterator file(folder, error), end; !error && file != end;
         file.increment(error)) {
        auto kernel = parse_file_name(file->path().filename().string());
        if (!kernel || access(file->path().c_str(), R_OK | X_OK) != 0) {
            continue;
        }
        kernel->path = file->path();
        std::error_code no_size;
        kernel->size = file->file_size(no_size);
        found.push_back(std::move(*kernel));
    }
    std::sort(found.begin(), found.end(),
              [](const Kernel& a, const Kernel& b) { return a.path < b.path; });
    std::move(found.begin(), found.end(), std::back_inserter(kernels));
}

}  // namespace

bool Kernel::is_of(std::string_view series) const {
    return release == series || release.starts_with(std::string(series) + ".");
}

std::string file_name(const Kernel& kernel) {
    return fmt::format("{}{}-{}-{}", prefix, kernel.release, kernel.machine, kernel.fingerprint);
}

std::optional<Kernel> parse_file_name(std::string_view name) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(prefix.size());
    const auto last = name.rfind('-');
    const auto middle = last == std::string_view::npos ? last : name.rfind('-', last - 1);
    if (middle == std::string_view::npos || middle == 0 || last == middle + 1) {
        return std::nullopt;
    }
    Kernel kernel;
    kernel.release = name.substr(0, middle);
    kernel.machine = name.substr(middle + 1, last - middle - 1);
    kernel.fingerprint = name.substr(last + 1);
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    constexpr std::size_t digits = 16;
    if (kernel.fingerprint.size() != digits ||
        !std::all_of(kernel.fingerprint.begin(), kernel.fingerprint.end(), is_hex)) {
        return std::nullopt;
    }
    return kernel;
}

std::string this_machine() {
    utsname names{};
    return uname(&names) == 0 ? names.machine : "unknown";
}

KernelStore KernelStore::locate() {
    auto own = own_folder();
    std::vector<std::filesystem::path> others;
    if (own != shared_folder) {
        others.emplace_back(shared_folder);
    }
    return {std::move(own), std::move(others), locate_released()};
}

KernelStore::KernelStore(std::filesystem::path own, std::vector<std::filesystem::path> others,
                         Released released)
    : own_(std::move(own)), others_(std::move(others)), released_(std::move(released)) {}

std::vector<Kernel> KernelStore::built() const {
    std::vector<Kernel> kernels;
    append_kernels(own_, kernels);
    for (const auto& folder : others_) {
        append_kernels(folder, kernels);
    }
    return kernels;
}

std::vector<Kernel> KernelStore::list() const {
    auto kernels = built();
    for (const Recipe& recipe : recipes()) {
        if (auto released = find_released(released_, recipe.series); released && *released) {
            kernels.push_back(std::move(**released));
        }
    }
    return kernels;
}

bool KernelStore::is_current(const Kernel& kernel) {
    return kernel.machine == this_machine() &&
           std::any_of(recipes().begin(), recipes().end(), [&](const Recipe& recipe) {
               return kernel.is_of(recipe.series) &&
                      kernel.fingerprint == fingerprint(recipe, configuration(), kernel.machine);
           });
}

tl::expected<Kernel, std::string> KernelStore::find(std::string_view series) const {
    const std::string build = fmt::format(
        "Build it once, in a few minutes: ghostpeer warp build "
        "--kernel {}",
        series);
    if (find_recipe(series) == nullptr) {
        return tl::make_unexpected(fmt::format(
            "There is no kernel {} for --warp. The ones that ghostpeer can build are {}.", series,
            series_list()));
    }
    const Kernel* stale = nullptr;
    const auto kernels = built();
    for (const Kernel& kernel : kernels) {
        if (!kernel.is_of(series)) {
            continue;
        }
        if (is_current(kernel)) {
            return kernel;
        }
        stale = &kernel;
    }
    if (auto released = find_released(released_, series)) {
        return std::move(*released);
    }
    if (stale == nullptr) {
        return tl::make_unexpected(fmt::format(
            "--warp needs a kernel that can skip time, and there is no {} in {} yet. {}", series,
            own_.string(), build));
    }
    if (stale->machine != this_machine()) {
        return tl::make_unexpected(fmt::format("The kernel {} is for {} and this machine is {}. {}",
                                               stale->path.string(), stale->machine, this_machine(),
                                               build));
    }
    return tl::make_unexpected(
        fmt::format("The kernel {} was built by another version of ghostpeer, with another patch "
                    "or configuration. {}",
                    stale->path.string(), build));
}

}  // namespace ghostpeer::warp
