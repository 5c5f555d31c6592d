// The sans-IO engine: packets and instants in, packets and events out.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/peer/control.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "ghostpeer/peer/upstream.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/datagram.hpp"
#include "ghostpeer/wire/packet_library.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::peer {

/// Which destinations have which profile. The first that fits wins.
struct PeerSpec {
    std::vector<wire::IpAddress> addresses;           ///< empty: every address
    std::optional<std::uint16_t> port;                ///< unset: every port
    std::shared_ptr<const profile::Profile> profile;  ///< never null
    std::string name{};  ///< for the control interface; empty: it is none of its business
    /// Of one that comes later: the scope whose verdict judges its profiles; empty: the run's does.
    std::string scope{};
};

/// What a scope's peers have counted by now.
struct ScopeCounts {
    std::vector<AttemptRecord> attempts;  ///< with their trails
    std::vector<event::Tally> tallies;
};

/// A peer with `role: client` may dial now.
struct Dial {
    std::size_t peer = 0;  ///< index among the PeerSpecs
    wire::IpAddress from;  ///< the peer's own address
    wire::Endpoint to;     ///< where the program listens
    /// The ports to dial from, in this order and again; empty: any of Linux's ephemeral ones. A
    /// profile's `source_port` comes first.
    std::vector<std::uint16_t> ports{};
};

struct Settings {
    std::uint64_t seed = 1;
    Duration epoch{};                       ///< of the run's start: time since 1970
    std::uint16_t mtu = 1500;               ///< of the link, bytes, 576..65535
    std::size_t max_connections = 100'000;  ///< beyond it the newest SYN is dropped and counted
    /// Payload bytes held for one connection, and what its receive window grows to; Linux's
    /// `tcp_rmem` maximum.
    std::size_t max_buffered = 6 * 1024 * 1024;
    std::size_t max_memory = SIZE_MAX;         ///< payload bytes held for all of them together
    std::size_t max_attempt_records = 10'000;  ///< the oldest are kept
    bool segment_events = true;                ///< false: segments and states are not told (`-q`)
    bool verify_checksums = true;
    /// Where the connections are kept, in large blocks; null: on the heap. Outlives the engine.
    std::pmr::memory_resource* memory = nullptr;
    Duration rtt{};      ///< the way down where neither profile nor `link` speaks of its delay
    profile::Link link;  ///< what the run says of all ways, whatever a profile says
    /// What `interface` speaks of is there: take_interface_states() has somebody who asks.
    bool program_interface = false;
    bool name_server = false;  ///< UDP packets to port 53 are the driver's to answer
    /// Makes and reads ICMP errors, echo replies and UDP datagrams. Never null; outlives the
    /// engine.
    wire::PacketLibrary* packets = &wire::no_packet_library();
    event::EventIds* ids = nullptr;  ///< number the events; null: the engine's own do
};

/// A packet that is to leave now.
struct Emission {
    wire::Bytes packet;
    event::EventId segment = 0;  ///< the event that tells of what it carries; 0: none
};

/// Drive it so: `on_packet` and `on_time` with instants that never go back, then take what is to
/// leave and what happened, then wait until `next_deadline` or the next packet.
class Engine {
  public:
    Engine(Settings settings, std::vector<PeerSpec> peers);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// One IP packet from the program's side. Never throws because of its content.
    /// `more`: the next packet is at hand, and comes with the next call. Data in order is then
    /// acknowledged for the whole burst together, as by a host with GRO, unless the profile or the
    /// connection's state makes each acknowledgement count.
    /// Returns the event that tells of the packet's segment; 0 where none does.
    event::EventId on_packet(std::span<const std::uint8_t> packet, Instant now, bool more = false);
    /// Hints, best when it has just been read, that this packet will be given to `on_packet` after
    /// the others of its batch: its connection is fetched into the processor's cache while packets
    /// are still being read and worked on. Of many thousand connections few are there, and waiting
    /// for memory costs as much as all the work on a segment.
    void expect(std::span<const std::uint8_t> packet) noexcept;
    /// Carries out everything that was due by `now`; calling it too early does nothing.
    void on_time(Instant now);
    [[nodiscard]] std::optional<Instant> next_deadline() const;

