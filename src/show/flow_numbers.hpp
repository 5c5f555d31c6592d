// The numbers of connections by their two ends.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <cstddef>
#include <unordered_map>

namespace ghostpeer::show {

/// The latest connection of a pair of ends is the one that a socket there belongs to.
class FlowNumbers {
  public:
    void note(const wire::Flow& flow, event::ConnectionId connection) {
        if (const auto known = numbers_.find(flow); known != numbers_.end()) {
            known->second = connection;
        } else if (numbers_.size() < most) {
            numbers_.emplace(flow, connection);
        }
    }
    /// `flow.local`: the peer's end. 0: none is known.
    [[nodiscard]] event::ConnectionId of(const wire::Flow& flow) const {
        const auto known = numbers_.find(flow);
        return known == numbers_.end() ? 0 : known->second;
    }

    /// Connections beyond so many have no number here.
    static constexpr std::size_t most = 16'384;

  private:
    std::unordered_map<wire::Flow, event::ConnectionId, wire::FlowHash> numbers_;
};

}  // namespace ghostpeer::show
