// Peers with `role: client` wait until the program listens, then dial.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/part.hpp"
#include "setup/peers.hpp"
#include "sockets/listen_watcher.hpp"

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace ghostpeer::run {

class Dialler final : public loop::Part {
  public:
    /// `fd`: see ListenWatcher.
    /// `guards`: sockets in COMMAND's network that listen and are not COMMAND's.
    Dialler(std::vector<setup::ClientPeer> clients, std::vector<wire::Endpoint> guards, int fd,
            peer::Engine& engine, Instant now);

    /// Something of ghostpeer's own listens there.
    void overlook(const wire::Endpoint& guard) { guards_.insert(guard); }

    [[nodiscard]] int fd() const noexcept override { return watcher_.fd(); }
    /// Nothing is left to wait for after the last has dialled.
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override { return ask_at_; }
    bool attend(Instant now) override;

    /// Why peers did not dial, a sentence for each port.
    [[nodiscard]] std::vector<std::string> undialled() const;

  private:
    void consider(const std::vector<sockets::Listener>& listeners, Instant now);
    [[nodiscard]] std::string explain(const setup::ClientPeer& client) const;

    peer::Engine& engine_;
    std::vector<setup::ClientPeer> waiting_;
    std::unordered_set<wire::Endpoint> guards_;
    sockets::ListenWatcher watcher_;
    std::vector<sockets::Listener> last_seen_;
    std::vector<sockets::Listener> elsewhere_;  ///< the last that were seen at all
    Instant begin_;
    std::optional<Instant> ask_at_;
};

}  // namespace ghostpeer::run
