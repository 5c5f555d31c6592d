#include "show/events.hpp"

#include "show/file_sink.hpp"

#include "event/text.hpp"
#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ghostpeer::show {

namespace {

/// Text from outside as a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text) {
    const bool simple = std::all_of(text.begin(), text.end(), [](char c) {
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    });
    if (simple) {
        return fmt::format("\"{}\"", text);
    }
    return nlohmann::json(std::string(text))
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string seconds(Duration length) {
    const auto ns = length.count();
    const auto whole = ns < 0 ? -ns : ns;
    return fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", whole / 1'000'000'000,
                       whole % 1'000'000'000);
}

/// One object, field by field: segments come by the hundred thousand, a tree of values for each
/// would cost more than the engine.
class Line {
  public:
    Line(std::string& out, const event::Event& event, std::string_view word) : out_(out) {
        out_.clear();
        const auto ns = event.at.time_since_epoch().count();
        append("{{\"t\":{}.{:09},\"event\":\"{}\"", ns / 1'000'000'000, ns % 1'000'000'000, word);
        if (event.id != 0) {
            number("id", event.id);
        }
        if (event.cause != 0) {
            number("cause", event.cause);
        }
        if (event.of != 0) {
            number("of", event.of);
        }
        if (event.connection != 0) {
            number("conn", event.connection);
            if (event.attempt != 0) {
                number("attempt", event.attempt);
            }
        }
    }

    template <typename... Args>
    void append(fmt::format_string<Args...> text, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
    }
    void text(std::string_view field, std::string_view value) {
        name(field);
        out_ += json_string(value);
    }
    /// A value that needs no escapes.
    void word(std::string_view field, std::string_view value) {
        name(field);
        out_ += '"';
        out_ += value;
        out_ += '"';
    }
    template <typename Number>
    void number(std::string_view field, Number value) {
        append(",\"{}\":{}", field, value);
    }
    void place(const profile::Place& place) {
        text("file", place.file ? *place.file : std::string());
        number("line", place.line);
    }
    void texts(std::string_view field, const std::vector<std::string>& values) {
        append(",\"{}\":[", field);
        const char* separator = "";
        for (const auto& value : values) {
            append("{}{}", separator, json_string(value));
            separator = ",";
        }
        out_ += ']';
    }
    std::string_view end() {
        out_ += "}\n";
        return out_;
    }

  private:
    void name(std::string_view field) {
        out_ += ",\"";
        out_ += field;
        out_ += "\":";
    }

    std::string& out_;
};

void append_options(Line& line, const wire::Options& options, const wire::NumberBase& base) {
    const char* separator = "";
    line.append(",\"options\":{{");
    const auto next = [&] { return std::exchange(separator, ","); };
    if (options.mss) {
        line.append("{}\"mss\":{}", next(), *options.mss);
    }
    if (options.window_scale) {
        line.append("{}\"window_scale\":{}", next(), *options.window_scale);
    }
    if (options.sack_permitted) {
        line.append("{}\"sack_permitted\":true", next());
    }
    if (options.timestamps) {
        line.append("{}\"timestamps\":{{\"val\":{},\"ecr\":{}}}", next(), options.timestamps->value,
                    options.timestamps->echo);
    }
    if (!options.sack.empty()) {
        line.append("{}\"sack\":[", next());
        const char* comma = "";
        for (const auto& block : options.sack) {
            line.append("{}[{},{}]", comma, wire::relative_number(block.left, base.ack),
                        wire::relative_number(block.right, base.ack));
            comma = ",";
        }
        line.append("]");
    }
    line.append("}}");
}

/// What a packet says that its segment does not show.
void append_forgery(Line& line, const wire::Segment& segment, const event::Forgery& forgery) {
    if (!forgery.changes.empty()) {
        line.append(",\"changes\":[\"{}\"]", fmt::join(forgery.changes, "\",\""));
    }
    line.number("ttl", segment.ttl);
    line.number("tos", segment.tos);
    const wire::Distortion& lie = forgery.distortion;
    if (lie.options) {
        line.word("raw_options", fmt::format("{:02x}", fmt::join(*lie.options, "")));
    }
    if (lie.data_offset) {
        line.number("data_offset", *lie.data_offset);
    }
    if (lie.reserved) {
        line.number("reserved", *lie.reserved);
    }
    if (lie.total_length) {
        line.number("total_length", *lie.total_length);
    }
    if (lie.fragment > 0) {
        line.number("fragment", lie.fragment);
    }
}

void append_expectations(Line& line, const event::Verdict& verdict) {
    line.append(",\"expectations\":[");
    const char* separator = "";
    for (const auto& each : verdict.expectations) {
        line.append("{}{{\"file\":{},\"line\":{},\"expect\":{},\"pass\":{},\"seen\":{},\"times\":[",
                    separator, json_string(each.place.file ? *each.place.file : std::string()),
                    each.place.line, json_string(each.text), each.pass, each.count);
        const char* comma = "";
        for (const auto at : each.seen) {
            line.append("{}{}", comma, seconds(at.time_since_epoch()));
            comma = ",";
        }
        line.append("]");
        if (!each.failure.empty()) {
            line.text("failure", each.failure);
            line.texts("conversation", each.excerpt);
        }
        line.append("}}");
        separator = ",";
    }
    line.append("]");
}

struct LineMaker {
    const event::Event& event;
    std::string& out;

