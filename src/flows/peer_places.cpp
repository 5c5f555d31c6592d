#include "flows/peer_places.hpp"

#include <algorithm>

namespace ghostpeer::flows {
namespace {

/// The smaller, the more particular.
[[nodiscard]] int generality(const PlacesOf& spec) noexcept {
    return (spec.addresses.empty() ? 2 : 0) + (spec.port ? 0 : 1);
}

/// Calls back with each list that the peer is in.
template <typename Addresses, typename Ports, typename Rank, typename Visitor>
void visit_places(Addresses& addresses, Ports& ports, Rank& everywhere, const PlacesOf& spec,
                  Visitor visit) {
    for (const wire::IpAddress& address : spec.addresses) {
        visit(addresses[{address, spec.port.value_or(0)}]);
    }
    if (spec.addresses.empty() && spec.port) {
        visit(ports[*spec.port]);
    } else if (spec.addresses.empty()) {
        visit(everywhere);
    }
}

}  // namespace

void PeerPlaces::add_first(std::size_t peer, const PlacesOf& spec) {
    first_level_ = std::max(first_level_, generality(spec));
    put(peer, spec, first_level_);
}

void PeerPlaces::add(std::size_t peer, const PlacesOf& spec) { put(peer, spec, generality(spec)); }

void PeerPlaces::put(std::size_t peer, const PlacesOf& spec, int level) {
    const Ranked ranked{level, ++made_, peer};
    visit_places(at_addresses_, at_ports_, everywhere_, spec, [&](Rank& rank) {
        rank.insert(std::upper_bound(rank.begin(), rank.end(), ranked), ranked);
    });
}

void PeerPlaces::remove(std::size_t peer, const PlacesOf& spec) {
    visit_places(at_addresses_, at_ports_, everywhere_, spec, [&](Rank& rank) {
        std::erase_if(rank, [&](const Ranked& one) { return one.peer == peer; });
    });
    for (const wire::IpAddress& address : spec.addresses) {
        const auto place = at_addresses_.find({address, spec.port.value_or(0)});
        if (place != at_addresses_.end() && place->second.empty()) {
            at_addresses_.erase(place);
        }
    }
}

std::optional<std::size_t> PeerPlaces::find(const wire::Endpoint& destination) const {
    const Ranked* best = nullptr;
    const auto try_first = [&](const Rank& rank) {
        if (!rank.empty() && (best == nullptr || rank.front() < *best)) {
            best = &rank.front();
        }
    };
    for (const std::uint16_t port : {destination.port, std::uint16_t{0}}) {
        const auto found = at_addresses_.find({destination.address, port});
        if (found != at_addresses_.end()) {
            try_first(found->second);
        }
    }
    if (const auto found = at_ports_.find(destination.port); found != at_ports_.end()) {
        try_first(found->second);
    }
    try_first(everywhere_);
    return best != nullptr ? std::optional(best->peer) : std::nullopt;
}

std::optional<std::size_t> PeerPlaces::find_same(const PlacesOf& spec) const {
    for (const wire::IpAddress& address : spec.addresses) {
        const auto found = at_addresses_.find({address, spec.port.value_or(0)});
        if (found != at_addresses_.end() && !found->second.empty()) {
            return found->second.front().peer;
        }
    }
    if (!spec.addresses.empty()) {
        return std::nullopt;
    }
    const auto port = spec.port ? at_ports_.find(*spec.port) : at_ports_.end();
    const Rank& rank = port != at_ports_.end() ? port->second : everywhere_;
    const bool there = !rank.empty() && (!spec.port || port != at_ports_.end());
    return there ? std::optional(rank.front().peer) : std::nullopt;
}

}  // namespace ghostpeer::flows
