#include "compare/columns.hpp"

#include "capture/list.hpp"
#include "capture/words.hpp"
#include "event/record_file.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "ghostpeer/wire/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace ghostpeer::compare {
namespace {

[[nodiscard]] std::string text_of(bool up, bool withheld, std::string_view what,
                                  std::uint64_t length, bool again) {
    std::string text = up ? ">" : "<";
    text += withheld ? "x " : "  ";
    text += what;
    if (length > 0) {
        text += fmt::format(" {} bytes", length);
    }
    if (again) {
        text += " (again)";
    }
    return text;
}

[[nodiscard]] std::string segment_text(const event::Segment& segment) {
    const bool withheld =
        segment.fate == event::Fate::dropped || segment.fate == event::Fate::undelivered;
    std::string_view what;
    if (segment.kind) {
        what = tcp::name(*segment.kind);
    } else if (segment.reason) {
        what = tcp::name(*segment.reason);
    }
    return text_of(segment.direction == event::Direction::in, withheld, what,
                   segment.segment.payload.size(), segment.retransmission);
}

[[nodiscard]] std::string handshake_text(const capture::End& end) {
    if (!end.options) {
        return "not there";
    }
    wire::Options options = *end.options;
    const bool timestamps = options.timestamps.has_value();
    options.timestamps.reset();  // numbers that are never the same
    std::string text = wire::format_options(options, {});
    if (timestamps) {
        text += text.empty() ? "TS" : ",TS";
    }
    return fmt::format("{}, win {}", text.empty() ? "no options" : text,
                       end.syn_window.value_or(0));
}

void add_facts(Column& column, const capture::Conversation& told) {
    using capture::Side;
    const auto add = [&](std::string name, std::string text, std::optional<double> seconds = {}) {
        column.facts.push_back({std::move(name), std::move(text), seconds});
    };
    add("client", told.client().address.to_string());  // its port is another each time
    add("server", told.server().to_string());
    add("length", capture::say(told.end - told.begin), to_seconds(told.end - told.begin));
    add("end", capture::say_end(told));
    for (const Side side : {Side::client, Side::server}) {
        const capture::End& end = told.of(side);
        const std::string whose(capture::name(side));
        add(whose + " SYN", handshake_text(end));
        add(whose + " TTL", end.ttl ? std::to_string(*end.ttl) : "unknown");
        add(whose + " said", capture::say_bytes(end.bytes));
    }
    if (told.rtt) {
        add("round trip", capture::say(*told.rtt), to_seconds(*told.rtt));
    }
    for (const capture::Oddity& odd : told.oddities) {
        std::string name(capture::name(odd.kind));
        if (odd.side) {
            name += fmt::format(" ({})", capture::name(*odd.side));
        }
        // That it is there, and for how long: the words have times that are never the same.
        const auto same = std::find_if(column.facts.begin(), column.facts.end(),
                                       [&](const Column::Fact& one) { return one.name == name; });
        if (same == column.facts.end()) {
            add(std::move(name), odd.words, to_seconds(odd.length));
        } else {
            same->text += "; " + odd.words;
            same->seconds = same->seconds.value_or(0) + to_seconds(odd.length);
        }
    }
}

}  // namespace

void add(Column& column, const event::Event& event, std::uint64_t connection) {
    using Verdict = std::shared_ptr<const event::Verdict>;
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        const bool mine = connection == 0 || connection == event.connection;
        if (!mine || segment->fate == event::Fate::delayed) {
            return;
        }
        column.add(to_seconds(event.at), segment_text(*segment));
    } else if (const auto* told = std::get_if<Verdict>(&event.what)) {
        const double seconds = to_seconds((*told)->length);
        column.facts.push_back(
            {"verdict", (*told)->headline.substr(0, (*told)->headline.find_first_of(",;:"))});
        column.facts.push_back({"time", fmt::format("{:.3f} s", seconds), seconds});
    }
}

tl::expected<Column, std::string> read_record(const std::string& path, std::uint64_t connection) {
    auto file = event::RecordFile::open(path);
    if (!file) {
        return tl::make_unexpected(file.error());
    }
    Column column;
    column.title = path;
    event::Event event;
    while (const auto line = file->next(event)) {
        if (*line == event::Line::event) {
            add(column, event, connection);
        }
    }
    if (!file->failure().empty()) {
        return tl::make_unexpected(file->failure());
    }
    return column;
}

Column of_capture(const capture::Capture& capture, std::uint64_t connection) {
    Column column;
    std::vector<const capture::Conversation*> told;
    std::vector<const capture::Segment*> segments;
    for (const capture::Conversation& one : capture.conversations) {
        if (connection != 0 && connection != one.number) {
            continue;
        }
        told.push_back(&one);
        for (const capture::Segment& segment : one.segments) {
            segments.push_back(&segment);
        }
    }
    std::sort(segments.begin(), segments.end(),
              [](const auto* a, const auto* b) { return a->packet < b->packet; });
    for (const capture::Segment* segment : segments) {
        column.add(to_seconds(segment->at - segments.front()->at),
                   text_of(segment->from == capture::Side::client, false, tcp::name(segment->kind),
                           segment->length, segment->retransmission));
    }
    if (told.size() == 1) {
        add_facts(column, *told.front());
    } else {
        column.facts.push_back({"conversations", std::to_string(told.size())});
    }
    return column;
}

}  // namespace ghostpeer::compare
