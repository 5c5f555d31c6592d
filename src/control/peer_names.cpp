#include "control/peer_names.hpp"

#include "control/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ghostpeer::control {

std::optional<std::size_t> PeerNames::find(std::string_view name) const {
    if (name.empty()) {
        return std::nullopt;
    }
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) {
        return static_cast<std::size_t>(found - names_.begin());
    }
    const auto number = parse_number(name);
    return number && visible(*number) ? std::optional<std::size_t>(*number) : std::nullopt;
}

std::string PeerNames::unknown(std::string_view name) const {
    constexpr std::size_t most = 10;
    std::vector<std::string_view> known;
    for (const std::string& one : names_) {
        if (!one.empty() && known.size() < most) {
            known.emplace_back(one);
        }
    }
    return fmt::format("There is no peer \"{}\"; known are {}.", name.substr(0, 100),
                       fmt::join(known, ", "));
}

}  // namespace ghostpeer::control
