#include "control/peer_names.hpp"

#include "control/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::control {

void PeerNames::set(std::size_t peer, std::string name) {
    const std::lock_guard lock(mutex_);
    if (peer >= names_.size()) {
        names_.resize(peer + 1);
    }
    names_[peer] = std::move(name);
}

std::optional<std::size_t> PeerNames::find(std::string_view name) const {
    if (name.empty()) {
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) {
        return static_cast<std::size_t>(found - names_.begin());
    }
    const auto number = parse_number(name);
    return number && *number < names_.size() && !names_[*number].empty()
               ? std::optional<std::size_t>(*number)
               : std::nullopt;
}

std::string PeerNames::of(std::size_t peer) const {
    const std::lock_guard lock(mutex_);
    return peer < names_.size() ? names_[peer] : std::string();
}

bool PeerNames::visible(std::size_t peer) const { return !of(peer).empty(); }

std::size_t PeerNames::size() const {
    const std::lock_guard lock(mutex_);
    return names_.size();
}

std::string PeerNames::unknown(std::string_view name) const {
    constexpr std::size_t most = 10;
    std::vector<std::string> known;
    {
        const std::lock_guard lock(mutex_);
        for (const std::string& one : names_) {
            if (!one.empty() && known.size() < most) {
                known.push_back(one);
            }
        }
    }
    return known.empty()
               ? fmt::format("There is no peer \"{}\", and none at all.", name.substr(0, 100))
               : fmt::format("There is no peer \"{}\"; known are {}.", name.substr(0, 100),
                             fmt::join(known, ", "));
}

}  // namespace ghostpeer::control
