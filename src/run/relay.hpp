// Real servers behind the peer: carries out what relayed connections ask for, with sockets in the
// user's own network.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "posix/file_descriptor.hpp"
#include "run/name_server.hpp"
#include "setup/names.hpp"
#include "upstream/lookup.hpp"
#include "upstream/socket.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace ghostpeer::run {

class Relay final : public loop::Part {
  public:
    /// Make it after COMMAND's process: it raises the limit on open files for this one.
    /// `servers`: there are real servers behind the peer, not only names.
    Relay(const loop::Clock& clock, peer::Engine& engine, loop::Sinks& sinks,
          NameServer& name_server, setup::NamesByAddress names, bool servers);

    /// What a real server has not got by now it never gets: it sees a reset, not an end.
    ~Relay() override;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Readable when there is something to do; an epoll instance of its own, so that the run loop
    /// watches one descriptor however many connections there are. -1 where the kernel gave none.
    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return name_server_.next_deadline();
    }
    /// A real server may be as near as the program.
    [[nodiscard]] bool lively() const noexcept override { return !servers_.empty(); }
    bool attend(Instant now) override;
    void carry_out(Instant now) override;
    /// Tells what the user should know, each sentence once in a run.
    void delivered() override;
    [[nodiscard]] std::optional<std::string> failure() const override;
    /// Has a real server been told that its client has finished, and not finished yet itself?
    [[nodiscard]] bool awaits_more() const noexcept override;

  private:
    struct Server {
        peer::UpstreamId id;
        upstream::Socket socket;
        std::string name;                        ///< for people
        std::vector<wire::Endpoint> candidates;  ///< the next one last
        std::uint32_t watched = 0;               ///< epoll events
        bool in_epoll = false;
        bool connected = false;
        bool reading = true;
        bool ended = false;     ///< its FIN has been read
        bool finished = false;  ///< ours was asked for
        bool leaving = false;   ///< the engine wants no more news; what waits is still written
    };

    void perform(peer::UpstreamRequest& request, Instant now);
    void begin(const peer::UpstreamId& id, const peer::UpstreamConnect& what, Instant now);
    void take_lookups(Instant now);
    /// Tries the candidates until one does not fail at once. Without one the server is gone.
    void connect_next(Server& server, int last_error, Instant now);
    void fail(Server& server, int error, Instant now);
    void ready(Server& server, std::uint32_t events, Instant now);
    void read(Server& server, Instant now);
    /// True: the server is still there.
    bool write(Server& server, Instant now);
    void lose(Server& server, Instant now);
    /// Asks for what it waits for. The server may be gone then.
    void watch(Server& server, Instant now);
    /// Nobody would hear of what comes from it.
    void lose_sight(Server& server, int error, Instant now);
    void watch(int fd, std::uint64_t key);
    void forget(Server& server);
    void notice(std::string text);

    const loop::Clock& clock_;
    peer::Engine& engine_;
    loop::Sinks& sinks_;
    NameServer& name_server_;
    setup::NamesByAddress names_;
    FileDescriptor epoll_;
    std::optional<upstream::Lookup> lookup_;
    std::unordered_map<event::ConnectionId, Server> servers_;
    std::multimap<std::string, event::ConnectionId> waiting_;  ///< for the address of a host
    std::vector<peer::UpstreamRequest> requests_;
    std::vector<std::uint8_t> buffer_;
    std::vector<event::Notice> notices_;
    std::set<std::string> noticed_;
};

}  // namespace ghostpeer::run
