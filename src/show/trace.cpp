#include "show/trace.hpp"

#include "event/text.hpp"
#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "show/call_text.hpp"
#include "show/file_sink.hpp"
#include "show/flow_numbers.hpp"
#include "show/trace_choice.hpp"
#include "show/trace_row.hpp"
#include "show/verdict_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <utility>

namespace ghostpeer::show {

namespace {

/// Time stamps are numbers that nobody reads: `TS` stands for them on a SYN and nothing elsewhere.
/// The event stream and the capture have them; so has the line of a segment that was changed.
void shorten_options(std::string& text, bool syn) {
    const auto begin = text.find("TS val ");
    if (begin == std::string::npos) {
        return;
    }
    const auto end = text.find_first_of(",>", begin);
    if (end == std::string::npos) {
        return;
    }
    if (syn) {
        text.replace(begin, end - begin, "TS");
    } else if (text[end] == ',') {
        text.erase(begin, end + 1 - begin);
    } else if (begin >= 2 && text[begin - 1] == '<') {
        text.erase(begin - 2, end + 1 - (begin - 2));
    } else {
        text.erase(begin - 1, end - (begin - 1));
    }
}

std::string_view mark(const event::Segment& segment) {
    const bool in = segment.direction == event::Direction::in;
    switch (segment.fate) {
        case event::Fate::accepted:
        case event::Fate::sent: return in ? ">" : "<";
        case event::Fate::dropped:
        case event::Fate::undelivered: return in ? ">x" : "<x";
        case event::Fate::delayed: return in ? ">~" : "<~";
        case event::Fate::duplicated: return in ? ">+" : "<+";
        case event::Fate::corrupted:
        case event::Fate::edited: return in ? ">*" : "<*";
    }
    return "";
}

Style style(const event::Segment& segment) {
    switch (segment.fate) {
        case event::Fate::accepted:
        case event::Fate::sent: break;
        case event::Fate::dropped:
        case event::Fate::undelivered: return Style::withheld;
        case event::Fate::delayed:
        case event::Fate::duplicated:
        case event::Fate::corrupted:
        case event::Fate::edited: return Style::changed;
    }
    return segment.direction == event::Direction::in ? Style::incoming : Style::plain;
}

std::string fate_text(const event::Segment& segment, Instant at) {
    if (segment.on_the_way) {
        return std::string(event::sentence(*segment.on_the_way));
    }
    switch (segment.fate) {
        case event::Fate::accepted:
        case event::Fate::sent: return "";
        case event::Fate::dropped: return "dropped";
        case event::Fate::delayed:
            return segment.until ? "delayed " + event::format_length(*segment.until - at)
                                 : "delayed";
        case event::Fate::duplicated: return "extra copy";
        case event::Fate::corrupted: return "corrupted";
        case event::Fate::edited: return "changed";
        case event::Fate::undelivered: return "refused by the link";
    }
    return "";
}

std::string right_text(const event::Segment& segment, Instant at, std::size_t left_end) {
    std::string text;
    if (segment.kind) {
        text = tcp::name(*segment.kind);
    } else if (segment.reason) {
        text = tcp::name(*segment.reason);
    }
    if (segment.retransmission) {
        text += " (again)";
    }
    auto fate = fate_text(segment, at);
    if (segment.forgery && !segment.forgery->changes.empty()) {
        fate +=
            fmt::format("{}{}", fate.empty() ? "" : " ", fmt::join(segment.forgery->changes, ", "));
    }
    if (segment.queued > Duration::zero()) {
        fate += fmt::format("{}queued {}", fate.empty() ? "" : ", ",
                            event::format_length(segment.queued));
    }
    if (fate.empty() && !segment.rule) {
        return text;
    }
    text += "  " + fate;
    if (segment.rule) {
        text += fate.empty() ? "by " : " by ";
        const auto place = event::format_place(*segment.rule);
        const bool fits = left_end + 2 + text.size() + place.size() <= trace_width;
        text += fits ? place : event::format_place_short(*segment.rule);
    }
    return text;
}

/// What the packet says of itself beside its segment.
void append_lies(std::string& text, const wire::Distortion& lie) {
    const auto to = std::back_inserter(text);
    if (lie.options) {
        fmt::format_to(to, " options {:02x}", fmt::join(*lie.options, ""));
    }
    if (lie.data_offset) {
        fmt::format_to(to, " data_offset {}", *lie.data_offset);
    }
    if (lie.reserved) {
        fmt::format_to(to, " reserved {}", *lie.reserved);
    }
    if (lie.total_length) {
        fmt::format_to(to, " total_length {}", *lie.total_length);
    }
}

/// As `ss -o` writes it: tenths of a second while they matter.
std::string timer_text(const event::Socket& socket) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(socket.expires).count();
    std::string left;
    if (ms < 1000) {
        left = fmt::format("{}ms", ms);
    } else if (ms < 10'000) {
        left = fmt::format("{}.{}s", ms / 1000, ms % 1000 / 100);
    } else {
        left = fmt::format("{}s", ms / 1000);
    }
    return fmt::format("timer:({},{},{})", name(socket.timer), left, socket.retries);
}

constexpr std::size_t left_width = 20;

struct RowMaker {
    const event::Event& event;
    const FlowNumbers* flows = nullptr;  ///< whose sockets are named by number; null: nobody's
    int first_thread = 0;                ///< that made a system call: COMMAND's own

