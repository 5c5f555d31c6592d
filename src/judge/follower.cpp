#include "judge/follower.hpp"
#include "event/tables.hpp"
#include "judge/recorded.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ghostpeer::judge {
namespace {

using event::max_followed_unasked;

/// Of so many attempts the end on the program's side is told at most.
constexpr std::size_t max_outcomes = 10'000;
// More than a peer has at a time. Those that were never taken up stay until others need the room.
constexpr std::size_t max_followed = 1'000'000;
constexpr std::size_t max_over = 65'536;
// Of those whose SYN nobody has taken up yet; a peer that answers none has no end to them.
constexpr std::size_t max_listening = 65'536;
constexpr std::size_t max_queued = 1'000'000;
constexpr std::size_t max_queued_payload = std::size_t{64} << 20U;
constexpr Instant never = Instant::max();

/// When it came about; a segment may leave later than it was made.
[[nodiscard]] Instant made(const event::Event& event) noexcept {
    const auto* segment = std::get_if<event::Segment>(&event.what);
    return segment != nullptr && segment->direction == event::Direction::out ? segment->made
                                                                             : event.at;
}

[[nodiscard]] std::size_t payload(const event::Event& event) noexcept {
    const auto* segment = std::get_if<event::Segment>(&event.what);
    return segment != nullptr ? segment->segment.payload.size() : 0;
}

/// Does it come to the peer for the first time, whatever becomes of it?
[[nodiscard]] bool is_arrival(const event::Event& event, const event::Segment& segment) noexcept {
    return event.of == 0 && segment.fate != event::Fate::duplicated;
}

/// Has it left the peer? What the link refused was told before; a copy of a link's is not its own.
[[nodiscard]] bool is_departure(const event::Event& event, const event::Segment& segment) noexcept {
    switch (segment.fate) {
        case event::Fate::sent:
        case event::Fate::corrupted:
        case event::Fate::edited: return true;
        case event::Fate::duplicated: return !segment.on_the_way;
        case event::Fate::undelivered: return event.of == 0;
        case event::Fate::accepted:
        case event::Fate::dropped:
        case event::Fate::delayed: break;
    }
    return false;
}

}  // namespace

void Follower::add(std::uint32_t profile, std::shared_ptr<const profile::Profile> expecting) {
    witnesses_.try_emplace(profile, std::make_unique<Witness>(std::move(expecting), virtual_time_));
}

bool Follower::expects_outcomes() const noexcept {
    return std::any_of(witnesses_.begin(), witnesses_.end(),
                       [](const auto& one) { return one.second->expects_outcomes(); });
}

bool Follower::follows_sockets() const {
    const auto& all = outcomes_.all();
    const bool more_to_come = all.size() < max_followed_unasked || expects_outcomes();
    return !conclusion_told_ &&
           (more_to_come || std::any_of(all.begin(), all.end(), [](const OutcomeRecord& record) {
                return !record.gone && !record.destroyed;
            }));
}

const Witness* Follower::witness(std::uint32_t profile) const {
    const auto found = witnesses_.find(profile);
    return found == witnesses_.end() ? nullptr : found->second.get();
}

// The order of events ----------------------------------------------------------------------------

void Follower::record(const event::Event& event) {
    if (const auto* link = std::get_if<event::Link>(&event.what)) {
        on_its_way_ = std::max(on_its_way_, link->longest);
    }
    if (conclusion_told_ && on_its_way_ <= Duration::zero()) {
        return;
    }
    if (std::holds_alternative<event::Attempt>(event.what)) {
        attempt_told_ = event.connection;
    } else if (const auto* start = std::get_if<event::Start>(&event.what)) {
        follow_end(event, *start);
    }
    conclusion_told_ = conclusion_told_ || std::holds_alternative<event::Conclusion>(event.what);
    if (witnesses_.empty()) {
        return;
    }
    if (on_its_way_ <= Duration::zero()) {
        process(event, event.at);
        return;
    }
    // Numbers are given when something comes about. What was made so long ago has all been told.
    queued_payload_ += payload(event);
    const auto [place, inserted] = queue_.try_emplace(event.id);
    if (!inserted) {
        queued_payload_ -= payload(place->second.event);
    }
    place->second = Queued{made(event), event};
    const Instant until = event.at - on_its_way_;
    while (!queue_.empty() && (queue_.begin()->second.made <= until || queue_.size() > max_queued ||
                               queued_payload_ > max_queued_payload)) {
        const auto next = queue_.extract(queue_.begin());
        queued_payload_ -= payload(next.mapped().event);
        process(next.mapped().event, next.mapped().made);
    }
}

void Follower::finish() {
    queued_payload_ = 0;
    for (const auto& [id, queued] : std::exchange(queue_, {})) {
        process(queued.event, queued.made);
    }
    note_totals();
}

