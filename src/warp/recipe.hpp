// What a kernel for virtual time is made from besides the distribution's source: tools/warp, put
// into the program when it is built.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ghostpeer::warp {

struct Recipe {
    std::string_view series;  ///< `6.12`
    std::string_view patch;   ///< a unified diff against the distribution's source
};

/// The newest series first; the first is the default.
[[nodiscard]] std::span<const Recipe> recipes() noexcept;
/// The fragment of a kernel configuration that all of them share.
[[nodiscard]] std::string_view configuration() noexcept;

/// Null for a series that there is no recipe for.
[[nodiscard]] const Recipe* find_recipe(std::string_view series) noexcept;
/// `6.12, 6.1`
[[nodiscard]] std::string series_list();

/// Sixteen hexadecimal digits that differ where a kernel would be another one: by patch,
/// configuration or machine.
[[nodiscard]] std::string fingerprint(const Recipe& recipe, std::string_view configuration,
                                      std::string_view machine);

}  // namespace ghostpeer::warp
