// The connections of peers that may go, so that nobody has to look for them among all others.
#pragma once

#include "flows/connection_table.hpp"

#include <cstddef>
#include <vector>

namespace ghostpeer::flows {

class PeerMembers {
  public:
    /// From now on the peer's connections are known; those that are there it has already.
    void keep(std::size_t peer);
    [[nodiscard]] bool keeps(std::size_t peer) const noexcept {
        return peer < peers_.size() && peers_[peer].kept;
    }
    /// A connection has begun, or has another number; nothing where its peer's are not kept.
    void add(const Connection& connection, ConnectionTable& table);
    /// Any one of them, which is kept no longer; null: there are no more.
    [[nodiscard]] Connection* take_one(std::size_t peer, ConnectionTable& table);
    template <typename Visitor>
    void for_each(std::size_t peer, ConnectionTable& table, Visitor visit) const {
        if (keeps(peer)) {
            for (const Handle handle : peers_[peer].handles) {
                if (Connection* connection = table.find(handle)) {
                    visit(*connection);
                }
            }
        }
    }

    /// It goes, and has no say any more in when the run ends.
    void leave(std::size_t peer);
    [[nodiscard]] bool leaves(std::size_t peer) const noexcept {
        return peer < peers_.size() && peers_[peer].leaves;
    }
    /// It has gone.
    void forget(std::size_t peer);

  private:
    struct Peer {
        bool kept = false;
        bool leaves = false;
        std::size_t purge_above = 0;
        std::vector<Handle> handles;  ///< in the order of their beginning; some are over
    };
    [[nodiscard]] Peer& at(std::size_t peer);

    std::vector<Peer> peers_;  ///< by index
};

}  // namespace ghostpeer::flows
