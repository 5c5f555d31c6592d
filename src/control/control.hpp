// The control interface of a running engine: HTTP and JSON, from any language.
// include/ghostpeer/control.md describes it to its users.
#pragma once

#include "control/context.hpp"
#include "control/listener.hpp"
#include "control/router.hpp"
#include "event/sink.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "http/server.hpp"
#include "posix/file_descriptor.hpp"
#include "scopes/scopes.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::control {

/// Costs nothing until the first client connects: only then a thread is started that speaks HTTP.
/// Of the loop that drives the engine it wants what `loop::Part` says; the engine is touched by
/// `attend` alone.
class Control {
  public:
    struct Parts {
        const Listener& listener;
        peer::Engine& engine;
        std::vector<std::string> peer_names;  ///< by PeerSpec; empty: nobody's business
        /// Adds an observer of the run, which the loop's owner keeps.
        std::function<void(std::unique_ptr<event::Sink>)> add_sink;
        std::function<void(const std::string&)> complain;  ///< a sentence
        std::function<Instant()> now;  ///< the loop's clock; asked by the other thread, too
        std::string version;
        std::optional<std::string> token;       ///< required of every request; always on TCP
        profile::RelayReadiness relays;         ///< what profiles that are brought in may need
        std::shared_ptr<const event::Run> run;  ///< as the record of a scope begins
        Places* places = nullptr;               ///< null: no peer can come; outlives this
        // Of COMMAND's sockets, where somebody asks how they end; may be empty:
        std::function<void(Instant)> watch_sockets;
        std::function<void(Instant)> list_sockets;
    };

    explicit Control(Parts parts);
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    ~Control();

    [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;
    void attend(Instant now);
    void delivered() { desk_.answer(); }
    /// One more way in, a listening socket on TCP, for who brings the token.
    void open_door(FileDescriptor listening, const std::string& token);
    /// The run is about to be judged: sentences on the scopes that fail and whose verdict nobody
    /// has asked for.
    [[nodiscard]] std::vector<std::string> failed_scopes(Instant now);
    /// What is to be told before them: scripts that wait in vain.
    void conclude_scopes(Instant now);
    /// The run is over: who waits is told, readers of events get the last ones, nobody comes in any
    /// more. Takes half a second at most, and only where somebody reads events or a request is
    /// being worked on. False: it still is, and this object has to stay until the process ends.
    [[nodiscard]] bool end();
    /// What the user asked for and could not have, a complete sentence; nothing where all went
    /// well.
    [[nodiscard]] const std::optional<std::string>& lost() const noexcept { return lost_; }

  private:
    void begin_news();
    void begin_log();
    void begin_scopes();

    /// Where clients come in; a server of its own once the first has come.
    struct Door {
        Door(Context& context, int fd, std::optional<std::string> token, bool only_catalogue)
            : listening(fd), router(context, std::move(token), only_catalogue) {}

        int listening;
        FileDescriptor own;  ///< the same, where it is this object's
        Router router;
        std::optional<Instant> start_again;  ///< it could not be started before
        std::unique_ptr<http::Server> server;
    };
    void start(Door& door, Instant now);
    [[nodiscard]] bool listen(const Door& door, bool on);

    Parts parts_;
    PeerNames names_;
    FileDescriptor epoll_;
    Desk desk_;
    std::shared_ptr<EventLog> log_;
    std::shared_ptr<scopes::Scopes> scopes_;
    Context context_;
    std::vector<std::unique_ptr<Door>> doors_;
    bool ended_ = false;
    std::optional<std::string> lost_;
    bool scoped_ = false;                 ///< scopes hear of what happens
    bool hears_ = false;                  ///< a sink is there
    std::shared_ptr<Desk*> desk_of_tap_;  ///< gone: the desk is closed
    std::shared_ptr<std::atomic<bool>> logging_;
};

}  // namespace ghostpeer::control
