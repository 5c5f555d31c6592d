#include "peer/outcomes.hpp"

namespace ghostpeer::peer {
namespace {

using profile::Outcome;
using tcp::State;

constexpr std::size_t max_records = 10'000;
// A look at the sockets is not of one instant, and a timer is told in whole ticks.
constexpr Duration slack = std::chrono::milliseconds(10);

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
    return !record.gone || (*left + slack >= record.last_seen && *left <= record.gone_by + slack);
}

[[nodiscard]] bool was_connecting(const OutcomeRecord& record) {
    return record.listed ? !record.was_open
                         : record.ending == Ending::refused || record.ending == Ending::unanswered;
}

/// RST of the program: its kernel gives up so after keepalive probes (tcp_keepalive_timer()), and
/// an application that closes with unread data or without lingering.
[[nodiscard]] Outcome judge_own_reset(const OutcomeRecord& record) {
    const bool silence = record.unanswered > 0;
    const bool other_cause = record.gone && record.due && !timer_was_due(record);
    return silence && !other_cause ? Outcome::timed_out : Outcome::closed;
}

/// The socket is gone without RST or an exchange of FIN.
[[nodiscard]] Outcome judge_silence(const OutcomeRecord& record) {
    if (!record.listed) {
        return Outcome::closed;  // too short-lived for any timer
    }
    if (record.state == State::syn_sent && !timer_was_due(record)) {
        return Outcome::closed;  // the program did not wait for its kernel to give up
    }
    return Outcome::timed_out;
}

[[nodiscard]] Outcome judge_wire(const OutcomeRecord& record) {
    switch (record.ending) {
        case Ending::refused: return Outcome::refused;
        case Ending::reset_by_peer: return Outcome::reset;
        case Ending::closed: return Outcome::closed;
        case Ending::reset_by_program: return judge_own_reset(record);
        default: return Outcome::open;
    }
}

}  // namespace

Outcome judge(const OutcomeRecord& record, bool complete) {
    if (record.ending == Ending::refused && !record.reset_left) {
        return Outcome::refused;  // by the program, where the peer dialled
    }
    if (record.listed && !record.gone) {
        return record.state == State::time_wait ? Outcome::closed : Outcome::open;
    }
    if (!record.gone && !complete) {
        return judge_wire(record);
    }
    if (record.time_wait || record.ending == Ending::closed) {
        return Outcome::closed;
    }
    if (ended_by(record, record.reset_left)) {
        return was_connecting(record) ? Outcome::refused : Outcome::reset;
    }
    if (ended_by(record, record.reset_came) || ended_by(record, record.last_reset_came)) {
        return judge_own_reset(record);
    }
    if (was_connecting(record) && ended_by(record, record.unreachable_left)) {
        return Outcome::refused;
    }
    return judge_silence(record);
}

std::optional<std::size_t> Outcomes::add(ConnectionId connection, std::uint32_t attempt,
                                         const wire::Flow& flow) {
    if (records_.size() >= max_records) {
        return std::nullopt;
    }
    OutcomeRecord record;
    record.connection = connection;
    record.attempt = attempt;
    record.flow = flow;
    by_flow_.insert_or_assign(flow, records_.size());
    records_.push_back(record);
    return records_.size() - 1;
}

void Outcomes::on_socket(const SocketView& view, Instant now) {
    const auto found = by_flow_.find(view.flow);
    if (found == by_flow_.end()) {
        return;
    }
    OutcomeRecord& record = records_[found->second];
    record.listed = true;
    record.gone = view.gone;
    record.state = view.state;
    record.last_seen = view.last_seen;
    record.due = view.due;
    record.time_wait = record.time_wait || view.state == State::time_wait;
    record.was_open =
        record.was_open || (view.state != State::syn_sent && view.state != State::syn_received);
    if (view.gone) {
        record.gone_by = now;
    }
}

}  // namespace ghostpeer::peer
