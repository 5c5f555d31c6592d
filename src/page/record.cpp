#include "page/record.hpp"

#include "event/codec.hpp"
#include "event/json.hpp"
#include "event/tables.hpp"
#include "event/writer.hpp"
#include "ghostpeer/wire/format.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace ghostpeer::page {
namespace {

using event::Json;

/// What the page reads of a segment by itself, or has no use for; all else is kept beside it.
constexpr std::array<std::string_view, 21> own_fields{
    "dir",  "kind",           "reason",  "src",   "dst",      "flags",        "seq",
    "ack",  "raw_seq",        "raw_ack", "len",   "win",      "window",       "fate",
    "rule", "retransmission", "options", "state", "received", "acknowledged", "payload"};
constexpr std::size_t longest_list = 2'000;
constexpr std::int64_t farthest = std::int64_t{1} << 53;  // what a JavaScript number holds exactly

[[nodiscard]] std::int64_t nanoseconds(Instant at) {
    return std::clamp(at.time_since_epoch().count(), -farthest, farthest);
}

/// What an unchanged connection is made of by the thousand.
[[nodiscard]] bool is_plain(const event::Segment& segment) {
    const bool honest = segment.fate == event::Fate::accepted || segment.fate == event::Fate::sent;
    const bool in_plain = segment.kind == tcp::Kind::data || segment.kind == tcp::Kind::ack;
    const bool out_plain = segment.reason == tcp::Reason::data ||
                           segment.reason == tcp::Reason::ack ||
                           segment.reason == tcp::Reason::duplicate_ack ||
                           segment.reason == tcp::Reason::window_update;
    return honest && !segment.rule && !segment.on_the_way && !segment.retransmission &&
           (in_plain || out_plain);
}

[[nodiscard]] std::string joined(const std::vector<std::string>& parts) {
    std::string all = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
        all += (i == 0 ? "" : ",\n") + parts[i];
    }
    return all + "]";
}

void append_members(std::string& members, const std::string& more) {
    if (!members.empty() && !more.empty()) {
        members += ',';
    }
    members += more;
}

/// The members that `write` appends to an object.
template <typename Write>
[[nodiscard]] std::string members(const event::JsonStyle& style, Write write) {
    std::string text = "{";
    Json json(text, style);
    write(json);
    return text.substr(1);
}

[[nodiscard]] std::string options_of(const event::Segment& segment, const event::JsonStyle& style) {
    const auto options =
        std::find_if(event::segment_fields().begin(), event::segment_fields().end(),
                     [](const event::Field& field) { return field.name == "options"; });
    const std::string inner = members(style, [&](Json& json) {
        for (const event::Field& field : options->type->fields()) {
            if (field.name != "timestamps") {  // it has columns of its own
                field.write(json, field.name, &segment);
            }
        }
    });
    return inner.empty() ? inner : "\"options\":{" + inner + "}";
}

[[nodiscard]] std::string extra_of(const event::Event& event, const event::Segment& segment,
                                   const event::JsonStyle& style) {
    std::string extra = options_of(segment, style);
    append_members(extra, members(style, [&](Json& json) {
                       for (const event::Field& field : event::common_fields()) {
                           if (field.name == "of") {
                               field.write(json, field.name, &event);
                           }
                       }
                       for (const event::Field& field : event::segment_fields()) {
                           if (std::find(own_fields.begin(), own_fields.end(), field.name) ==
                               own_fields.end()) {
                               field.write(json, field.name, &segment);
                           }
                       }
                   }));
    return extra;
}

[[nodiscard]] std::string payload_of(const event::Segment& segment, const event::JsonStyle& style) {
    return members(style, [&](Json& json) {
        for (const event::Field& field : event::segment_fields()) {
            if (field.name == "payload") {
                field.write(json, field.name, &segment);
            }
        }
    });
}

/// What the page has no lane for.
[[nodiscard]] bool is_drawn(const event::Event& event, std::string_view word) {
    constexpr std::array<std::string_view, 10> drawn{"icmp", "link",   "state",  "rule", "attempt",
                                                     "log",  "notice", "socket", "exit", "call"};
    const auto* socket = std::get_if<event::Socket>(&event.what);
    return std::find(drawn.begin(), drawn.end(), word) != drawn.end() &&
           (socket == nullptr || socket->shown);
}

}  // namespace

std::string Record::json_of(const event::Event& event) const {
    std::string json;
    event::write_json(json, event, {true, bounds_.text, longest_list});
    return json;
}

void Record::add(const event::Event& event) {
    const event::EventTable* const table = event::table_of(event);
    if (table == nullptr) {
        return;
    }
    ++events_;
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        add_segment(event, *segment);
    } else if (table->word == "verdict") {
        verdict_ = json_of(event);
    } else if (table->word == "run") {
        run_ = json_of(event);
    } else if (is_drawn(event, table->word)) {
        add_other(event, table->word);
    }
}