    [[nodiscard]] Row row() const {
        Row made;
        made.at = event.at;
        made.connection = event.connection;
        return made;
    }

    Row operator()(const event::Segment& segment) const {
        auto made = row();
        made.mark = mark(segment);
        made.text = wire::format(segment.segment, segment.base);
        if (segment.fate != event::Fate::edited && segment.fate != event::Fate::corrupted) {
            shorten_options(made.text, segment.segment.has(wire::Flags::syn));
        }
        if (segment.forgery) {
            append_lies(made.text, segment.forgery->distortion);
        }
        made.right = right_text(segment, event.at, left_width + made.text.size());
        made.style = style(segment);
        return made;
    }
    Row operator()(const event::State& state) const {
        auto made = row();
        made.text = fmt::format("{} -> {}", tcp::rfc_name(state.from), tcp::rfc_name(state.to));
        made.style = Style::faint;
        return made;
    }
    Row operator()(const event::Rule& rule) const {
        auto made = row();
        made.text = rule.action;
        if (!rule.detail.empty()) {
            made.text += " " + event::printable(rule.detail);
        }
        made.right = "by " + event::format_place(rule.rule);
        made.style = Style::changed;
        return made;
    }
    Row operator()(const event::Link& link) const {
        auto made = row();
        made.text = link.up == link.down
                        ? fmt::format("link {}", event::printable(link.up))
                        : fmt::format("link up {} down {}", event::printable(link.up),
                                      event::printable(link.down));
        made.right =
            link.rule ? "by " + event::format_place(*link.rule) : event::printable(link.profile);
        made.style = Style::changed;
        return made;
    }
    Row operator()(const event::Attempt& attempt) const {
        auto made = row();
        const auto& [local, remote] = attempt.flow;
        made.text = fmt::format("attempt {}: {}", event.attempt,
                                attempt.dialled ? event::format_ends(local, remote)
                                                : event::format_ends(remote, local));
        if (attempt.since_last) {
            made.text += ", " + event::format_length(*attempt.since_last) + " after the last";
        }
        made.style = Style::marked;
        return made;
    }
    Row operator()(const event::Log& log) const {
        auto made = row();
        made.text = "log: " + event::printable(log.text);
        made.right = event::format_place(log.rule);
        made.style = Style::marked;
        return made;
    }
    Row operator()(const event::Icmp& icmp) const {
        auto made = row();
        made.mark = icmp.fate == event::Fate::sent ? "<!" : "<x";
        made.text =
            fmt::format("{} {}", icmp.source.is_v4() ? "ICMP" : "ICMPv6", wire::name(icmp.kind));
        if (icmp.kind == wire::IcmpKind::fragmentation_needed) {
            made.text += fmt::format(" mtu {}", icmp.mtu);
        }
        const auto seq = icmp.base.relative ? wire::relative_number(icmp.quoted.seq, icmp.base.seq)
                                            : std::int64_t{icmp.quoted.seq.raw()};
        made.text += fmt::format(" about [{}] seq {}", wire::format_flags(icmp.quoted.flags), seq);
        made.right = icmp.on_the_way
                         ? fmt::format("{}, made by ", event::sentence(*icmp.on_the_way))
                     : icmp.fate == event::Fate::dropped     ? "dropped by "
                     : icmp.fate == event::Fate::undelivered ? "refused by the link, made by "
                                                             : "by ";
        made.right += event::format_place(icmp.rule);
        made.style = icmp.fate == event::Fate::sent ? Style::changed : Style::withheld;
        return made;
    }
    Row operator()(const event::Notice& notice) const {
        auto made = row();
        made.text = "notice: " + event::printable(notice.text);
        made.style = Style::changed;
        return made;
    }
    Row operator()(const event::Socket& socket) const {
        if (!socket.shown) {
            return {};
        }
        auto made = row();
        made.mark = "=";
        made.text = socket.state;
        if (socket.state != event::gone) {
            made.text += fmt::format(" recv-q {} send-q {}", socket.recv_q, socket.send_q);
        }
        if (socket.timer != event::SocketTimer::none) {
            made.text += " " + timer_text(socket);
        }
        made.right = "kernel socket";
        made.connection = flows != nullptr ? flows->of({socket.dst, socket.src}) : 0;
        if (made.connection == 0) {
            made.right += " " + event::format_ends(socket.src, socket.dst);
        }
        made.style = Style::faint;
        return made;
    }
    Row operator()(const std::shared_ptr<const event::Call>& call) const {
        auto made = row();
        constexpr std::string_view prompt = "$ ";
        made.right = caller_text(*call, first_thread);
        const auto right = made.right.empty() ? 0 : made.right.size() + 2;
        made.text = prompt;
        made.text += call_text(*call, trace_width - left_width - prompt.size() - right);
        made.style = call->returned && call->error.empty() ? Style::faint : Style::withheld;
        return made;
    }
    Row operator()(const event::Exit& exit) const {
        auto made = row();
        made.text = "COMMAND " + describe(exit);
        made.style = Style::marked;
        return made;
    }
    /// What has no line: packets, and what is for readers of the whole record.
    template <typename Other>
    Row operator()(const Other& /*other*/) const {
        return {};
    }
};

class Trace final : public FileSink {
  public:
    Trace(OutputFile file, const TraceOptions& options)
        : FileSink(std::move(file)), colour_(options.colour), choice_{options.detail} {}

