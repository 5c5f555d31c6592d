// Peers with `role: client` wait until the program listens, then dial.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "setup/peers.hpp"
#include "sockets/listen_watcher.hpp"

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace ghostpeer::run {

class Dialler {
  public:
    /// `fd`: see ListenWatcher.
    /// `guards`: sockets in COMMAND's network that listen and are not COMMAND's.
    Dialler(std::vector<setup::ClientPeer> clients, std::vector<wire::Endpoint> guards, int fd,
            Instant now);

    [[nodiscard]] int fd() const noexcept { return watcher_.fd(); }
    /// When to call `on_time`; nothing is left to wait for after the last has dialled.
    [[nodiscard]] std::optional<Instant> next() const noexcept { return ask_at_; }
    void on_time(Instant now);
    /// Call when `fd` is readable.
    void on_readable(peer::Engine& engine, Instant now);

    /// Why peers did not dial, a sentence for each port.
    [[nodiscard]] std::vector<std::string> undialled() const;

  private:
    void consider(const std::vector<sockets::Listener>& listeners, peer::Engine& engine,
                  Instant now);
    [[nodiscard]] std::string explain(const setup::ClientPeer& client) const;

    std::vector<setup::ClientPeer> waiting_;
    std::unordered_set<wire::Endpoint> guards_;
    sockets::ListenWatcher watcher_;
    std::vector<sockets::Listener> last_seen_;
    std::vector<sockets::Listener> elsewhere_;  ///< the last that were seen at all
    Instant begin_;
    std::optional<Instant> ask_at_;
};

}  // namespace ghostpeer::run
