#include "warp/recipe.hpp"

#include <fmt/format.h>

namespace ghostpeer::warp {
namespace {

/// FNV-1a; it has to tell versions apart, not to withstand anybody.
[[nodiscard]] std::uint64_t hash(std::uint64_t so_far, std::string_view text) noexcept {
    for (const char c : text) {
        so_far = (so_far ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return (so_far ^ 0xff) * 0x100000001b3U;  // an end, so that "ab","c" is not "a","bc"
}

}  // namespace

const Recipe* find_recipe(std::string_view series) noexcept {
    for (const Recipe& recipe : recipes()) {
        if (recipe.series == series) {
            return &recipe;
        }
    }
    return nullptr;
}

std::string series_list() {
    std::string list;
    for (const Recipe& recipe : recipes()) {
        list += (list.empty() ? "" : ", ") + std::string(recipe.series);
    }
    return list;
}

std::string fingerprint(const Recipe& recipe, std::string_view configuration,
                        std::string_view machine) {
    std::uint64_t value = 0xcbf29ce484222325U;
    for (const std::string_view part : {recipe.series, recipe.patch, configuration, machine}) {
        value = hash(value, part);
    }
    return fmt::format("{:016x}", value);
}

}  // namespace ghostpeer::warp