    /// When the next packet arrives that is on its way; nothing where none is.
    [[nodiscard]] std::optional<Instant> next_departure() const noexcept;

    /// The peer opens the `connections` of its profile, at their `rate`, from now on. Call it once
    /// for each peer with `role: client`, when the program listens; for others it does nothing.
    void dial(const Dial& what, Instant now);
    /// Connections of `dial` that have not been opened yet.
    [[nodiscard]] std::uint64_t to_be_dialled() const noexcept;

    /// The user fires a command: rules `on: command NAME` of every open connection are tried, in
    /// the order of the connections. Returns how many connections had such a rule.
    std::size_t fire(std::string_view command, Instant now);

    // Control: what runs beside rules
    // ---------------------------------------------------------------

    [[nodiscard]] std::vector<PeerView> peers() const;
    /// Nothing where there is none at the index (any more).
    [[nodiscard]] std::optional<PeerView> peer(std::size_t index) const;
    /// Up to `most` connections, those that are gone and still remembered among them. `from` is the
    /// `next` of the page before; `peer` leaves those of others out (a page may then be short).
    [[nodiscard]] ConnectionPage connections(std::uint32_t from, std::size_t most,
                                             std::optional<std::size_t> peer = {}) const;
    /// Nothing where there is no such connection (any more).
    [[nodiscard]] std::optional<ConnectionView> connection(event::ConnectionId id) const;
    /// The id of the connection that began last; 0: none has.
    [[nodiscard]] event::ConnectionId last_connection() const noexcept;
    [[nodiscard]] const StateCounts& states() const noexcept;
    /// Connections that were begun, in all and with one peer (an index among the PeerSpecs).
    [[nodiscard]] std::uint64_t attempt_count() const noexcept;
    [[nodiscard]] std::uint64_t attempts_of(std::size_t peer) const noexcept;
    /// Does anything in a profile in use wait for this command?
    [[nodiscard]] bool knows_command(std::string_view command) const;
    /// How often the rules at this line of the profile have fired; nothing where there is none.
    [[nodiscard]] std::optional<std::uint64_t> fired(std::string_view file, int line) const;

    /// Carries out the order's actions as those of a rule, on at most `most` connections (or on
    /// some hundred that are none of its own); true when it is done, else call it again. Actions
    /// that need a segment do nothing. All but `blackhole`, `revive` and `become` leave alone what
    /// is gone or was never answered, unless the order names that one connection.
    [[nodiscard]] bool act(Order& order, std::size_t most, Instant now);

    /// New connections of the peer (an index among the PeerSpecs) have this profile, those that are
    /// there keep theirs; its attempts count from 1 again. The error is a complete sentence.
    [[nodiscard]] std::optional<std::string> use(
        std::size_t peer, const std::shared_ptr<const profile::Profile>& profile, Instant now);

    // Peers that come and go
    // -----------------------------------------------------------------------

    static constexpr std::size_t most_peers = 4'096;

    /// One more peer, tried before those that are less particular. Its index is its own until it
    /// goes, and then another's. The error is a complete sentence.
    [[nodiscard]] tl::expected<std::size_t, std::string> add_peer(PeerSpec spec, Instant now);
    /// The peer goes, whenever it came, and its connections are forgotten without a word.
    void remove_peer(std::size_t peer, Instant now);
    /// The same with at most so many of its connections; true when it is done, else call it again.
    [[nodiscard]] bool remove_peer(std::size_t peer, std::size_t most, Instant now);
    /// It is about to be removed: what becomes of its connections from now on neither ends the run
    /// (`finish`) nor keeps it from ending.
    void leave_peer(std::size_t peer);
    /// What scripts wait for in vain is told, as at the end of a run.
    void conclude_scope(std::string_view scope, Instant now);
    [[nodiscard]] ScopeCounts scope_counts(std::string_view scope);
    [[nodiscard]] std::vector<PeerView> peers_of(std::string_view scope) const;
    /// All peers of the scope go, what was counted of their profiles is told, and these are let go.
    void end_scope(std::string_view scope, Instant now);

