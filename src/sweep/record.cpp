#include "sweep/record.hpp"

#include "event/record_file.hpp"
#include "event/text.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/event/verdict.hpp"

#include <cmath>
#include <memory>
#include <utility>
#include <variant>

namespace ghostpeer::sweep {
namespace {

/// A record that somebody else has written into the folder ends somewhere.
constexpr std::size_t most_segments = 200'000;

[[nodiscard]] double seconds_of(Instant at) { return to_seconds(at - run_start); }

struct Adder {
    RunRecord& record;
    const event::Event& event;

    void operator()(const event::Segment& told) const {
        if (record.segments.size() >= most_segments) {
            return;
        }
        const wire::Segment& segment = told.segment;
        SegmentSeen seen;
        seen.t = seconds_of(event.at);
        seen.conn = event.connection;
        seen.attempt = event.attempt;
        seen.in = told.direction == event::Direction::in;
        seen.what = told.kind     ? std::string(tcp::name(*told.kind))
                    : told.reason ? std::string(tcp::name(*told.reason))
                                  : std::string();
        seen.fate = told.fate;
        seen.from_port = segment.source.port;
        seen.to_port = segment.destination.port;
        seen.raw_seq = segment.seq.raw();
        seen.seq = wire::relative_number(segment.seq, told.base.seq);
        seen.length = segment.payload.size();
        seen.headers = wire::packet_size(segment) - segment.payload.size();
        seen.retransmission = told.retransmission;
        seen.carries_on = event.of != 0;
        seen.forged = !seen.in && told.fate == event::Fate::sent && told.rule;
        record.segments.push_back(std::move(seen));
    }
    void operator()(const event::Attempt& attempt) const {
        record.dialled[event.connection] =
            attempt.dialled ? attempt.flow.remote.port : attempt.flow.local.port;
    }
    void operator()(const event::Socket& socket) const {
        if (record.sockets.size() < most_segments) {
            record.sockets[{socket.src.to_string(), socket.dst.to_string()}] = socket.state;
        }
    }
    /// No process holds a socket in another state than these.
    void operator()(const event::Conclusion& /*over*/) const {
        for (const auto& [ends, state] : record.sockets) {
            record.half_closed += state == "CLOSE-WAIT" ? 1 : 0;
            record.open += state == "ESTAB" || state == "SYN-SENT" || state == "CLOSE-WAIT" ? 1 : 0;
        }
        record.sockets.clear();
    }
    void operator()(const event::Exit& exit) const {
        if (!exit.signal) {
            record.status = exit.status;
            return;
        }
        record.signal = event::signal_name(*exit.signal);
    }
    void operator()(const std::shared_ptr<const event::AttemptRecord>& attempt) const {
        if (record.connections.size() < most_segments) {
            record.connections.push_back({event.attempt, attempt->dialled, attempt->received});
        }
    }
    void operator()(const std::shared_ptr<const event::End>& end) const {
        record.ended = event::name(end->ended);
        record.standstill = end->standstill.clause;
        record.left_behind = end->left_behind;
    }
    void operator()(const std::shared_ptr<const event::Verdict>& verdict) const {
        record.complete = true;
        if (record.ended.empty()) {  // of a record that has no `end`
            record.ended = verdict->ended;
        }
        record.headline = verdict->headline;
        record.duration =
            std::round(to_seconds(verdict->length) * 1000) / 1000;  // less says nothing
        record.attempts = verdict->attempts;
        for (const event::RuleOutcome& rule : verdict->rules) {
            record.rules.push_back({rule.rule.file ? *rule.rule.file : std::string(), rule.fired});
        }
    }
    template <typename Other>
    void operator()(const Other& /*other*/) const {}
};

}  // namespace

void add(RunRecord& record, const event::Event& event) {
    std::visit(Adder{record, event}, event.what);
}

tl::expected<RunRecord, std::string> read_record(const std::filesystem::path& file) {
    auto opened = event::RecordFile::open(file.string());
    if (!opened) {
        return tl::make_unexpected(opened.error());
    }
    RunRecord record;
    event::Event event;
    while (const auto line = opened->next(event)) {
        if (*line == event::Line::event) {
            add(record, event);
        }
    }
    return record;
}

}  // namespace ghostpeer::sweep