void Follower::process(const event::Event& event, Instant at) {
    if (concluded_) {
        return;
    }
    const auto* segment = std::get_if<event::Segment>(&event.what);
    const auto* state = std::get_if<event::State>(&event.what);
    const bool follows_from_it =
        state != nullptr || (segment != nullptr && segment->direction == event::Direction::out);
    if (reached_ && (!follows_from_it || at > reached_->at)) {
        note_totals();
    }
    if (const auto* attempt = std::get_if<event::Attempt>(&event.what)) {
        began_ = Began{event.connection, attempt->flow, attempt->dialled};
        return;
    }
    if (const auto* begin = std::get_if<event::Start>(&event.what)) {
        start(event, *begin, at);
        return;
    }
    if (const auto* command = std::get_if<event::Command>(&event.what)) {
        fired(*command, at);
        return;
    }
    if (std::holds_alternative<event::Conclusion>(event.what)) {
        conclude(at);
        return;
    }
    Followed* one = find(event.connection);
    if (one == nullptr) {
        return;
    }
    note_idle(*one, at);
    const auto* notice = std::get_if<event::Notice>(&event.what);
    if (notice != nullptr && notice->what == "repeated-request") {
        note(one->witness->of_repeat(), *one, moment(*one, at), at);
    }
    if (state != nullptr) {
        entered(*one, state->to, at);
    } else if (const auto* icmp = std::get_if<event::Icmp>(&event.what)) {
        one->last_activity = icmp->fate == event::Fate::dropped ? one->last_activity : at;
    } else if (segment != nullptr && segment->direction == event::Direction::out) {
        if (is_departure(event, *segment)) {
            left(*one, *segment, at, event.at);
        }
    } else if (segment != nullptr) {
        if (is_arrival(event, *segment)) {
            arrived(*one, *segment, at);
        }
        if (segment->received != one->received || segment->acknowledged != one->acknowledged) {
            one->received = segment->received;
            one->acknowledged = segment->acknowledged;
            reached_ = Reached{one->id, at};
        }
    }
}

// What comes about --------------------------------------------------------------------------------

/// At once: what the kernel says of its socket is not held back by a round trip.
void Follower::follow_end(const event::Event& event, const event::Start& start) {
    const bool attempted = std::exchange(attempt_told_, 0) == event.connection;
    if (!attempted || conclusion_told_) {
        return;
    }
    const Witness* const expecting = witness(start.expected_by);
    const bool asked = expecting != nullptr && expecting->expects_outcomes();
    if (attempts_++ < (asked ? max_outcomes : max_followed_unasked)) {
        OutcomeRecord record;
        record.connection = event.connection;
        record.attempt = event.attempt;
        record.flow = start.flow;
        record.dialled = start.dialled;
        record.witness = asked ? expecting : nullptr;
        outcomes_.add(std::move(record));
    }
}

void Follower::start(const event::Event& event, const event::Start& start, Instant at) {
    const auto found = witnesses_.find(start.expected_by);
    Witness* const witness = found == witnesses_.end() ? nullptr : found->second.get();
    if (const auto began = std::exchange(began_, std::nullopt);
        began && began->connection == event.connection) {
        // What a server's `connect` begins is no attempt of the program's.
        if (witness != nullptr &&
            (!start.dialled || witness->profile().role == profile::Role::client)) {
            witness->saw_attempt(start, {at, event.connection, event.attempt});
        }
    }
    if (witness == nullptr) {
        return;
    }
    auto one = std::make_unique<Followed>();
    one->witness = witness;
    one->id = event.connection;
    one->attempt = event.attempt;
    one->port = (start.dialled ? start.flow.remote : start.flow.local).port;
    one->own = start.flow.local.address;
    one->state = start.dialled ? tcp::State::closed : tcp::State::listen;
    one->start = at;
    one->last_activity = at;
    note(witness->of_start(), *one, moment(*one, at), at);
    keep(std::move(one));
}

void Follower::arrived(Followed& one, const event::Segment& segment, Instant at) {
    const tcp::Kind kind = segment.kind.value_or(tcp::Kind::ack);
    if (OutcomeRecord* record = outcomes_.of(one.id)) {
        if (segment.segment.has(wire::Flags::fin)) {
            record->fin_came = record->fin_came.value_or(at);
        }
        if (kind == tcp::Kind::rst) {
            record->reset_came = record->reset_came.value_or(at);
        }
    }
    note(one.witness->of(kind, segment.segment), one, moment(one, segment, at), at);
    one.last_activity = at;
}

void Follower::left(Followed& one, const event::Segment& segment, Instant at, Instant there) {
    OutcomeRecord* record = segment.segment.has(wire::Flags::fin) ? outcomes_.of(one.id) : nullptr;
    if (record != nullptr) {
        record->fin_left = record->fin_left.value_or(there);
    }
    note(one.witness->of(segment.reason.value_or(tcp::Reason::ack)), one, moment(one, segment, at),
         at);
    one.last_activity = at;
}

