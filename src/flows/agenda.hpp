// What is to be done later, in order of time: delayed segments, deferred actions, connections
// that want to be looked at.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"
#include "rules/deed.hpp"
#include "rules/forged.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace ghostpeer::flows {

/// Held segments and deferred actions beyond this number are lost (and counted).
inline constexpr std::size_t max_appointments = 400'000;

/// Look at a connection: its TCP timers, its service, its idle rules.
struct Wake {};

/// A segment that `delay` holds.
struct HeldSegment {
    event::Direction direction = event::Direction::in;
    tcp::Kind kind = tcp::Kind::ack;
    tcp::Reason reason = tcp::Reason::ack;
    wire::Segment segment;
    bool retransmission = false;
    const profile::Rule* rule = nullptr;
    std::unique_ptr<Forged> forged;  ///< what it is to leave or arrive as; null: as it is
    event::EventId told = 0;         ///< the event that tells of the delay
};

/// A segment that `hold` keeps until an event comes.
struct WaitingSegment {
    HeldSegment held;
    std::uint32_t mark = 0;  ///< of the event, among those of the connection's behaviour
    bool reversed = false;
};

/// Actions that `after` puts off, or that have to wait until something has left, with the segment
/// that fired their rule.
struct DeferredActions {
    const profile::Rule* rule = nullptr;
    std::size_t first = 0;  ///< of the rule's actions
    std::optional<wire::Segment> segment;
    std::size_t size = 0;  ///< payload bytes held
    event::Direction direction = event::Direction::in;
    bool retransmission = false;
    bool was_over = false;  ///< the connection, already when the rule came up
    Pledge pledge;
};

/// A fragment that leaves later than the others of its packet.
struct LatePacket {
    wire::Bytes packet;
};

// Large tasks stay on the heap, so that the queue itself moves only small values.
using Task = std::variant<Wake, std::unique_ptr<HeldSegment>, std::unique_ptr<DeferredActions>,
                          std::unique_ptr<LatePacket>>;

struct Appointment {
    Instant at{};
    std::uint64_t order = 0;  ///< first made, first kept
    Handle connection;
    Task task;
};

/// A calendar: only what is due soon is kept in order, the rest lies in buckets by time. With a
/// heap of all, each of 200,000 timers would cost a walk through memory that is in no cache.
class Agenda {
  public:
    void add(Instant at, Handle connection, Task task);
    [[nodiscard]] std::optional<Instant> next() const noexcept;
    /// The earliest appointment, where it is due by `now`.
    [[nodiscard]] std::optional<Appointment> pop_due(Instant now);
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Removes the appointments for which `stale` is true.
    void purge(const std::function<bool(const Appointment&)>& stale);

  private:
    /// Puts the earliest bucket in order where nothing is left that is.
    void refill();

    std::vector<Appointment> near_;  ///< a heap of all before `near_end_`; empty: so is the rest
    Instant near_end_ = Instant::min();
    std::map<Instant, std::vector<Appointment>> far_;  ///< by the bucket's beginning; none empty
    std::size_t size_ = 0;
    std::uint64_t made_ = 0;
};

}  // namespace ghostpeer::flows
