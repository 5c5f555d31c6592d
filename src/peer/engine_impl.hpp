// The engine's inside. One struct, since its parts share the connections, the agenda and the
// output; its methods stand in the file that is named for what they do.
#pragma once

#include "dialling/campaigns.hpp"
#include "flows/action_detail.hpp"
#include "flows/agenda.hpp"
#include "flows/connection.hpp"
#include "flows/connection_table.hpp"
#include "flows/cookies.hpp"
#include "flows/expression.hpp"
#include "flows/moment.hpp"
#include "flows/occasion.hpp"
#include "flows/peer_members.hpp"
#include "flows/peer_places.hpp"
#include "flows/possible.hpp"
#include "flows/seen_requests.hpp"
#include "flows/segments.hpp"
#include "flows/services.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/tcp/output.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/reassembly.hpp"
#include "path/carrier.hpp"
#include "path/random.hpp"
#include "peer/engine_values.hpp"
#include "rules/behaviour.hpp"
#include "rules/condition.hpp"

#include <tsl/robin_map.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::peer {

// The engine is made of both.
using namespace rules;
using namespace flows;

struct Engine::Impl final : path::Ends {
    Impl(Settings chosen, std::vector<PeerSpec> specs);
    /// The behaviour of a peer with this profile, and those of its attempts; `later`: by `use`.
    Behaviour* bring(const std::shared_ptr<const profile::Profile>& profile, bool later,
                     Instant now, const std::string& scope = {});
    /// `part`: it is for attempts that another one names.
    Behaviour* add_behaviour(const std::shared_ptr<const profile::Profile>& profile,
                             std::optional<event::Profile::Part> part, Instant now,
                             const std::string& scope);

    // arrival.cpp: packets, flows, attempts
    [[nodiscard]] wire::DecodeOptions reading_of(std::span<const std::uint8_t> packet);
    [[nodiscard]] const Behaviour* behaviour_to_come(const wire::Segment& segment) const;
    void packet_arrived(std::span<const std::uint8_t> packet, Instant now);
    void fragment_arrived(std::span<const std::uint8_t> packet, Instant now);
    /// Fragments whose packets did not become whole in time.
    void give_up_fragments(Instant now);
    void decoded_arrived(wire::Decoded&& decoded, std::span<const std::uint8_t> packet,
                         Instant now);
    void segment_arrived(wire::Segment&& segment, Instant now);
    void other_packet_arrived(const wire::OtherPacket& other, std::span<const std::uint8_t> packet,
                              Instant now);
    /// An answer to no segment, which a host cuts where it has to.
    void depart_in_parts(wire::Bytes&& packet, Instant now);
    [[nodiscard]] bool for_name_server(const wire::OtherPacket& other) const noexcept;
    void odd_packet_arrived(wire::Oddity oddity, Instant now);
    // path.cpp
    void icmp_error_arrived(const wire::IcmpReport& report, Instant now);
    void path_too_narrow(Connection& connection, const wire::IcmpReport& report, Instant now);
    /// Of the link, or what a router has said lately.
    [[nodiscard]] std::uint16_t path_mtu(const wire::IpAddress& to, Instant now);
    /// Gives it its number among those to its address and port; the time since the last of them.
    std::optional<Duration> number_attempt(Connection& connection, Instant now);
    /// `beyond`: where the peer's numbers may begin, after a connection in TIME-WAIT.
    [[nodiscard]] Connection* admit(const wire::Segment& segment,
                                    std::optional<wire::SeqNum> beyond, Instant now);
    /// A record for a flow that has none; null at the limit, which is counted and told.
    [[nodiscard]] Connection* create(const wire::Flow& flow, std::size_t peer, Behaviour* behaviour,
                                     Instant now);
    void begin_attempt(Connection& connection, const wire::Segment& syn, Instant now);
    void record_attempt(Connection& connection, std::optional<Duration> since_last, Instant now);
    /// The moment of `on: start`; `first` is the segment that began it, null where the peer does.
    void start(Connection& connection, const wire::Segment* first, Instant now);
    bool evict_one();
    /// Each key of a kind once. `about`: the connection that it is about.
    void notice(std::string_view what, std::string key, std::string text, Instant now,
                const Connection* about = nullptr);