    [[nodiscard]] Line begin(std::string_view word) const { return {out, event, word}; }

    void operator()(const event::Segment& what) const {
        const auto& segment = what.segment;
        auto line = begin("segment");
        line.word("dir", event::name(what.direction));
        if (what.kind) {
            line.word("kind", tcp::name(*what.kind));
        }
        if (what.reason) {
            line.word("reason", tcp::name(*what.reason));
        }
        line.word("src", segment.source.to_string());
        line.word("dst", segment.destination.to_string());
        line.word("flags", wire::flag_letters(segment.flags));
        const bool acks = segment.has(wire::Flags::ack);
        line.append(",\"seq\":{},\"ack\":{},\"raw_seq\":{},\"raw_ack\":{}",
                    wire::relative_number(segment.seq, what.base.seq),
                    acks ? wire::relative_number(segment.ack, what.base.ack) : 0, segment.seq.raw(),
                    segment.ack.raw());
        line.append(",\"len\":{},\"win\":{},\"window\":{}", segment.payload.size(), segment.window,
                    what.window);
        append_options(line, segment.options, what.base);
        line.word("fate", event::name(what.fate));
        if (what.retransmission) {
            line.append(",\"retransmission\":true");
        }
        if (what.rule) {
            line.append(",\"rule\":{{\"file\":{},\"line\":{}}}",
                        json_string(what.rule->file ? *what.rule->file : std::string()),
                        what.rule->line);
        }
        if (what.until) {
            line.number("until", seconds(what.until->time_since_epoch()));
        }
        if (segment.urgent != 0 || segment.has(wire::Flags::urg)) {
            line.number("urgent", segment.urgent);
        }
        if (what.forgery) {
            append_forgery(line, segment, *what.forgery);
        }
        line.end();
    }
    void operator()(const event::State& state) const {
        auto line = begin("state");
        line.word("from", tcp::name(state.from));
        line.word("to", tcp::name(state.to));
        line.end();
    }
    void operator()(const event::Rule& rule) const {
        auto line = begin("rule");
        line.place(rule.rule);
        line.text("action", rule.action);
        if (!rule.detail.empty()) {
            line.text("detail", rule.detail);
        }
        line.end();
    }
    void operator()(const event::Attempt& attempt) const {
        auto line = begin("attempt");
        const auto& [local, remote] = attempt.flow;
        line.word("src", (attempt.dialled ? local : remote).to_string());
        line.word("dst", (attempt.dialled ? remote : local).to_string());
        if (attempt.since_last) {
            line.number("since_last", seconds(*attempt.since_last));
        }
        line.end();
    }
    void operator()(const event::Log& log) const {
        auto line = begin("log");
        line.place(log.rule);
        line.text("text", log.text);
        line.end();
    }
    void operator()(const event::Icmp& icmp) const {
        auto line = begin("icmp");
        line.word("dir", event::name(event::Direction::out));
        line.word("kind", wire::name(icmp.kind));
        line.word("src", icmp.source.to_string());
        line.word("dst", icmp.destination.to_string());
        if (icmp.kind == wire::IcmpKind::fragmentation_needed) {
            line.number("mtu", icmp.mtu);
        }
        const auto& quoted = icmp.quoted;
        line.append(",\"quoted\":{{\"src\":\"{}\",\"dst\":\"{}\",\"flags\":\"{}\"",
                    quoted.source.to_string(), quoted.destination.to_string(),
                    wire::flag_letters(quoted.flags));
        line.append(",\"seq\":{},\"raw_seq\":{}}}",
                    wire::relative_number(quoted.seq, icmp.base.seq), quoted.seq.raw());
        line.word("fate", event::name(icmp.fate));
        line.append(",\"rule\":{{\"file\":{},\"line\":{}}}",
                    json_string(icmp.rule.file ? *icmp.rule.file : std::string()), icmp.rule.line);
        line.end();
    }
    void operator()(const event::Notice& notice) const {
        auto line = begin("notice");
        line.text("what", notice.what);
        line.text("text", notice.text);
        line.end();
    }
    void operator()(const event::Socket& socket) const {
        auto line = begin("socket");
        line.word("src", socket.src.to_string());
        line.word("dst", socket.dst.to_string());
        line.word("state", socket.state);
        line.word("timer", name(socket.timer));
        if (socket.timer != event::SocketTimer::none) {
            line.append(",\"expires\":{:.3f}", to_seconds(socket.expires));
        }
        line.number("retries", socket.retries);
        line.number("recv_q", socket.recv_q);
        line.number("send_q", socket.send_q);
        line.end();
    }
    void operator()(const std::shared_ptr<const event::Call>& told) const {
        const event::Call& call = *told;
        auto line = begin("call");
        line.number("pid", call.process);
        line.number("tid", call.thread);
        line.text("name", call.name);
        if (call.descriptor) {
            line.number("fd", *call.descriptor);
        }
        line.text("args", call.arguments);
        if (call.result) {
            line.number("result", *call.result);
        } else if (!call.address.empty()) {
            line.text("result", call.address);
        }
        if (!call.error.empty()) {
            line.text("errno", call.error);
        }
        if (!call.detail.empty()) {
            line.text("detail", call.detail);
        }
        if (!call.returned) {
            line.append(",\"returned\":false");
        }
        line.number("began", seconds(call.began.time_since_epoch()));
        line.number("took", seconds(call.took));
        line.end();
    }
    void operator()(const event::Exit& exit) const {
        auto line = begin("exit");
        if (exit.signal) {
            line.number("signal", *exit.signal);
            line.word("signal_name", event::signal_name(*exit.signal));
        } else {
            line.number("status", exit.status);
        }
        line.end();
    }
    void operator()(const std::shared_ptr<const event::Verdict>& verdict) const {
        auto line = begin("verdict");
        line.number("pass", verdict->pass);
        line.number("status", verdict->status);
        line.text("headline", verdict->headline);
        std::vector<std::string> failures;
        for (const auto& failure : verdict->failures) {
            failures.push_back(failure.sentence);
        }
        line.texts("failures", failures);
        line.word("ended", verdict->ended);
        line.number("duration", seconds(verdict->length));
        line.number("seed", verdict->seed);
        line.number("attempts", verdict->attempts);
        line.append(",\"rules\":[");
        const char* separator = "";
        for (const auto& rule : verdict->rules) {
            line.append("{}{{\"file\":{},\"line\":{},\"on\":{},\"fired\":{},\"withheld\":{}",
                        separator, json_string(rule.rule.file ? *rule.rule.file : std::string()),
                        rule.rule.line, json_string(rule.event), rule.fired, rule.withheld);
            if (!rule.source.empty()) {
                line.text("source", rule.source);
            }
            line.append("}}");
            separator = ",";
        }
        line.append("]");
        append_expectations(line, *verdict);
        std::vector<std::string> lost;
        for (const auto& loss : verdict->lost) {
            lost.push_back(loss.sentence);
        }
        line.texts("lost", lost);
        if (!verdict->kernel.empty()) {
            line.text("kernel", verdict->kernel);
        }
        line.end();
    }
    template <typename Other>
    void operator()(const Other& /*other*/) const {
        out.clear();
    }
};

/// The line of an event, with its line end; empty for one that has none.
std::string_view write_line(std::string& line, const event::Event& event) {
    std::visit(LineMaker{event, line}, event.what);
    return line;
}

class EventStream final : public FileSink {
  public:
    explicit EventStream(OutputFile file) : FileSink(std::move(file)) {}

    void record(const event::Event& event) override { output().write(write_line(line_, event)); }
    [[nodiscard]] bool vital() const override { return true; }

  private:
    std::string line_;
};

class CalledLines final : public event::Sink {
  public:
    explicit CalledLines(std::function<void(std::string_view)> call) : call_(std::move(call)) {}

    void record(const event::Event& event) override {
        if (const auto line = write_line(line_, event); !line.empty()) {
            call_(line);
        }
    }

  private:
    std::function<void(std::string_view)> call_;
    std::string line_;
};

}  // namespace

std::unique_ptr<event::Sink> make_event_stream(OutputFile file) {
    return std::make_unique<EventStream>(std::move(file));
}

std::unique_ptr<event::Sink> make_event_lines(std::function<void(std::string_view)> write) {
    return std::make_unique<CalledLines>(std::move(write));
}

}  // namespace ghostpeer::show