void Follower::entered(Followed& one, tcp::State state, Instant at) {
    one.state = state;
    note(one.witness->of(state), one, moment(one, at), at);
    if (state != tcp::State::closed) {
        return;
    }
    over_.push_back(one.id);
    if (over_.size() > max_over) {
        forget_oldest(over_, tcp::State::closed);
    }
}

/// Those that are in another state by now stay.
void Follower::forget_oldest(std::deque<event::ConnectionId>& ids, tcp::State state) {
    const auto found = followed_.find(ids.front());
    if (found != followed_.end() && found->second->state == state) {
        followed_.erase(found);
    }
    ids.pop_front();
}

void Follower::fired(const event::Command& command, Instant at) {
    std::vector<Followed*> open;
    for (const auto& [id, one] : followed_) {
        if (one->open()) {
            open.push_back(one.get());
        }
    }
    std::sort(open.begin(), open.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    for (Followed* one : open) {
        note_idle(*one, at);
        note(one->witness->of_command(command.name), *one, moment(*one, at), at);
    }
}

void Follower::conclude(Instant at) {
    for (const auto& [id, one] : followed_) {
        note_idle(*one, at);
    }
    concluded_ = true;
}

// Sightings ---------------------------------------------------------------------------------------

rules::Moment Follower::moment(const Followed& one, Instant at) {
    rules::Moment moment{one.state,        one.attempt,    one.port, one.received,
                         one.acknowledged, at - one.start, nullptr,  false};
    moment.own = one.own;
    return moment;
}

rules::Moment Follower::moment(const Followed& one, const event::Segment& segment, Instant at) {
    rules::Moment moment = Follower::moment(one, at);
    add_segment(segment, moment);
    return moment;
}

void Follower::note(const Witness::Leads& leads, Followed& one, const rules::Moment& moment,
                    Instant at) {
    for (const Witness::Lead& lead : leads) {
        note_one(lead, one, moment, at);
    }
}

void Follower::note_one(const Witness::Lead& lead, Followed& one, const rules::Moment& moment,
                        Instant at) {
    Witness& witness = *one.witness;
    if (!lead.reference && !recorded_holds(witness.when(lead), moment, witness.near_miss(lead))) {
        witness.miss(lead);
        return;
    }
    if (const profile::Within* within = lead.reference ? witness.timed_outcome(lead) : nullptr) {
        if (OutcomeRecord* record = outcomes_.of(one.id)) {
            record->refer(lead.expectation, within->of_first, at);
        }
        return;
    }
    witness.saw(lead, one.watch, {at, one.id, one.attempt});
}

void Follower::note_idle(Followed& one, Instant at) {
    const auto& idles = one.witness->idles();
    if (idles.empty() || !one.open()) {
        return;
    }
    for (std::size_t i = 0; i < idles.size(); ++i) {
        const Instant due = one.last_activity + idles[i].length;
        if (at < due) {
            continue;
        }
        auto& noted = one.watch.idle_noted;
        noted.resize(idles.size(), never);
        if (noted[i] != one.last_activity) {
            noted[i] = one.last_activity;
            note_one(idles[i].lead, one, moment(one, due), due);
        }
    }
}

void Follower::note_totals() {
    const auto reached = std::exchange(reached_, std::nullopt);
    Followed* one = reached ? find(reached->connection) : nullptr;
    if (one == nullptr || one->witness->totals().empty()) {
        return;
    }
    const auto& totals = one->witness->totals();
    one->watch.totals_reached.resize(totals.size());
    for (std::size_t i = 0; i < totals.size(); ++i) {
        const std::uint64_t bytes = totals[i].sent ? one->acknowledged : one->received;
        if (!one->watch.totals_reached[i] && bytes >= totals[i].bytes) {
            one->watch.totals_reached[i] = true;
            note_one(totals[i].lead, *one, moment(*one, reached->at), reached->at);
        }
    }
}

Follower::Followed* Follower::find(event::ConnectionId id) {
    const auto found = followed_.find(id);
    return found == followed_.end() ? nullptr : found->second.get();
}

void Follower::keep(std::unique_ptr<Followed> one) {
    while (followed_.size() >= max_followed && !oldest_.empty()) {
        followed_.erase(oldest_.front());
        oldest_.pop_front();
    }
    // Those that went otherwise stay named there, as long as they are few.
    if (oldest_.size() >= 2 * max_followed) {
        std::erase_if(oldest_, [&](event::ConnectionId id) { return !followed_.contains(id); });
    }
    const event::ConnectionId id = one->id;
    oldest_.push_back(id);
    if (one->state == tcp::State::listen) {
        listening_.push_back(id);
        if (listening_.size() > max_listening) {
            forget_oldest(listening_, tcp::State::listen);
        }
    }
    followed_.insert_or_assign(id, std::move(one));
}

}  // namespace ghostpeer::judge
