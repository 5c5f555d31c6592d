#include "ghostpeer/profile/catalogue.hpp"

#include <algorithm>

namespace ghostpeer::profile {

// `catalogue` itself is generated from profiles/*.yaml (embed_catalogue.cmake).

std::optional<CatalogueEntry> find_in_catalogue(std::string_view name) noexcept {
    const auto entries = catalogue();
    const auto found = std::lower_bound(
        entries.begin(), entries.end(), name,
        [](const CatalogueEntry& entry, std::string_view wanted) { return entry.name < wanted; });
    return found != entries.end() && found->name == name ? std::optional(*found) : std::nullopt;
}

bool is_of_catalogue(std::string_view name) noexcept {
    for (;;) {
        const auto plus = name.find('+');
        if (!find_in_catalogue(name.substr(0, plus))) {
            return false;
        }
        if (plus == std::string_view::npos) {
            return true;
        }
        name.remove_prefix(plus + 1);
    }
}

}  // namespace ghostpeer::profile
