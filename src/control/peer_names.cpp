#include "control/peer_names.hpp"

#include "control/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::control {

namespace {

/// Of hosts' names neither case nor the root's dot at the end tells one from another.
[[nodiscard]] std::string key_of(std::string_view name) {
    std::string key(name);
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto end = std::min(key.rfind(':'), key.size());
    if (end > 1 && key[end - 1] == '.') {
        key.erase(end - 1, 1);
    }
    return key;
}

}  // namespace

PeerNames::PeerNames(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        entries_.push_back({name, key_of(name)});
    }
}

void PeerNames::set(std::size_t peer, std::string name) {
    std::string key = key_of(name);
    const std::lock_guard lock(mutex_);
    if (peer >= entries_.size()) {
        entries_.resize(peer + 1);
    }
    entries_[peer] = {std::move(name), std::move(key), ++comings_};
}

void PeerNames::clear(std::size_t peer) { set(peer, {}); }

std::optional<NamedPeer> PeerNames::find(std::string_view name) const {
    if (name.empty()) {
        return std::nullopt;
    }
    const std::string key = key_of(name);
    const std::lock_guard lock(mutex_);
    auto found = std::find_if(entries_.begin(), entries_.end(),
                              [&](const Entry& entry) { return entry.key == key; });
    if (found == entries_.end()) {
        const auto number = parse_number(name);
        if (!number || *number >= entries_.size()) {
            return std::nullopt;
        }
        found = entries_.begin() + static_cast<std::ptrdiff_t>(*number);
    }
    return found->name.empty()
               ? std::nullopt
               : std::optional(
                     NamedPeer{static_cast<std::size_t>(found - entries_.begin()), found->coming});
}

bool PeerNames::has_name(std::string_view name) const {
    const std::string key = key_of(name);
    const std::lock_guard lock(mutex_);
    return !key.empty() && std::any_of(entries_.begin(), entries_.end(),
                                       [&](const Entry& entry) { return entry.key == key; });
}

bool PeerNames::has(const NamedPeer& peer) const {
    const auto there = at(peer.index);
    return there && there->coming == peer.coming;
}

std::optional<NamedPeer> PeerNames::at(std::size_t peer) const {
    const std::lock_guard lock(mutex_);
    return peer < entries_.size() && !entries_[peer].name.empty()
               ? std::optional(NamedPeer{peer, entries_[peer].coming})
               : std::nullopt;
}

std::string PeerNames::of(std::size_t peer) const {
    const std::lock_guard lock(mutex_);
    return peer < entries_.size() ? entries_[peer].name : std::string();
}

bool PeerNames::visible(std::size_t peer) const { return at(peer).has_value(); }

std::size_t PeerNames::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::string PeerNames::unknown(std::string_view name) const {
    if (has_name(name)) {
        return fmt::format(
            "The peer \"{}\" of this request has gone; another one has its name now.",
            name.substr(0, 100));
    }
    constexpr std::size_t most = 10;
    std::vector<std::string> known;
    {
        const std::lock_guard lock(mutex_);
        for (const Entry& one : entries_) {
            if (!one.name.empty() && known.size() < most) {
                known.push_back(one.name);
            }
        }
    }
    return known.empty()
               ? fmt::format("There is no peer \"{}\", and none at all.", name.substr(0, 100))
               : fmt::format("There is no peer \"{}\"; known are {}.", name.substr(0, 100),
                             fmt::join(known, ", "));
}

}  // namespace ghostpeer::control