std::uint32_t Record::shape_of(const event::Event& event, const event::Segment& told) {
    const wire::Segment& segment = told.segment;
    std::string name = "[";
    Json json(name, {true, bounds_.text, longest_list});
    const auto add = [&](auto value) {
        json.next();
        event::Codec<decltype(value)>::write(json, value);
    };
    add(told.direction == event::Direction::out ? 1 : 0);
    add(told.kind ? tcp::name(*told.kind)
                  : (told.reason ? tcp::name(*told.reason) : std::string_view()));
    add(segment.flags);
    add(event::name(told.fate));
    add(segment.source);
    add(segment.destination);
    add(told.retransmission ? 1 : 0);
    add(event.connection);
    add(event.attempt);
    add(told.rule ? told.rule->file : nullptr);
    add(told.rule ? told.rule->line : -1);
    // What is added to the relative numbers gives those on the wire.
    add(told.base.seq.raw());
    add(segment.has(wire::Flags::ack) ? told.base.ack.raw() : segment.ack.raw());
    name += ']';
    const auto known_shape = shape_numbers_.find(name);
    if (known_shape != shape_numbers_.end()) {
        return known_shape->second;
    }
    const auto next = static_cast<std::uint32_t>(shapes_.size());
    shapes_.push_back(name);
    shape_numbers_.emplace(std::move(name), next);
    return next;
}

void Record::add_segment(const event::Event& event, const event::Segment& told) {
    ++segment_count_;
    const bool plain = is_plain(told);
    const std::uint64_t nth = plain ? plain_seen_++ : remarkable_seen_++;
    if (nth % (plain ? skip_plain_ : skip_remarkable_) != 0 || shapes_.size() >= bounds_.shapes) {
        return;
    }
    const event::JsonStyle style{true, bounds_.text, longest_list};
    Segment segment;
    segment.at = nanoseconds(event.at);
    segment.order = events_;
    segment.id = event.id;
    segment.seq = wire::relative_number(told.segment.seq, told.base.seq);
    segment.ack = told.segment.has(wire::Flags::ack)
                      ? wire::relative_number(told.segment.ack, told.base.ack)
                      : 0;
    segment.window = told.window;
    segment.length = static_cast<std::uint32_t>(told.segment.payload.size());
    segment.header_window = told.segment.window;
    if (const auto& stamps = told.segment.options.timestamps) {
        segment.timestamp = stamps->value;
        segment.echo = stamps->echo;
    }
    segment.plain = plain;
    segment.shape = shape_of(event, told);
    segment.extra = extra_of(event, told, style);
    segment.payload = payload_of(told, style);
    segments_.push_back(std::move(segment));
    if (segments_.size() > bounds_.segments) {
        thin_out();
    }
}

void Record::thin_out() {
    const auto plain = static_cast<std::size_t>(
        std::count_if(segments_.begin(), segments_.end(), [](const auto& s) { return s.plain; }));
    const bool rather_plain = plain > bounds_.segments / 4;
    (rather_plain ? skip_plain_ : skip_remarkable_) *= 2;
    bool odd = false;
    std::erase_if(segments_, [&](const Segment& segment) {
        if (segment.plain != rather_plain) {
            return false;
        }
        odd = !odd;
        return !odd;
    });
}

void Record::add_other(const event::Event& event, std::string_view word) {
    auto seen = others_seen_.find(word);
    if (seen == others_seen_.end()) {
        seen = others_seen_.emplace(word, 0).first;
    }
    if (++seen->second <= bounds_.others) {
        others_.push_back(
            fmt::format("[{},{},{}]", nanoseconds(event.at), events_, json_of(event)));
    }
}

std::uint64_t Record::left_out() const noexcept {
    std::uint64_t lost = segment_count_ - segments_.size();
    for (const auto& [event, seen] : others_seen_) {
        lost += seen - std::min<std::uint64_t>(seen, bounds_.others);
    }
    return lost;
}

void Record::append_segments(std::string& json) const {
    json += ",\n\"segments\":[";
    std::vector<std::string> extras;
    std::size_t payloads = 0;
    std::size_t without = 0;
    const char* separator = "\n";
    for (const Segment& one : segments_) {
        std::string extra = one.extra;
        if (payloads + one.payload.size() <= bounds_.payloads) {
            payloads += one.payload.size();
            append_members(extra, one.payload);
        } else {
            ++without;
        }
        const auto number = extra.empty() ? -1 : static_cast<std::int64_t>(extras.size());
        fmt::format_to(std::back_inserter(json), "{}{},{},{},{},{},{},{},{},{},{},{},{}", separator,
                       one.at, one.order, one.shape, one.seq, one.ack, one.length, one.window,
                       one.header_window, one.timestamp, one.echo, number, one.id);
        separator = ",\n";
        if (!extra.empty()) {
            extras.push_back("{" + extra + "}");
        }
    }
    json += fmt::format("],\n\"extras\":{},\n\"without_payload\":{}", joined(extras), without);
}

std::string Record::to_json(std::string_view source, std::string_view version) const {
    std::string text = "{\"head\":{";
    Json json(text, {true, bounds_.text, longest_list});
    const auto number = [&](std::string_view name, std::uint64_t value) {
        json.key(name);
        json.number(value);
    };
    json.key("source");
    json.text(source);
    json.key("version");
    json.text(version);
    number("events", events_);
    number("unreadable", unreadable_);
    number("unknown", unknown_);
    number("segments", segment_count_);
    json.key("others");
    json.open('{');
    for (const auto& [event, seen] : others_seen_) {
        json.key(event);
        text += fmt::format("[{},{}]", seen, std::min<std::uint64_t>(seen, bounds_.others));
    }
    text +=
        "}},\n\"run\":" + run_ + ",\n\"verdict\":" + verdict_ + ",\n\"shapes\":" + joined(shapes_);
    append_segments(text);
    return text + ",\n\"others\":" + joined(others_) + "}\n";
}

}  // namespace ghostpeer::page