    // dialling.cpp: connections that the peer opens
    void dial(const Dial& what, Instant now);
    void dial_due(Instant now);
    void dial_some(std::size_t index, Instant now);
    event::ConnectionId dial_one(const dialling::Campaign& by, const wire::Flow& flow, Instant now);
    [[nodiscard]] std::optional<wire::Flow> free_flow(const dialling::Campaign& by, Instant now);
    void open_to_program(Connection& connection, Instant now, const OwnNumbers& numbers = {});
    /// A connection after an end is a new attempt; of the old one only the ports are left.
    void begin_again(Connection& connection, Instant now, const OwnNumbers& numbers);
    [[nodiscard]] tcp::Tcb::Environment make_environment(Connection& connection, Instant now,
                                                         const OwnNumbers& numbers = {});

    // control/comings.cpp
    [[nodiscard]] std::optional<std::string> refuse_profile(const profile::Profile& profile) const;
    void count_attempts_anew(std::size_t peer);
    void let_go(std::size_t peer, Instant now);
    void for_each_of_scope(std::string_view scope, const std::function<void(Connection&)>& visit);
    /// Those for which `gone` is true go, and ways that were theirs alone.
    void drop_behaviours(const std::function<bool(const Behaviour&)>& gone);
    // control/control.cpp
    [[nodiscard]] ConnectionView view(const Connection& connection) const;
    void act_on(Connection& connection, Order& order, Instant now);
    void begin_blackholed(Connection& connection, std::size_t peer);  ///< as its peer was
    void order_future(const Order& order);
    void order_ways(const Order& order, Instant now);
    void count_state(tcp::State from, tcp::State to) noexcept;
    void drop_unused_behaviours();  ///< that `use` brought and no connection has had
    // gate_in.cpp
    void gate_in(Connection& connection, wire::Segment&& segment, Instant now);
    /// Past the gate: to the peer's TCP, or to its closed port.
    void deliver(Connection& connection, wire::Segment&& segment, tcp::Kind kind, Instant now);
    /// SYN-RECEIVED, and a SYN-ACK.
    void open(Connection& connection, const wire::Segment& syn, Instant now);
    /// The event of a segment whose fate is not known yet, and its place among the others; nothing
    /// where segments are not told.
    [[nodiscard]] std::optional<Untold> arrival(const Connection& connection,
                                                const wire::Segment& segment, tcp::Kind kind,
                                                bool retransmission, Instant now);
    /// Its fate is known.
    void report_arrival(const Connection& connection, std::optional<Untold>&& untold,
                        event::Fate fate, const profile::Rule* rule,
                        std::optional<Instant> until = {},
                        std::shared_ptr<const event::Forgery> forgery = nullptr);
    /// The link has lost it before it came to the peer. The event that tells of it, or 0.
    event::EventId report_lost(Connection& connection, const wire::Segment& segment,
                               event::OnTheWay what, Instant now);
    /// Past the rules: the segment, or what they made of it, comes to the peer's stack.
    void arrive(Connection& connection, wire::Segment&& segment, tcp::Kind kind,
                std::optional<Untold>&& untold, event::Fate fate, const profile::Rule* rule,
                const Forged* forged, Instant now);
    void remember(Connection& connection, const wire::Segment& segment) const;
    // gate_out.cpp
    /// Returns the rule that decided the segment's fate; null: none has.
    const profile::Rule* gate_out(Connection& connection, tcp::Reply&& reply, Instant now);
    /// Past the rules: a segment leaves. False: a blackhole stops it.
    bool leave(Connection& connection, wire::Segment&& segment, const Departure& how, Instant now);
    void address(const Connection& connection, wire::Segment& segment) const;
    event::EventId report_departure(const Connection& connection, wire::Segment&& segment,
                                    const Departure& how, std::optional<Instant> until,
                                    Instant now);
    [[nodiscard]] event::Segment departure(const Connection& connection, wire::Segment&& segment,
                                           const Departure& how, std::optional<Instant> until,
                                           Instant now) const;
    /// What the program makes of what left: the window that it saw last.
    static void note_departure(Connection& connection, const wire::Segment& seen, bool changed);
    /// Holds a segment for its time, or until its event.
    void hold(Connection& connection, HeldSegment&& held, const Judgement& judgement,
              std::optional<Instant> until);
    /// False (and told) where the connection holds too much.
    [[nodiscard]] bool may_delay(const Connection& connection, std::size_t size, Instant now);

