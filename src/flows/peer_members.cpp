#include "flows/peer_members.hpp"

#include <algorithm>

namespace ghostpeer::flows {

PeerMembers::Peer& PeerMembers::at(std::size_t peer) {
    if (peer >= peers_.size()) {
        peers_.resize(peer + 1);
    }
    return peers_[peer];
}

void PeerMembers::keep(std::size_t peer) { at(peer).kept = true; }

void PeerMembers::add(const Connection& connection, ConnectionTable& table) {
    if (!keeps(connection.peer)) {
        return;
    }
    Peer& peer = peers_[connection.peer];
    constexpr std::size_t few = 64;
    if (peer.handles.size() >= std::max(few, peer.purge_above)) {
        // Only when there are twice as many as the last time: one walk for as many new ones.
        std::erase_if(peer.handles,
                      [&](const Handle handle) { return table.find(handle) == nullptr; });
        peer.purge_above = 2 * peer.handles.size();
    }
    peer.handles.push_back({connection.slot, connection.id});
}

Connection* PeerMembers::take_one(std::size_t peer, ConnectionTable& table) {
    if (!keeps(peer)) {
        return nullptr;
    }
    auto& handles = peers_[peer].handles;
    while (!handles.empty()) {
        const Handle last = handles.back();
        handles.pop_back();
        if (Connection* connection = table.find(last)) {
            return connection;
        }
    }
    return nullptr;
}

void PeerMembers::leave(std::size_t peer) { at(peer).leaves = true; }

void PeerMembers::forget(std::size_t peer) {
    if (peer < peers_.size()) {
        peers_[peer] = {};
    }
}

}  // namespace ghostpeer::flows
