// The profiles that ship inside the binary.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

struct CatalogueEntry {
    std::string_view name;  ///< `keepalive-blackhole`
    std::string_view text;  ///< the file as written
};

/// Sorted by name.
[[nodiscard]] std::span<const CatalogueEntry> catalogue() noexcept;
[[nodiscard]] std::optional<CatalogueEntry> find_in_catalogue(std::string_view name) noexcept;
/// Is it the name of one, or of several that are put together (`lossy+high-latency`)?
[[nodiscard]] bool is_of_catalogue(std::string_view name) noexcept;

/// What profiles are about, in the order in which `list` shows them.
struct Tag {
    std::string_view name;   ///< `path-mtu`
    std::string_view title;  ///< a few words about it
};
[[nodiscard]] std::span<const Tag> tags() noexcept;

struct Listing {
    std::string_view name;
    std::string summary;                 ///< parameters replaced by their defaults
    std::vector<std::string_view> tags;  ///< `list` shows it under the first
    /// Its own, with their defaults, in the file's order.
    std::vector<std::pair<std::string, std::string>> parameters;
};

/// What `list` shows, sorted by name. Reads the profiles' heads only, not their rules.
[[nodiscard]] std::vector<Listing> list_catalogue();

}  // namespace ghostpeer::profile
