// Carries packets between the program and the peer: gives them to their ways, keeps them for as
// long as they are on it, and tells what became of them.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/tcp/memory_budget.hpp"
#include "path/paths.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ghostpeer::path {

/// Both ends of the ways: who has the carrier.
class Ends {
  public:
    Ends() = default;
    virtual ~Ends() = default;
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

    /// A packet comes to the program now.
    virtual void emit(wire::Bytes&& packet, std::optional<event::Event>&& event) = 0;
    /// A packet of the program comes to the peer now.
    virtual void arrive(const Flight& flight, Instant now) = 0;
    /// One of the program's was lost. The event that tells of it; 0: none does.
    virtual event::EventId lost(std::span<const std::uint8_t> packet, event::OnTheWay what,
                                Instant now) = 0;
    /// There is no room for a packet of so many bytes; `many`: nor for any other.
    virtual void refused(std::size_t bytes, bool many, Instant now) = 0;
    /// Something will have arrived then.
    virtual void expected(Instant then) = 0;
    virtual void tell(event::Link&& link, Instant now) = 0;
    /// The fate of a packet that goes no way.
    virtual void record(event::Event&& event) = 0;
};

/// What all of them share.
struct Means {
    tcp::MemoryBudget& memory;
    event::Counters& counters;
    event::EventIds& ids;
    std::size_t most_flights = 0;
};

class Carrier {
  public:
    using Said = std::shared_ptr<const profile::Link>;

    /// `rtt`: the way down where nobody speaks of its delay. `above`: what the run says of all.
    Carrier(Ends& ends, const Means& means, Duration rtt, const profile::Link& above,
            std::uint64_t seed);

    /// The way that a profile speaks of, if it does.
    void open(const Said& said, const std::string& profile, Instant now);
    /// Nobody has what spoke of it any more.
    void close(const profile::Link* said) { paths_.close(said); }
    /// False: it was so before.
    bool change(const profile::Link* said, const profile::Link& to, const profile::Place& rule,
                Instant now);

    /// A packet leaves the peer. When it arrives; nothing: never.
    std::optional<Instant> down(const profile::Link* said, wire::Bytes&& packet,
                                std::optional<event::Event>&& event, Instant now);
    /// A packet leaves the program. Nothing: it has arrived; else the event that tells of its loss,
    /// 0 where none does.
    std::optional<event::EventId> up(const profile::Link* said,
                                     std::span<const std::uint8_t> packet, Instant now);
    /// What has been on its way until now arrives.
    void land(Instant now);

    /// When the next packet arrives; nothing: none is on its way.
    [[nodiscard]] std::optional<Instant> next() const;
    /// When everything has arrived that is on its way.
    [[nodiscard]] Instant last() const noexcept { return flights_.last(); }
    [[nodiscard]] Duration longest_round() const noexcept { return paths_.longest_round(); }

  private:
    void tell(const Path& path, const profile::Place* rule, Instant now);
    [[nodiscard]] bool send(wire::Bytes&& packet, std::optional<event::Event>&& event,
                            const Passage& passage, Instant now);
    [[nodiscard]] event::OnTheWay count_lost(Passage::Fate fate) noexcept;
    [[nodiscard]] bool has_room(std::size_t bytes, Instant now);
    void fly(Flight&& flight);

    Ends& ends_;
    Means means_;
    Paths paths_;
    Flights flights_;
};

}  // namespace ghostpeer::path
