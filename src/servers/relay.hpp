// What is behind the peer: carries out what relayed connections ask for, with sockets in the user's
// own network or in that of the run's servers, and with processes.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "posix/file_descriptor.hpp"
#include "servers/name_server.hpp"
#include "servers/processes.hpp"
#include "servers/stage.hpp"
#include "setup/names.hpp"
#include "upstream/lookup.hpp"
#include "upstream/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace ghostpeer::servers {

/// What there is behind the peer. The stages outlive the relay.
struct Behind {
    bool outside = false;                              ///< real servers in the user's network
    const Stage* processes = nullptr;                  ///< of `exec`; null: there are none
    std::vector<std::vector<std::string>> commands{};  ///< in the order of their stage's cast
    const Stage* servers = nullptr;                    ///< that the run has started; null: none
    std::vector<std::string> names{};                  ///< theirs, in the order of the cast

    [[nodiscard]] bool any() const noexcept {
        return outside || processes != nullptr || servers != nullptr;
    }
};

class Relay final : public loop::Part {
  public:
    /// Make it after COMMAND's process: it raises the limit on open files for this one.
    Relay(const loop::Clock& clock, peer::Engine& engine, loop::Sinks& sinks,
          NameServer& name_server, setup::NamesByAddress names, Behind behind);

    /// What a real server has not got by now it never gets: it sees a reset, not an end.
    ~Relay() override;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Readable when there is something to do; an epoll instance of its own, so that the run loop
    /// watches one descriptor however many connections there are. -1 where the kernel gave none.
    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override;
    /// A real server may be as near as the program.
    [[nodiscard]] bool lively() const noexcept override { return !servers_.empty(); }
    bool attend(Instant now) override;
    void carry_out(Instant now) override;
    /// Tells what the user should know, each sentence once in a run.
    void delivered() override;
    [[nodiscard]] std::optional<std::string> failure() const override;
    /// Has a server or a process been told that its client has finished, and not finished yet
    /// itself?
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
        bool ended = false;       ///< its FIN has been read
        bool finished = false;    ///< ours was asked for
        bool leaving = false;     ///< the engine wants no more news; what waits is still written
        bool process = false;     ///< it is one: the other end of its standard input and output
        bool broken_off = false;  ///< the connection did not end in order
    };

    void perform(peer::UpstreamRequest& request, Instant now);
    void begin(const peer::UpstreamId& id, const peer::UpstreamConnect& what, Instant now);
    void begin_process(Server& server, const peer::UpstreamConnect& what, Instant now);
    /// With the run's server of that number, at the port that it has or at this one.
    void begin_inside(Server& server, std::size_t number, std::optional<std::uint16_t> port);
    [[nodiscard]] std::optional<std::size_t> number_of(const std::string& name) const;
    void take_processes(Instant now);
    void take_sockets(Instant now);
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
    void forget(Server& server, Instant now);
    void refuse(Server& server, peer::UpstreamError error, Instant now);
    void notice(std::string text);

    const loop::Clock& clock_;
    peer::Engine& engine_;
    loop::Sinks& sinks_;
    NameServer& name_server_;
    setup::NamesByAddress names_;
    Behind behind_;
    FileDescriptor epoll_;
    std::optional<upstream::Lookup> lookup_;  ///< where there is an outside
    std::optional<Processes> processes_;
    std::unordered_map<event::ConnectionId, Server> servers_;
    std::multimap<std::string, event::ConnectionId> waiting_;  ///< for the address of a host
    std::vector<peer::UpstreamRequest> requests_;
    std::vector<std::uint8_t> buffer_;
    std::vector<event::Notice> notices_;
    std::set<std::string> noticed_;
};

}  // namespace ghostpeer::servers