    /// When the packet is whole there; nothing where it never is.
    std::optional<Instant> depart_in_fragments(Connection& connection, Fragments&& fragments,
                                               std::optional<event::Event>&& event, Instant now);
    /// A fragment whose time has come.
    void release(Connection& connection, LatePacket&& late, Instant now);
    /// Is it of another version of IP than the connection, which is told then?
    [[nodiscard]] bool is_foreign(const profile::SegmentFields& fields,
                                  const Connection& connection, std::string_view action,
                                  Instant now);
    // carriage.cpp: the way between program and peer
    /// Begins to keep account of ways; nothing where it does already.
    void open_ways();
    /// The way to the peers with this profile is another one from now on.
    void change_way(const profile::Profile& profile, const profile::Link& to,
                    const profile::Rule& rule, Instant now);
    [[nodiscard]] const profile::Link* way_from(std::span<const std::uint8_t> packet);
    /// The packet leaves the peer. When it arrives; nothing where it does not.
    std::optional<Instant> depart(const Connection* connection, wire::Bytes&& packet,
                                  std::optional<event::Event>&& event, Instant now);
    void emit(wire::Bytes&& packet, std::optional<event::Event>&& event) override;
    void arrive(const path::Flight& flight, Instant now) override;
    event::EventId lost(std::span<const std::uint8_t> packet, event::OnTheWay what,
                        Instant now) override;
    void refused(std::size_t bytes, bool many, Instant now) override;
    void expected(Instant then) override;
    void tell(event::Link&& link, Instant now) override;
    void record(event::Event&& event) override;

    // settle.cpp: one connection's turn
    /// Carries on until nothing more follows from what happened.
    void settle(Connection& connection, Instant now);
    /// What came that the connection's script has no word for; `over`: no more comes.
    void tell_surprises(Connection& connection, bool over, Instant now);
    /// Requests whose bytes have come to the same address and port before.
    void tell_repeats(Connection& connection, bool over, Instant now);
    void drain(Connection& connection, Instant now);
    void drain_replies(Connection& connection, Instant now);
    void state_changed(Connection& connection, tcp::StateChange change, Instant now);
    void try_thresholds(Connection& connection, Instant now);
    /// Of requests and responses, before the service's next word leaves.
    void try_requests(Connection& connection, Instant now);
    void try_threshold_rules(Connection& connection, const RuleList& rules, std::uint64_t reached,
                             std::optional<std::uint64_t> (*threshold_of)(const profile::Rule&),
                             rules::NearMiss::What what, Instant now);
    /// Texts that rules look for in the stream, before the service reads them.
    void watch_stream(Connection& connection, Instant now);
    /// Would `try_thresholds` fire a rule?
    [[nodiscard]] bool threshold_reached(const Connection& connection) const;
    void try_idle(Connection& connection, Instant now);
    void schedule(Connection& connection, Instant now);
    [[nodiscard]] Instant idle_deadline(const Connection& connection) const;

    // burst.cpp
    /// Another segment is at hand: what has arrived is read, but not answered yet where nothing
    /// speaks against that. Else as `settle`.
    void settle_amid_burst(Connection& connection, Instant now);
    /// The burst is over, has a gap, or a rule may see what it has done so far.
    void settle_unsettled(Instant now);

    // time.cpp
    void advance(Instant now);
    void wake(Connection& connection, Instant now);
    /// Forgets appointments of connections that are gone, once there are many.
    void purge_agenda();
    void release(Connection& connection, HeldSegment&& held, Instant now);

    // rules.cpp
    void try_rules(const RuleList& rules, const Occasion& occasion, Instant now);
    void try_rule(const profile::Rule& rule, const Occasion& occasion, Instant now);
    void defer(const profile::Rule& rule, const Occasion& occasion, Instant now);
    [[nodiscard]] static DeferredActions put_off(const profile::Rule& rule, std::size_t first,
                                                 const Occasion& occasion, Pledge&& pledge);
    /// The event of a mark has come; what waited for it goes on, right behind it.
    void mark_came(Connection& connection, const profile::Rule& mark, Instant now);
    [[nodiscard]] bool passes_filters(const profile::Rule& rule, const Occasion& occasion,
                                      Instant now);

