#include "judge/outcomes.hpp"

#include <algorithm>

namespace ghostpeer::judge {
namespace {

using event::Ending;
using profile::Outcome;
using tcp::State;
using Manner = ProgramEnd::Manner;

constexpr std::size_t max_strangers = 10'000;
// A look at the sockets is not of one instant, and a timer is told in whole ticks.
constexpr Duration slack = std::chrono::milliseconds(10);

[[nodiscard]] ProgramEnd unknown(std::string_view why) {
    return {Outcome::unknown, Manner::none, std::nullopt, why};
}

/// The program has finished; that it has closed the socket, too, nobody tells.
[[nodiscard]] bool is_finishing(State state) {
    return state == State::fin_wait_1 || state == State::closing || state == State::last_ack;
}

[[nodiscard]] bool is_dead(const OutcomeRecord& record, const Inquiry& inquiry) {
    return !record.listed && (record.gone || record.destroyed || inquiry.complete);
}

/// When the kernel had no socket any more.
[[nodiscard]] std::optional<Instant> death(const OutcomeRecord& record, const Inquiry& inquiry) {
    if (record.gone && record.destroyed) {
        return std::min(record.gone_by, *record.destroyed);
    }
    if (record.gone) {
        return record.gone_by;
    }
    return record.destroyed ? record.destroyed : inquiry.complete;
}

/// Its timer had run out by the time at which the socket was missed.
[[nodiscard]] bool timer_was_due(const OutcomeRecord& record) {
    return record.due && *record.due <= record.gone_by + slack;
}

/// A segment that may have ended the socket: what the kernel took for forged, or answered with RST
/// in passing, left it alive, and what was sent later has to do with no socket.
[[nodiscard]] bool ended_by(const OutcomeRecord& record, const std::optional<Instant>& left) {
    if (!left) {
        return false;
    }
    if (!record.gone) {
        return !record.last_came || *record.last_came <= *left + slack;
    }
    return *left + slack >= record.last_seen && *left <= record.gone_by + slack;
}

[[nodiscard]] bool ended_by_own_reset(const OutcomeRecord& record) {
    return ended_by(record, record.reset_came) || ended_by(record, record.last_reset_came);
}

/// By its state or by what it sent.
[[nodiscard]] bool was_open(const OutcomeRecord& record) {
    return record.was_open || record.connected;
}

[[nodiscard]] bool was_connecting(const OutcomeRecord& record) {
    return record.known ? !was_open(record)
                        : record.ending == Ending::refused || record.ending == Ending::unanswered;
}

/// Nothing but the count speaks of how it went.
[[nodiscard]] bool likely_given_up(const OutcomeRecord& record) {
    if (record.time_wait || record.ending == Ending::closed ||
        ended_by(record, record.reset_left)) {
        return false;
    }
    if (ended_by_own_reset(record) && record.unanswered == 0) {
        return false;
    }
    return record.retried && (!record.gone || !record.due || timer_was_due(record));
}

[[nodiscard]] ProgramEnd in_order(const OutcomeRecord& record) {
    return {Outcome::closed,
            Manner::in_order,
            record.fin_left && record.fin_came ? std::max(record.fin_left, record.fin_came)
                                               : std::nullopt,
            {}};
}

/// RST of the program: its kernel gives up so after keepalive probes (tcp_keepalive_timer()), and
/// an application that closes with unread data or without lingering.
[[nodiscard]] ProgramEnd judge_own_reset(const OutcomeRecord& record, GivenUp given_up) {
    const bool silence = record.unanswered > 0;
    if (silence && given_up == GivenUp::unclear) {
        return unknown(
            "it sent RST after a silence, and of the sockets that went at that time the "
            "kernel gave up some, and not all");
    }
    const bool other_cause = record.gone && record.due && !timer_was_due(record);
    const bool timed_out = silence && !other_cause && given_up == GivenUp::untold;
    return {
        timed_out ? Outcome::timed_out : Outcome::closed, Manner::by_reset, record.reset_came, {}};
}

/// The program has finished, and then the kernel waited for the peer's FIN (tcp_fin_timeout).
[[nodiscard]] bool waited_for_fin(const OutcomeRecord& record) {
    return record.known
               ? record.state == State::fin_wait_2
               : record.fin_came && !record.fin_left && record.ending == Ending::half_closed;
}

/// The socket is gone without RST or an exchange of FIN.
[[nodiscard]] ProgramEnd judge_silence(const OutcomeRecord& record, const Inquiry& inquiry,
                                       GivenUp given_up) {
    const ProgramEnd closed{Outcome::closed, Manner::in_silence, death(record, inquiry), {}};
    const ProgramEnd timed_out{Outcome::timed_out, Manner::in_silence, closed.at, {}};
    if (waited_for_fin(record)) {
        // Of one that was never listed, the kernel told when only TIME-WAIT's like was left.
        return record.known ? timed_out
                            : ProgramEnd{Outcome::timed_out, Manner::in_silence, {}, {}};
    }
    switch (given_up) {
        case GivenUp::yes: return timed_out;
        case GivenUp::no: return closed;
        case GivenUp::unclear:
            return unknown(
                "of the sockets that went at that time the kernel gave up some, and not "
                "all");
        case GivenUp::untold: break;
    }
    if (!record.known) {
        return inquiry.watched ? closed  // too short-lived for any timer
                               : unknown("the kernel does not tell whether it gave the socket up");
    }
    if (record.state == State::syn_sent) {
        return timer_was_due(record)
                   ? unknown(
                         "its SYN's timer ran out as it went, and the kernel does not tell "
                         "whether it gave the socket up or the program closed it")
                   : closed;  // the program did not wait for its kernel to give up
    }
    return timed_out;
}

/// The kernel says nothing.
[[nodiscard]] ProgramEnd judge_wire(const OutcomeRecord& record) {
    switch (record.ending) {
        case Ending::refused: return {Outcome::refused, Manner::by_reset, record.reset_left, {}};
        case Ending::reset_by_peer:
            return {Outcome::reset, Manner::by_reset, record.reset_left, {}};
        case Ending::closed: return in_order(record);
        case Ending::reset_by_program: return judge_own_reset(record, GivenUp::untold);
        case Ending::open:
        case Ending::half_closed:
            if (record.unanswered == 0) {
                return {Outcome::open, Manner::none, std::nullopt, {}};
            }
            break;
        default: break;
    }
    return unknown("the segments do not tell, and the program's sockets cannot be watched here");
}

}  // namespace

bool OutcomeRecord::over(Instant at) const noexcept {
    const auto by_then = [&](const std::optional<Instant>& time) { return time && *time <= at; };
    return (gone && gone_by <= at) || by_then(destroyed) || by_then(reset_came) ||
           (by_then(fin_left) && by_then(fin_came));
}

std::optional<Instant> OutcomeRecord::reference(std::size_t expectation) const {
    for (const auto& [index, at] : references) {
        if (index == expectation) {
            return at;
        }
    }
    return std::nullopt;
}

void OutcomeRecord::refer(std::size_t expectation, bool of_first, Instant now) {
    if (over(now)) {
        return;
    }
    for (auto& [index, at] : references) {
        if (index == expectation) {
            at = of_first ? at : now;
            return;
        }
    }
    references.emplace_back(expectation, now);
}

ProgramEnd program_end(const OutcomeRecord& record, const Inquiry& inquiry, GivenUp given_up) {
    if (record.ending == Ending::refused && !record.reset_left) {
        // By the program, where the peer dialled.
        return {Outcome::refused, Manner::by_reset, record.reset_came, {}};
    }
    if (record.listed) {
        return record.state == State::time_wait
                   ? in_order(record)
                   : ProgramEnd{Outcome::open,
                                is_finishing(record.state) ? Manner::finishing : Manner::none,
                                std::nullopt,
                                {}};
    }
    if (!is_dead(record, inquiry)) {
        return judge_wire(record);
    }
    if (record.time_wait || (record.ending == Ending::closed && given_up != GivenUp::yes)) {
        return in_order(record);
    }
    if (ended_by(record, record.reset_left)) {
        return {was_connecting(record) ? Outcome::refused : Outcome::reset,
                Manner::by_reset,
                record.reset_left,
                {}};
    }
    const bool own_reset = ended_by_own_reset(record);
    if (given_up == GivenUp::yes) {
        return {Outcome::timed_out,
                own_reset ? Manner::by_reset : Manner::in_silence,
                own_reset ? record.reset_came : death(record, inquiry),
                {}};
    }
    if (own_reset) {
        return judge_own_reset(record, given_up);
    }
    if (was_connecting(record) && ended_by(record, record.unreachable_left)) {
        return {Outcome::refused, Manner::by_icmp, record.unreachable_left, {}};
    }
    return judge_silence(record, inquiry, given_up);
}

void Outcomes::add(OutcomeRecord&& record) {
    const std::size_t index = records_.size();
    record.aborts_before = aborts_;
    by_connection_.insert_or_assign(record.connection, index);
    by_flow_.insert_or_assign(record.flow, index);
    if (!record.dialled) {
        by_port_.insert_or_assign(record.flow.remote.port, index);
    }
    records_.push_back(std::move(record));
}

OutcomeRecord* Outcomes::of(event::ConnectionId connection) {
    const auto found = by_connection_.find(connection);
    return found == by_connection_.end() ? nullptr : &records_[found->second];
}

void Outcomes::take(event::ConnectionId connection, const event::Trail& trail) {
    if (OutcomeRecord* record = of(connection)) {
        static_cast<event::Trail&>(*record) = trail;
    }
}

void Outcomes::count_aborts(std::optional<std::uint64_t> aborts) noexcept {
    if (aborts) {
        aborts_ = std::max(aborts_.value_or(0), *aborts);
    }
}

OutcomeRecord* Outcomes::find(const wire::Flow& flow) {
    if (const auto exact = by_flow_.find(flow); exact != by_flow_.end()) {
        return &records_[exact->second];
    }
    if (flow.local.port == 0) {
        if (const auto near = by_port_.find(flow.remote.port); near != by_port_.end()) {
            return &records_[near->second];
        }
    }
    return nullptr;
}

void Outcomes::on_socket(const SocketView& view, Instant now) {
    const auto before = aborts_;
    count_aborts(view.aborts);
    OutcomeRecord* record = find(view.flow);
    if (record == nullptr) {
        const bool counted = view.gone && view.aborts && strangers_.size() < max_strangers;
        const auto from = view.aborts_before ? view.aborts_before : before;
        if (counted && from && *from < *view.aborts) {
            strangers_.push_back({*from, *view.aborts, !view.due || *view.due <= now + slack});
        }
        return;
    }
    record->known = true;
    record->listed = !view.gone;
    record->gone = view.gone;
    record->state = view.state;
    record->last_seen = view.last_seen;
    record->due = view.due;
    record->time_wait = record->time_wait || view.state == State::time_wait;
    record->connected =
        record->connected || (view.state != State::syn_sent && view.state != State::syn_received);
    if (view.aborts_before) {
        record->aborts_before = std::max(record->aborts_before, view.aborts_before);
    }
    if (view.gone) {
        record->gone_by = now;
        if (!record->aborts_by) {
            record->aborts_by = view.aborts;
        }
    }
}

void Outcomes::on_destroyed(const DestroyedSocket& socket, Instant now) {
    const auto before = aborts_;
    count_aborts(socket.aborts);
    OutcomeRecord* record = find(socket.flow);
    if (record == nullptr) {
        if (socket.aborts && before && *before < *socket.aborts &&
            strangers_.size() < max_strangers) {
            strangers_.push_back({*before, *socket.aborts, socket.retried});
        }
        return;
    }
    if (record->gone || record->destroyed) {
        return;  // the program closed at last what its kernel had done with
    }
    if (record->listed &&
        (record->state == State::time_wait || record->state == State::fin_wait_2)) {
        return;  // what is listed may be its successor (tcp_time_wait()): the next look tells
    }
    record->destroyed = now;
    record->retried = socket.retried;
    record->listed = false;
    record->aborts_by = socket.aborts;
}

std::vector<ProgramEnd> Outcomes::judge(bool watched) const {
    const Inquiry inquiry{complete_, watched};
    std::vector<Departed> departed = strangers_;
    std::vector<std::size_t> whose;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const OutcomeRecord& record = records_[i];
        const auto by = record.aborts_by ? record.aborts_by : aborts_;
        if (is_dead(record, inquiry) && record.aborts_before && by) {
            departed.push_back({*record.aborts_before, *by, likely_given_up(record)});
            whose.push_back(i);
        }
    }
    const auto answers = attribute(departed);
    std::vector<GivenUp> given_up(records_.size(), GivenUp::untold);
    for (std::size_t i = 0; i < whose.size(); ++i) {
        given_up[whose[i]] = answers[strangers_.size() + i];
    }
    std::vector<ProgramEnd> ends;
    ends.reserve(records_.size());
    for (std::size_t i = 0; i < records_.size(); ++i) {
        ends.push_back(program_end(records_[i], inquiry, given_up[i]));
    }
    return ends;
}

}  // namespace ghostpeer::judge
