// A run put together: the one place where engine, parts and loop meet, for `run`, in a guest of
// `--warp` as outside, and for `serve`.
#pragma once

#include "access/control_part.hpp"
#include "access/peer_places.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "judge/judge.hpp"
#include "link/link.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/run_loop.hpp"
#include "loop/signals.hpp"
#include "loop/sinks.hpp"
#include "posix/huge_pages.hpp"
#include "run/dialler.hpp"
#include "run/ending.hpp"
#include "run/fires.hpp"
#include "run/interface_part.hpp"
#include "run/socket_sampler.hpp"
#include "sandbox/sandbox.hpp"
#include "servers/name_server.hpp"
#include "servers/relay.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::run {

/// What a run has before its parts are made. All of it outlives the run.
struct Surroundings {
    const setup::CommonOptions& options;
    const setup::Peers& peers;
    std::uint64_t seed;
    const loop::Clock& clock;
    loop::SignalReader& signals;
    loop::Sinks& sinks;
    link::Link& link;
    std::uint16_t mtu;
    const access::ControlAccess* control;  ///< null: there is no control interface
    servers::Behind behind{};              ///< the peer: programs that the run has started
    sandbox::Sandbox* sandbox = nullptr;   ///< COMMAND's; null: the peer serves programs elsewhere
    // Of COMMAND alone:
    bool sockets = false;      ///< its sockets are shown
    bool name_server = false;  ///< its names are the peer's to answer
    bool virtual_time = false;
    event::Run told{};                      ///< what else the record says at its beginning
    std::vector<wire::IpAddress> served{};  ///< without COMMAND: that peers can have which come
};

/// The parts of a run, which name one another: made from the first member to the last, and ended
/// in the reverse order.
class Assembly {
  public:
    explicit Assembly(const Surroundings& given);

    /// Why the run cannot begin, a complete sentence. Ask before COMMAND begins.
    [[nodiscard]] const std::optional<std::string>& problem() const noexcept;
    /// One more part, which outlives this.
    void add(loop::Part& part) { loop_.add(part); }
    /// A way in for COMMAND, which has the token.
    void open_control_door(FileDescriptor listening);
    /// What was noticed about the command line, and what cannot be watched.
    void tell_remarks();

    [[nodiscard]] peer::Engine& engine() noexcept { return engine_; }
    [[nodiscard]] Ending& ending() noexcept { return ending_; }
    /// Names that were asked for in vain.
    [[nodiscard]] const std::vector<std::string>& unknown_names() const noexcept {
        return name_server_.unknown();
    }

    /// Until the run is over, and what was on its way has arrived.
    [[nodiscard]] Outcome run();
    /// Tells what the engine has counted. What comes back is what the parts know at the end; what
    /// only COMMAND's side knows is left open.
    [[nodiscard]] event::End sum_up(const Outcome& outcome, Instant end);
    /// The verdict, told to all; see tell_verdict.hpp.
    [[nodiscard]] event::Verdict tell(event::End&& last, Instant end);
    /// False: a thread of the control interface still works on a request, and the process has to
    /// end without the destructors of what is static.
    [[nodiscard]] bool close_control();

  private:
    void begin_record();
    void make_control();
    void watch_sockets();
    void wait_for_listeners();

    Surroundings given_;
    HugePages memory_;
    peer::Engine engine_;
    judge::Judge judge_;
    servers::NameServer name_server_;
    servers::Relay relay_;
    Fires fires_;
    std::optional<SocketSampler> sampler_;
    std::optional<Dialler> dialler_;
    std::optional<access::PeerPlaces> places_;
    std::optional<InterfacePart> interface_;
    std::optional<access::ControlPart> control_;
    loop::RunLoop loop_;
    Ending ending_;
    std::optional<std::string> problem_;
    std::shared_ptr<const event::Run> told_;  ///< as the record began
};

}  // namespace ghostpeer::run
