#include "path/carrier.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace ghostpeer::path {
namespace {

void set_fate(event::Event& event, event::Fate fate, std::optional<event::OnTheWay> what) {
    if (auto* segment = std::get_if<event::Segment>(&event.what)) {
        segment->fate = fate;
        segment->on_the_way = what;
    } else if (auto* icmp = std::get_if<event::Icmp>(&event.what)) {
        icmp->fate = fate;
        icmp->on_the_way = what;
    }
}

[[nodiscard]] bool only_delays(const profile::LinkWay& way) noexcept {
    return !way.rate && !way.by_chance() && !way.queue;
}

[[nodiscard]] profile::Link at_a_distance(Duration rtt) {
    profile::Link link;
    if (rtt > Duration::zero()) {
        link.down.delay = rtt;
    }
    return link;
}

}  // namespace

Carrier::Carrier(Ends& ends, const Means& means, Duration rtt, const profile::Link& above,
                 std::uint64_t seed)
    : ends_(ends), means_(means), paths_(at_a_distance(rtt), above, seed) {
    const profile::Link figures = paths_.to(nullptr).figures();
    // A run whose peers are but so far away (`--rtt`) has said so at its beginning.
    if (!only_delays(figures.up) || !only_delays(figures.down) ||
        figures.up.delay.value_or(Duration::zero()) > Duration::zero()) {
        tell(paths_.to(nullptr), nullptr, run_start);
    }
}

void Carrier::open(const Said& said, const std::string& profile, Instant now) {
    // Attempts that are written in place go the way of their profile.
    if (paths_.to(said.get()).said != said) {
        tell(paths_.open(said, profile), nullptr, now);
    }
}

bool Carrier::change(const profile::Link* said, const profile::Link& to, const profile::Place& rule,
                     Instant now) {
    Path& path = paths_.to(said);
    const profile::Link before = path.figures();
    path.up.change(to.up);
    path.down.change(to.down);
    if (path.figures() == before) {
        return false;
    }
    tell(path, &rule, now);
    return true;
}

void Carrier::tell(const Path& path, const profile::Place* rule, Instant now) {
    const profile::Link figures = path.figures();
    event::Link told{path.profile,
                     {},
                     profile::to_string(figures.up),
                     profile::to_string(figures.down),
                     path.down.longest()};
    if (rule != nullptr) {
        told.rule = *rule;
    }
    ends_.tell(std::move(told), now);
}

// Down -------------------------------------------------------------------------------------------

std::optional<Instant> Carrier::down(const profile::Link* said, wire::Bytes&& packet,
                                     std::optional<event::Event>&& event, Instant now) {
    const Passage passage = paths_.to(said).down.carry(packet.size(), now);
    if (passage.fate != Passage::Fate::arrives) {
        const event::OnTheWay what = count_lost(passage.fate);
        if (event) {
            set_fate(*event, event::Fate::dropped, what);
            ends_.record(std::move(*event));
        }
        return std::nullopt;
    }
    if (auto* segment = event ? std::get_if<event::Segment>(&event->what) : nullptr) {
        segment->queued = passage.queued;
    }
    std::optional<event::Event> of_copy;
    wire::Bytes copy;
    if (passage.twice) {
        copy = packet;
        if (event) {
            of_copy = *event;
            of_copy->id = means_.ids.next();
            of_copy->of = event->id;
            set_fate(*of_copy, event::Fate::duplicated, event::OnTheWay::copied);
        }
    }
    const bool left = send(std::move(packet), std::move(event), passage, now);
    if (passage.twice) {
        static_cast<void>(send(std::move(copy), std::move(of_copy), passage, now));
    }
    return left ? std::optional(passage.arrives) : std::nullopt;
}

bool Carrier::send(wire::Bytes&& packet, std::optional<event::Event>&& event,
                   const Passage& passage, Instant now) {
    ends_.expected(std::max(passage.arrives, now));
    if (passage.arrives <= now) {
        ends_.emit(std::move(packet), std::move(event));
        return true;
    }
    if (has_room(packet.size(), now)) {
        fly({now, passage.arrives, passage.queued, event::Direction::out, false, std::move(packet),
             std::move(event)});
        return true;
    }
    ++means_.counters.undelivered;
    if (event) {
        set_fate(*event, event::Fate::undelivered, std::nullopt);
        ends_.record(std::move(*event));
    }
    return false;
}

// Up ---------------------------------------------------------------------------------------------

std::optional<event::EventId> Carrier::up(const profile::Link* said,
                                          std::span<const std::uint8_t> packet, Instant now) {
    const Passage passage = paths_.to(said).up.carry(packet.size(), now);
    if (passage.fate != Passage::Fate::arrives) {
        return ends_.lost(packet, count_lost(passage.fate), now);
    }
    const bool at_once = passage.arrives <= now;
    const int first = at_once ? 1 : 0;
    const int last = passage.twice ? 1 : 0;
    for (int each = first; each <= last; ++each) {
        ends_.expected(std::max(passage.arrives, now));
        if (has_room(packet.size(), now)) {
            fly({now, std::max(passage.arrives, now), passage.queued, event::Direction::in,
                 each == 1, wire::Bytes(packet.begin(), packet.end()), std::nullopt});
        } else {
            ++means_.counters.undelivered;
        }
    }
    return at_once ? std::nullopt : std::optional(event::EventId{0});
}

// Both -------------------------------------------------------------------------------------------

event::OnTheWay Carrier::count_lost(Passage::Fate fate) noexcept {
    if (fate == Passage::Fate::lost) {
        ++means_.counters.lost_on_the_way;
        return event::OnTheWay::lost;
    }
    ++means_.counters.queue_full;
    return event::OnTheWay::queue_full;
}

bool Carrier::has_room(std::size_t bytes, Instant now) {
    const bool many = flights_.size() >= means_.most_flights;
    const bool room = !many && bytes <= means_.memory.room_for(flights_.bytes());
    if (!room) {
        ends_.refused(bytes, many, now);
    }
    return room;
}

void Carrier::fly(Flight&& flight) {
    const std::size_t before = flights_.bytes();
    flights_.add(std::make_unique<Flight>(std::move(flight)));
    means_.memory.change(before, flights_.bytes());
}

void Carrier::land(Instant now) {
    for (std::size_t before = flights_.bytes(); const auto flight = flights_.land(now);
         before = flights_.bytes()) {
        means_.memory.change(before, flights_.bytes());
        ends_.expected(now);  // it may be late
        if (flight->direction == event::Direction::in) {
            ends_.arrive(*flight, now);
            continue;
        }
        if (flight->event) {
            flight->event->at = now;
        }
        ends_.emit(std::move(flight->packet), std::move(flight->event));
    }
}

std::optional<Instant> Carrier::next() const {
    return flights_.empty() ? std::nullopt : std::optional(flights_.next());
}

}  // namespace ghostpeer::path