    // actions.cpp
    /// From the rule's action `first` on; `pledge` is that of a list that is carried on.
    Progress carry_out(const profile::Rule& rule, const Occasion& occasion, Instant now,
                       std::size_t first = 0, Pledge pledge = {});
    /// False: it did not do what it says. What is done later leaves a promise.
    [[nodiscard]] bool perform(const profile::Rule& rule, const profile::Action& action,
                               const Occasion& occasion, Undertaking& task, Instant now);
    bool set_interface(Connection& by, const profile::Rule& rule, profile::InterfaceState to,
                       Instant now);
    void connect(const profile::Connect& how, const Occasion& occasion, Instant now);
    void carry_out_deferred(Connection& connection, DeferredActions& deferred, Instant now);
    /// Its connection has ended, and it would find nothing to do there. Says so to its rule.
    [[nodiscard]] bool comes_too_late(const DeferredActions& deferred, Connection& connection);
    /// When a run is concluded: of what is not due yet, that which could not be done in any case.
    void give_up_what_comes_too_late();
    /// How a list goes on that had to wait until something has left.
    void go_on(Connection& connection, Instant now);

    // endings.cpp: what is said leaves before what comes behind it in the list
    /// What was said or finished before leaves now. False: not before this turn's segments have.
    [[nodiscard]] bool let_leave(const profile::Action& action, const Occasion& occasion,
                                 Instant now);
    void close(const Occasion& occasion, Undertaking& task, Instant now);
    void shut_down(const Occasion& occasion, Undertaking& task, Instant now);
    /// False: no RST has left.
    bool reset(const profile::Rule& rule, const profile::Reset& how, const Occasion& occasion,
               Instant now);
    void forget(const profile::Rule& rule, const Occasion& occasion);
    void finish(Connection& connection, const profile::Finish& how, Instant now);
    /// Of `finish: all`: the run's end waits for this connection, or does not any more.
    void await_end(Connection& connection) noexcept;
    void await_no_longer(Connection& connection, Instant now);
    /// Ends the run where all that it waited for has come about.
    void finish_together(Instant now);
    /// The run is to end once what is on its way has arrived, and been answered.
    void ask_to_finish(Instant now);
    /// Something is there, or will be: the end has to wait for what it brings.
    void put_finish_off(Instant there);

    // relay.cpp
    void hold_syn(Connection& connection, const profile::Relay& where, wire::Segment&& syn,
                  Instant now);
    /// There is no real server: what its host said, or nothing, is the answer to the SYN.
    void refuse_held(Connection& connection, Instant now);
    [[nodiscard]] Connection* find_relayed(const UpstreamId& id, Instant now);
    /// At the end of the turn of a relayed connection: what the driver has to know is noted.
    void relay_turn(Connection& connection, Instant now);
    void ask(const Connection& connection, decltype(UpstreamRequest::what)&& what);
    void tell_driver(Connection& connection);
    /// The driver need not bother any longer about a connection that may be relayed.
    void end_relay(Connection& connection);

    // forgery.cpp: actions that change segments or make some; each is false where it did nothing
    bool change(const profile::Rule& rule, const profile::Action& action, const Occasion& occasion,
                Instant now);
    bool send(const profile::Rule& rule, const profile::Send& what, const Occasion& occasion,
              Instant now);
    bool send_icmp(const profile::Rule& rule, const profile::Icmp& what, const Occasion& occasion,
                   Instant now);
    void note_no_icmp(const wire::IcmpMessage& message, const wire::Segment& about, Instant now);
    /// An ACK with the numbers of the connection, or those that it had last.
    [[nodiscard]] wire::Segment template_segment(const Connection& connection, Instant now) const;

