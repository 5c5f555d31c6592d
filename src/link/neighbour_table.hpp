// Who has which MAC address, learned from what arrives.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/ethernet.hpp"

#include <cstddef>
#include <unordered_map>

namespace ghostpeer::link {

/// Remembers at least the `kept` addresses that were heard last, and at most twice as many.
class NeighbourTable {
  public:
    explicit NeighbourTable(std::size_t kept = 32'768) : kept_(kept) {}

    void learn(const wire::IpAddress& address, const MacAddress& mac) {
        if (last_ == address && last_mac_ == mac) {
            return;  // segments come in rows
        }
        last_ = address;
        last_mac_ = mac;
        if (young_.size() >= kept_ && !young_.contains(address)) {
            old_.swap(young_);
            young_.clear();
        }
        young_[address] = mac;
    }
    /// Null: unknown. Valid until the next `learn`.
    [[nodiscard]] const MacAddress* find(const wire::IpAddress& address) const {
        if (last_ == address) {
            return &last_mac_;
        }
        for (const auto* generation : {&young_, &old_}) {
            if (const auto found = generation->find(address); found != generation->end()) {
                return &found->second;
            }
        }
        return nullptr;
    }
    [[nodiscard]] std::size_t size() const noexcept { return young_.size() + old_.size(); }

  private:
    using Generation = std::unordered_map<wire::IpAddress, MacAddress>;

    std::size_t kept_;
    Generation young_;
    Generation old_;
    wire::IpAddress last_;  ///< `::` has no neighbour
    MacAddress last_mac_{};
};

}  // namespace ghostpeer::link
