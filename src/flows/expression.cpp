// `snd.nxt+snd.wnd` and its like, when a rule fires.
#include "flows/expression.hpp"

namespace ghostpeer::flows {
namespace {

[[nodiscard]] std::uint32_t value_of(const profile::Term& term, const Connection& connection,
                                     const wire::Segment* segment, Instant now,
                                     std::optional<wire::SeqNum> snd_nxt) {
    using profile::Name;
    const tcp::Tcb& tcb = connection.tcb;
    switch (term.name) {
        case Name::number: return term.value;
        case Name::snd_nxt: return snd_nxt.value_or(tcb.snd().nxt).raw();
        case Name::snd_una: return tcb.snd().una.raw();
        case Name::snd_wnd: return tcb.snd().wnd;
        case Name::rcv_nxt:
            // Before the peer has taken the SYN up, what it would acknowledge.
            return (awaits_answer(connection) ? connection.program_isn + 1 : tcb.rcv().nxt).raw();
        case Name::rcv_wnd: return tcb.rcv().wnd;
        case Name::iss: return connection.iss.raw();
        case Name::irs: return connection.program_isn.raw();
        case Name::seg_seq: return segment != nullptr ? segment->seq.raw() : 0;
        case Name::seg_ack: return segment != nullptr ? segment->ack.raw() : 0;
        case Name::seg_end: return segment != nullptr ? segment->end().raw() : 0;
        case Name::ts_now: return tcb.timestamp_now(now);
        case Name::ts_recent: return tcb.timestamp_recent();
    }
    return 0;
}

}  // namespace

bool awaits_answer(const Connection& connection) noexcept {
    return !connection.live() && connection.began_with_syn && !connection.dialled &&
           connection.ending == event::Ending::unanswered;
}

std::uint32_t evaluate(const profile::SequenceExpression& expression, const Connection& connection,
                       const wire::Segment* segment, Instant now,
                       std::optional<wire::SeqNum> snd_nxt) {
    std::uint32_t sum = 0;
    for (const profile::Term& term : expression.terms) {
        const std::uint32_t value = value_of(term, connection, segment, now, snd_nxt);
        sum = term.negative ? sum - value : sum + value;
    }
    return sum;
}

}  // namespace ghostpeer::flows