    // memory.cpp
    /// Counts anew what the connection holds. Call it where its turn ends.
    void account(Connection& connection) noexcept;
    /// May it hold so many bytes more beside its queues? If not, that is counted and told.
    [[nodiscard]] bool may_hold(const Connection& connection, std::size_t bytes, Instant now);
    /// Tells and counts what did not fit: of either limit, of that for all connections.
    void note_refusal(std::uint64_t bytes, Instant now);
    void note_want_of_memory(std::uint64_t bytes, Instant now);
    void note_window(const Behaviour& behaviour, Instant now);
    /// The peer has something to say and no memory to say it from.
    void note_wait(Instant now);
    // records.cpp
    void erase(Connection& connection);
    void update_record(const Connection& connection);
    void close_record(Connection& connection);
    [[nodiscard]] const std::vector<AttemptRecord>& update_records();
    /// Follows how the program's side of a new attempt ends, unless there are many.
    void begin_trail(const Connection& connection);
    /// Null where nobody follows it, or not any more.
    [[nodiscard]] event::Trail* trail_of(const Connection& connection);
    /// Is its beginning told?
    [[nodiscard]] bool tells_of(const Connection& connection);
    [[nodiscard]] event::Event make_event(const Connection* connection, Instant now,
                                          decltype(event::Event::what)&& what) const;
    /// Returns the event's number.
    event::EventId post(const Connection* connection, Instant now,
                        decltype(event::Event::what)&& what);
    Settings settings;
    std::vector<PeerSpec> peers;
    PeerPlaces places;
    PeerMembers members;
    tcp::MemoryBudget memory;
    std::uint32_t last_behaviour = 0;                    ///< its number
    std::vector<std::unique_ptr<Behaviour>> behaviours;  ///< one for each distinct profile
    std::vector<Behaviour*> behaviour_of_peer;           ///< by index of `peers`; null: it is gone
    std::vector<std::uint64_t> attempts_of_peer;         ///< the same
    /// Of new connections, by index of `peers`; empty: none was ever ordered.
    std::vector<std::optional<profile::Direction>> future_blackhole;
    profile::Rule control_rule;  ///< stands for the control interface as what blackholed
    StateCounts states{};
    path::Random rule_random;
    path::Random port_random;
    ConnectionTable connections;
    Agenda agenda;
    dialling::Campaigns campaigns;
    std::deque<Handle> dead;     ///< connections that are gone, oldest first
    std::deque<Handle> waiting;  ///< connections whose first segment the peer did not take up
    tsl::robin_map<wire::Endpoint, AttemptCount> attempt_counts;
    std::map<wire::IpAddress, NarrowPath> paths;  ///< by whom they lead to
    flows::Cookies cookies;
    std::vector<AttemptRecord> records;
    std::vector<std::optional<event::Trail>> trails;  ///< by index of `records`
    bool concluded = false;

    tcp::Output out;                         ///< of the connection whose turn it is
    std::vector<tcp::Reply> reply_scratch;   ///< kept for its memory
    std::vector<DeferredActions> postponed;  ///< lists of that connection that go on in its turn
    bool rules_rest = false;                 ///< for the rest of the turn: they had no end
    std::vector<Emission> packets;
    std::unique_ptr<path::Carrier> ways;    ///< null: all ways are short, and lose nothing
    const path::Flight* carried = nullptr;  ///< whose packet arrives now; null: it came at once
    std::vector<UpstreamRequest> requests;
    std::vector<Handle> relays_with_news;   ///< relayed connections that have something to tell
    std::optional<Handle> unsettled;        ///< the connection in the middle of a burst
    bool more_follow = false;               ///< another packet comes with the next call
    std::vector<wire::Datagram> datagrams;  ///< to port 53
    ProgramInterface program_interface;
    bool has_keys = false;  ///< of signatures, with any behaviour
    std::vector<event::Event> events;
    event::EventIds own_ids;
    event::EventIds* ids = nullptr;
    event::EventId cause = 0;    ///< the segment that has arrived, as long as it is worked on
    SeenRequests requests_seen;  ///< where somebody asks for them
    std::map<std::string_view, std::set<std::string>> notices_given;  ///< by kind, a literal
    /// Names of profiles that `use` brought and that were replaced before a connection had them.
    std::set<std::string> unmet_uses;
    std::uint64_t ordered_faults = 0;
    Counters counters;
    event::ConnectionId last_id = 0;
    wire::Reassembly reassembly;
    std::uint32_t fragmented = 0;  ///< packets so far; the identification of their fragments
    std::size_t live = 0;
    std::size_t purge_above = 0;  ///< appointments
    std::optional<Instant> finish_at;
    Instant finish_by{};                 ///< whatever is still on its way then
    std::size_t awaited = 0;             ///< connections that have not come to their `finish: all`
    std::set<std::size_t> finish_asked;  ///< peers that have come to a `finish: all`
    bool finished = false;
};

}  // namespace ghostpeer::peer