    void record(const event::Event& event) override {
        if (const auto* verdict = std::get_if<std::shared_ptr<const event::Verdict>>(&event.what)) {
            tell_passed();
            output().write(to_text(**verdict, colour_));
            return;
        }
        if (const auto* attempt = std::get_if<event::Attempt>(&event.what)) {
            flows_.note(attempt->flow, event.connection);
        }
        if (const auto* call = std::get_if<std::shared_ptr<const event::Call>>(&event.what);
            call != nullptr && first_thread_ == 0) {
            first_thread_ = (*call)->thread;
        }
        if (!std::visit(choice_, event.what)) {
            passed_ += std::holds_alternative<event::Segment>(event.what) ? 1 : 0;
            return;
        }
        line_.clear();
        append_row(line_, std::visit(RowMaker{event, &flows_, first_thread_}, event.what), colour_);
        if (!line_.empty()) {
            tell_passed();
            output().write(line_);
        }
    }

  private:
    /// How many segments were not shown since the last line. Where none are, it goes without
    /// saying.
    void tell_passed() {
        if (passed_ > 0 && choice_.detail == TraceDetail::faults) {
            output().write(
                fmt::format("{:{}}… {}\n", "", left_width, event::count(passed_, "segment")));
        }
        passed_ = 0;
    }

    bool colour_;
    TraceChoice choice_;
    std::uint64_t passed_ = 0;
    std::string line_;
    int first_thread_ = 0;
    FlowNumbers flows_;
};

}  // namespace

std::string trace_line(const event::Event& event) {
    std::string line;
    append_row(line, std::visit(RowMaker{event}, event.what), false);
    return line;
}

std::unique_ptr<event::Sink> make_trace(OutputFile file, const TraceOptions& options) {
    return std::make_unique<Trace>(std::move(file), options);
}

}  // namespace ghostpeer::show
