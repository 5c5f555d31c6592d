#include "flows/moment.hpp"

#include "flows/expression.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::flows {
namespace {

using What = NearMiss::What;

[[nodiscard]] std::uint16_t dialled_port(const Connection& connection) noexcept {
    return (connection.dialled ? connection.flow.remote : connection.flow.local).port;
}

}  // namespace

tcp::State stance(const Connection& connection) noexcept {
    const bool waits =
        !connection.live() && !connection.dialled && connection.ending == event::Ending::unanswered;
    return waits ? tcp::State::listen : connection.tcb.state();
}

Moment moment_of(const Occasion& occasion, Instant now) {
    const Connection& connection = occasion.connection;
    Moment moment{stance(connection),
                  connection.attempt,
                  dialled_port(connection),
                  connection.tcb.bytes_received(),
                  connection.tcb.bytes_acknowledged(),
                  now - connection.start,
                  occasion.segment,
                  occasion.retransmission};
    moment.own = connection.flow.local.address;
    const bool arrives = occasion.direction == event::Direction::in;
    moment.base =
        arrives
            ? wire::NumberBase{connection.program_isn, connection.iss, connection.began_with_syn}
            : wire::NumberBase{connection.iss, connection.program_isn, connection.began_with_syn};
    moment.arrived = arrives;
    if (occasion.segment != nullptr) {
        const bool scaled = !occasion.segment->has(wire::Flags::syn);
        moment.window = std::uint32_t{occasion.segment->window}
                        << (!scaled   ? 0
                            : arrives ? connection.scale_in
                                      : connection.scale_out);
    }
    return moment;
}

Evaluate numbers_of(const profile::Rule& rule, const Occasion& occasion, Instant now) {
    if (!rule.filters.when.segment || occasion.segment == nullptr) {
        return {};
    }
    const auto snd_nxt = snd_nxt_before(occasion);
    return [&occasion, now, snd_nxt](const profile::SequenceExpression& sum) {
        return evaluate(sum, occasion.connection, occasion.segment, now, snd_nxt);
    };
}

std::optional<wire::SeqNum> snd_nxt_before(const Occasion& occasion) {
    if (occasion.direction == event::Direction::in || occasion.retransmission ||
        occasion.segment == nullptr || occasion.segment->length() == 0) {
        return std::nullopt;
    }
    return occasion.segment->seq;
}

bool comes_within(const profile::Rule& rule, const Connection& connection, NearMiss& near_miss,
                  Instant now) {
    const auto mark = connection.behaviour->marks_of_rule(rule).within;
    if (!mark) {
        return true;
    }
    const Extras* extras = connection.extras.get();
    if (extras == nullptr || *mark >= extras->marked.size() || extras->marked[*mark] == never) {
        near_miss.note(What::reference, 0, UINT64_MAX - 1);
        return false;
    }
    const profile::Range& range = rule.filters.within->time;
    const auto since = static_cast<std::uint64_t>((now - extras->marked[*mark]).count());
    if (!range.contains(since)) {
        near_miss.note(What::within, since,
                       since < range.least ? range.least - since : since - range.most);
        return false;
    }
    return true;
}

std::vector<std::unique_ptr<HeldSegment>> note_mark(Connection& connection,
                                                    const profile::Rule& mark, Instant now) {
    const Behaviour& behaviour = *connection.behaviour;
    const std::size_t number = behaviour.mark_number(mark);
    Extras& extra = connection.extra();
    extra.marked.resize(behaviour.marks.size(), never);
    if (extra.marked[number] == never || !behaviour.is_first(number)) {
        extra.marked[number] = now;
    }
    std::vector<std::unique_ptr<HeldSegment>> freed;
    bool reversed = false;
    std::erase_if(extra.waiting, [&](const auto& one) {
        if (one->mark != number) {
            return false;
        }
        reversed = one->reversed;
        freed.push_back(std::make_unique<HeldSegment>(std::move(one->held)));
        return true;
    });
    if (reversed) {
        std::reverse(freed.begin(), freed.end());
    }
    return freed;
}

void keep_waiting(Connection& connection, HeldSegment&& held, const Judgement& judgement) {
    const auto mark = connection.behaviour->marks_of_rule(*judgement.rule).hold;
    Extras& extra = connection.extra();
    extra.note_made(held.segment.payload.size());
    extra.waiting.push_back(std::make_unique<WaitingSegment>(
        WaitingSegment{std::move(held), mark.value_or(0), judgement.reversed}));
}

}  // namespace ghostpeer::flows