    /// From now on segments and states are told as events, whatever `Settings` said.
    void tell_segments() noexcept;

    /// Moves the packets that are to leave to the end of `into`, in order.
    void take_packets(std::vector<Emission>& into);
    /// The link refused a packet, of which the events that are next to be taken tell.
    void undelivered(const Emission& emission, Instant now);
    /// Moves the events to the end of `into`, in order.
    void take_events(std::vector<event::Event>& into);

    // Relayed connections -----------------------------------------------------------------------
    // The SYN of one waits for `upstream_connected`; a failure is passed on to the client: refused
    // as RST, unreachable as ICMP host unreachable, timed out as silence.

    /// Is there anything for the driver to take? False in most runs, and so asked first.
    [[nodiscard]] bool has_requests() const noexcept;
    /// Moves what relayed connections want of the world outside to the end of `into`, in order for
    /// each of them.
    void take_upstream_requests(std::vector<UpstreamRequest>& into);
    void upstream_connected(const UpstreamId& id, Instant now);
    void upstream_failed(const UpstreamId& id, UpstreamError error, Instant now);
    /// Any number of bytes, but after `UpstreamReading{false}` no more than had been read by then.
    void upstream_bytes(const UpstreamId& id, std::span<const std::uint8_t> bytes, Instant now);
    /// So many bytes of those that were to be sent have left the driver.
    void upstream_took(const UpstreamId& id, std::size_t bytes, Instant now);
    /// The real server has finished (FIN).
    void upstream_ended(const UpstreamId& id, Instant now);
    /// RST, or any other sudden end.
    void upstream_reset(const UpstreamId& id, Instant now);

    // The program's interface, where `Settings::program_interface` says that there is one
    // ----------

    /// Moves the states that rules want it to have to the end of `into`, in order. Nothing is sent
    /// meanwhile that it would not let in.
    void take_interface_states(std::vector<profile::InterfaceState>& into);

    // Names, where `Settings::name_server` asks for it --------------------------------------------

    /// Moves the UDP packets to port 53 that have arrived to the end of `into`. A thousand wait at
    /// most; what comes then is dropped, as by a busy server.
    void take_datagrams(std::vector<wire::Datagram>& into);
    /// Sends a UDP packet to the program. One that the link's MTU does not permit is not sent.
    void send_datagram(const wire::Datagram& datagram, Instant now);

    /// The run ends: what is told from now on is its own doing.
    void conclude(Instant now);
    /// Tells what the engine has counted: its attempts, profiles and packets. Once, at the very
    /// end.
    void sum_up(Instant now);

    /// A `finish` action was carried out, and what was on its way then has arrived.
    [[nodiscard]] bool finished() const noexcept;

    [[nodiscard]] const Counters& counters() const noexcept;
    [[nodiscard]] std::vector<AttemptRecord> attempts() const;
    /// Attempts that were not recorded one by one because of `max_attempt_records`.
    [[nodiscard]] std::uint64_t unrecorded_attempts() const noexcept;
    [[nodiscard]] std::vector<ProfileStatistics> profiles() const;
    /// Names of profiles that `use` gave a peer and that no connection met, each once.
    [[nodiscard]] std::vector<std::string> unmet_uses() const;
    /// Addresses and ports that SYNs were sent to and where no peer is: as text, the first 64.
    [[nodiscard]] std::vector<std::string> silent_addresses() const;
    /// How often act() did something to a connection that is more than to write a line.
    [[nodiscard]] std::uint64_t ordered_faults() const noexcept;
    /// Connections with a live TCP state, and all that are remembered.
    [[nodiscard]] std::size_t live_connections() const noexcept;
    [[nodiscard]] std::size_t remembered_connections() const noexcept;
    /// Payload bytes that all connections hold, of `Settings::max_memory`.
    [[nodiscard]] std::size_t memory_held() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ghostpeer::peer
