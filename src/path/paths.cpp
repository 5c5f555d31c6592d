#include "path/paths.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::path {

void Flights::add(std::unique_ptr<Flight> flight) {
    std::size_t slot = slots_.size();
    if (free_.empty()) {
        slots_.emplace_back();
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    bytes_ += flight->packet.size();
    last_ = std::max(last_, flight->arrives);
    order_.push({flight->arrives, ++number_, slot});
    slots_[slot] = std::move(flight);
}

std::unique_ptr<Flight> Flights::land(Instant now) {
    if (order_.empty() || order_.top().arrives > now) {
        return nullptr;
    }
    const std::size_t slot = order_.top().slot;
    order_.pop();
    free_.push_back(slot);
    bytes_ -= slots_[slot]->packet.size();
    return std::move(slots_[slot]);
}

Paths::Paths(const profile::Link& below, const profile::Link& above, std::uint64_t seed)
    : below_(below), above_(above), seed_(seed) {
    others_ = &open(nullptr, {});
}

Path& Paths::to(const profile::Link* said) noexcept {
    const auto found = said != nullptr ? paths_.find(said) : paths_.end();
    return found != paths_.end() ? *found->second : *others_;
}

Path& Paths::open(const std::shared_ptr<const profile::Link>& said, const std::string& profile) {
    if (const auto known = paths_.find(said.get()); known != paths_.end()) {
        return *known->second;
    }
    profile::Link figures = below_;
    if (said) {
        profile::overlay(figures, *said);
    }
    profile::overlay(figures, above_);
    // Each direction of each has chances of its own, so that one does not change another's.
    constexpr std::uint64_t spread = 0xd1b54a32d192ed03U;
    const std::uint64_t number = 2 * made_++ + 1;
    Path& made = *(paths_[said.get()] =
                       std::make_unique<Path>(Path{said, profile, Way(seed_ ^ (number * spread)),
                                                   Way(seed_ ^ ((number + 1) * spread))}));
    made.up.change(figures.up);
    made.down.change(figures.down);
    return made;
}

void Paths::close(const profile::Link* said) {
    if (said != nullptr) {
        paths_.erase(said);
    }
}

Duration Paths::longest_round() const noexcept {
    Duration longest{};
    for (const auto& [said, path] : paths_) {
        longest = std::max(longest, path->up.longest() + path->down.longest());
    }
    return longest;
}

}  // namespace ghostpeer::path
