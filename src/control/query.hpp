// The target of a request, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::control {

struct Target {
    std::vector<std::string> path;  ///< its parts, decoded: `/v1/peers` has two
    std::vector<std::pair<std::string, std::string>> query;

    /// The value of a parameter; nothing where it is not given.
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
};

/// Nothing where an escape is broken.
[[nodiscard]] std::optional<Target> parse_target(std::string_view text);

/// Escaped so that it may stand in a path or a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// A decimal number without sign; nothing for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// Takes as long for every text of the same length, wherever it differs.
[[nodiscard]] bool same_secret(std::string_view given, std::string_view secret) noexcept;

}  // namespace ghostpeer::control
