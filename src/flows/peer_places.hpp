// Which peer answers at an address and port, found without a look at each of them.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ghostpeer::flows {

/// Where a peer is.
struct PlacesOf {
    std::span<const wire::IpAddress> addresses;  ///< empty: every address
    std::optional<std::uint16_t> port;           ///< unset: every port
};

/// Peers by their places. Of several that fit the more particular wins: one with an address and a
/// port, then with an address alone, then with a port alone, then what is everywhere.
class PeerPlaces {
  public:
    /// Peers of the beginning are tried in the order in which they are given, whatever they are.
    void add_first(std::size_t peer, const PlacesOf& spec);
    /// One that comes later: before those that are less particular, behind all others.
    void add(std::size_t peer, const PlacesOf& spec);
    void remove(std::size_t peer, const PlacesOf& spec);
    /// The index of the first peer that answers there.
    [[nodiscard]] std::optional<std::size_t> find(const wire::Endpoint& destination) const;
    /// A peer at exactly one of these addresses and this port.
    [[nodiscard]] std::optional<std::size_t> find_same(const PlacesOf& spec) const;

  private:
    /// A peer, and its rank; the lowest is tried first.
    struct Ranked {
        int level = 0;
        std::uint64_t number = 0;  ///< of its coming
        std::size_t peer = 0;

        [[nodiscard]] bool operator<(const Ranked& other) const noexcept {
            return level != other.level ? level < other.level : number < other.number;
        }
    };
    using Rank = std::vector<Ranked>;

    void put(std::size_t peer, const PlacesOf& spec, int level);

    tsl::robin_map<wire::Endpoint, Rank> at_addresses_;  ///< port 0: at every port
    tsl::robin_map<std::uint16_t, Rank> at_ports_;       ///< at every address
    Rank everywhere_;
    int first_level_ = 0;  ///< of those of the beginning so far
    std::uint64_t made_ = 0;
};

}  // namespace ghostpeer::flows
