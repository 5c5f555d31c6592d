#include "judge/recorded.hpp"

#include "event/tables.hpp"

#include <cstdint>

namespace ghostpeer::judge {
namespace {

/// `iss` and `irs` are the peer's, as in a rule.
[[nodiscard]] std::uint32_t value_of(const profile::Term& term, const rules::Moment& moment,
                                     bool arrived) {
    using profile::Name;
    const wire::Segment& segment = *moment.segment;
    switch (term.name) {
        case Name::number: return term.value;
        case Name::iss: return (arrived ? moment.base.ack : moment.base.seq).raw();
        case Name::irs: return (arrived ? moment.base.seq : moment.base.ack).raw();
        case Name::seg_seq: return segment.seq.raw();
        case Name::seg_ack: return segment.ack.raw();
        case Name::seg_end: return segment.end().raw();
        default: return 0;  // the loader lets no expectation name others
    }
}

}  // namespace

void add_segment(const event::Segment& segment, rules::Moment& moment) {
    moment.state = segment.state;
    moment.segment = &segment.segment;
    moment.payload_known = event::payload_kept;
    moment.retransmission = segment.retransmission;
    moment.base = segment.base;
    moment.window = segment.window;
    moment.arrived = segment.direction == event::Direction::in;
}

bool recorded_holds(const profile::When& when, const rules::Moment& moment,
                    rules::NearMiss& near_miss) {
    if (!when.segment || moment.segment == nullptr) {
        return rules::when_holds(when, moment, near_miss);
    }
    const rules::Evaluate numbers = [&moment](const profile::SequenceExpression& sum) {
        std::uint32_t total = 0;
        for (const profile::Term& term : sum.terms) {
            const std::uint32_t value = value_of(term, moment, moment.arrived);
            total = term.negative ? total - value : total + value;
        }
        return total;
    };
    rules::Moment with_numbers = moment;
    with_numbers.numbers = &numbers;
    return rules::when_holds(when, with_numbers, near_miss);
}

}  // namespace ghostpeer::judge
