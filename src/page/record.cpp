#include "page/record.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

namespace ghostpeer::page {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 9> known{"icmp",   "state",  "rule", "attempt", "log",
                                                "notice", "socket", "exit", "call"};
/// What the verdict is made of, and the verdict says.
constexpr std::array<std::string_view, 9> judged{"profile",    "start",    "command",
                                                 "conclusion", "sockets",  "connection",
                                                 "tally",      "counters", "end"};
/// What the page reads of a segment by itself, or has of other events; all else that one has is
/// kept beside it.
constexpr std::array<std::string_view, 25> own_fields{
    "t",     "event", "conn",  "attempt", "dir",      "kind",         "reason", "src",    "dst",
    "flags", "seq",   "ack",   "raw_seq", "raw_ack",  "len",          "win",    "window", "fate",
    "rule",  "id",    "cause", "state",   "received", "acknowledged", "made"};
constexpr int deepest = 6;
constexpr std::size_t longest_list = 2'000;
constexpr std::int64_t farthest = std::int64_t{1} << 53;  // what a JavaScript number holds exactly
constexpr double ns_per_second = 1e9;

[[nodiscard]] std::int64_t bounded(double value) {
    return static_cast<std::int64_t>(std::llround(
        std::clamp(value, -static_cast<double>(farthest), static_cast<double>(farthest))));
}

[[nodiscard]] std::int64_t number(const Json& object, const char* field,
                                  std::int64_t otherwise = 0) {
    const auto found = object.find(field);
    return found == object.end() || !found->is_number() ? otherwise : bounded(found->get<double>());
}

[[nodiscard]] std::string_view text(const Json& object, const char* field) {
    const auto found = object.find(field);
    return found == object.end() || !found->is_string()
               ? std::string_view()
               : std::string_view(found->get_ref<const std::string&>());
}

/// A cut never splits a character.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end) + "…";
}

/// The same value, no deeper and no longer than a page can use.
[[nodiscard]] Json bounded(const Json& value, std::size_t longest, int depth = 0) {
    if (value.is_string()) {
        return shortened(value.get_ref<const std::string&>(), longest);
    }
    if (!value.is_structured()) {
        return value;
    }
    if (depth >= deepest) {
        return nullptr;
    }
    Json copy = value.is_array() ? Json::array() : Json::object();
    std::size_t taken = 0;
    for (const auto& [name, member] : value.items()) {
        if (++taken > longest_list) {
            break;
        }
        if (value.is_array()) {
            copy.push_back(bounded(member, longest, depth + 1));
        } else {
            copy[shortened(name, longest)] = bounded(member, longest, depth + 1);
        }
    }
    return copy;
}

/// Plain ASCII, and nothing that means anything to an HTML parser.
[[nodiscard]] std::string dump(const Json& value) {
    std::string json = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    std::size_t at = 0;
    while ((at = json.find_first_of("<>&", at)) != std::string::npos) {
        json.replace(at, 1, fmt::format("\\u{:04x}", static_cast<unsigned>(json[at])));
    }
    return json;
}

[[nodiscard]] std::int64_t time_of(const Json& object) {
    const auto found = object.find("t");
    return found == object.end() || !found->is_number()
               ? 0
               : bounded(found->get<double>() * ns_per_second);
}

/// What an unchanged connection is made of by the thousand.
[[nodiscard]] bool is_plain(const Json& line) {
    const auto what = text(line, line.contains("kind") ? "kind" : "reason");
    const auto fate = text(line, "fate");
    return (fate == "accepted" || fate == "sent") && !line.contains("rule") &&
           !line.contains("retransmission") &&
           (what == "data" || what == "ack" || what == "duplicate-ack" || what == "window-update");
}

[[nodiscard]] std::string join(const std::vector<std::string>& parts) {
    std::string all = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
        all += (i == 0 ? "" : ",\n") + parts[i];
    }
    return all + "]";
}

}  // namespace

struct Record::Line {
    const Json& json;
    std::uint64_t order = 0;
};

void Record::add(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    if (line.empty()) {
        return;
    }
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || text(json, "event").empty()) {
        ++unreadable_;
        return;
    }
    ++events_;
    const std::string event(text(json, "event"));
    const Line one{json, events_};
    const bool for_judge = std::find(judged.begin(), judged.end(), event) != judged.end() ||
                           (event == "socket" && json.value("shown", Json(true)) == Json(false));
    if (event == "segment") {
        add_segment(one);
    } else if (event == "verdict") {
        verdict_ = dump(bounded(json, bounds_.text));
    } else if (event == "run") {
        run_ = dump(bounded(json, bounds_.text));
    } else if (std::find(known.begin(), known.end(), event) != known.end()) {
        if (!for_judge) {
            add_other(one, event);
        }
    } else if (!for_judge) {
        ++unknown_;
    }
}

std::uint32_t Record::shape_of(const Line& line) {
    const Json& json = line.json;
    const bool acks = text(json, "flags").find('A') != std::string_view::npos;
    Json shape = Json::array();
    shape.push_back(text(json, "dir") == "out" ? 1 : 0);
    for (const char* field :
         {json.contains("kind") ? "kind" : "reason", "flags", "fate", "src", "dst"}) {
        shape.push_back(shortened(std::string(text(json, field)), bounds_.text));
    }
    shape.push_back(json.contains("retransmission") ? 1 : 0);
    shape.push_back(number(json, "conn"));
    shape.push_back(number(json, "attempt"));
    const auto rule = json.find("rule");
    if (rule != json.end() && rule->is_object()) {
        shape.push_back(shortened(std::string(text(*rule, "file")), bounds_.text));
        shape.push_back(number(*rule, "line"));
    } else {
        shape.push_back("");
        shape.push_back(-1);
    }
    // What is added to the relative numbers gives those on the wire.
    constexpr auto wrap = [](std::int64_t difference) { return difference & 0xffffffff; };
    shape.push_back(wrap(number(json, "raw_seq") - number(json, "seq")));
    shape.push_back(acks ? wrap(number(json, "raw_ack") - number(json, "ack"))
                         : number(json, "raw_ack"));
    std::string name = dump(shape);
    const auto known_shape = shape_numbers_.find(name);
    if (known_shape != shape_numbers_.end()) {
        return known_shape->second;
    }
    const auto next = static_cast<std::uint32_t>(shapes_.size());
    shapes_.push_back(name);
    shape_numbers_.emplace(std::move(name), next);
    return next;
}

void Record::add_segment(const Line& line) {
    const Json& json = line.json;
    ++segment_count_;
    const bool plain = is_plain(json);
    const std::uint64_t nth = plain ? plain_seen_++ : remarkable_seen_++;
    if (nth % (plain ? skip_plain_ : skip_remarkable_) != 0 || shapes_.size() >= bounds_.shapes) {
        return;
    }
    Segment segment;
    segment.at = time_of(json);
    segment.order = line.order;
    segment.id = number(json, "id");
    segment.seq = number(json, "seq");
    segment.ack = number(json, "ack");
    segment.window = number(json, "window");
    const auto unsigned_of = [&](const char* field) {
        return static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(number(json, field), 0, UINT32_MAX));
    };
    segment.length = unsigned_of("len");
    segment.header_window = unsigned_of("win");
    segment.plain = plain;
    segment.shape = shape_of(line);
    Json extra = Json::object();
    for (const auto& [name, value] : json.items()) {
        if (name == "options" && value.is_object()) {
            Json others = bounded(value, bounds_.text, 1);
            if (const auto stamps = others.find("timestamps");
                stamps != others.end() && stamps->is_object()) {
                segment.timestamp = number(*stamps, "val", -1);
                segment.echo = number(*stamps, "ecr", -1);
                others.erase(stamps);
            }
            if (!others.empty()) {
                extra[name] = std::move(others);
            }
        } else if (name != "retransmission" &&
                   std::find(own_fields.begin(), own_fields.end(), name) == own_fields.end()) {
            extra[shortened(name, bounds_.text)] = bounded(value, bounds_.text, 1);
        }
    }
    if (!extra.empty()) {
        segment.extra = dump(extra);
    }
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

void Record::add_other(const Line& line, const std::string& event) {
    if (++others_seen_[event] > bounds_.others) {
        return;
    }
    Json copy = bounded(line.json, bounds_.text);
    copy["t"] = time_of(line.json);
    copy["n"] = line.order;
    others_.push_back(dump(copy));
}

std::uint64_t Record::left_out() const noexcept {
    std::uint64_t lost = segment_count_ - segments_.size();
    for (const auto& [event, seen] : others_seen_) {
        lost += seen - std::min<std::uint64_t>(seen, bounds_.others);
    }
    return lost;
}

std::string Record::to_json(std::string_view source, std::string_view version) const {
    Json head;
    head["source"] = shortened(std::string(source), bounds_.text);
    head["version"] = std::string(version);
    head["events"] = events_;
    head["unreadable"] = unreadable_;
    head["unknown"] = unknown_;
    head["segments"] = segment_count_;
    Json others = Json::object();
    for (const auto& [event, seen] : others_seen_) {
        others[event] = {seen, std::min<std::uint64_t>(seen, bounds_.others)};
    }
    head["others"] = others;
    std::string json = "{\"head\":" + dump(head) + ",\n\"run\":" + run_ +
                       ",\n\"verdict\":" + verdict_ + ",\n\"shapes\":" + join(shapes_) +
                       ",\n\"segments\":[";
    std::vector<std::string> extras;
    const char* separator = "\n";
    for (const Segment& one : segments_) {
        const auto extra = one.extra.empty() ? -1 : static_cast<std::int64_t>(extras.size());
        if (!one.extra.empty()) {
            extras.push_back(one.extra);
        }
        fmt::format_to(std::back_inserter(json), "{}{},{},{},{},{},{},{},{},{},{},{},{}", separator,
                       one.at, one.order, one.shape, one.seq, one.ack, one.length, one.window,
                       one.header_window, one.timestamp, one.echo, extra, one.id);
        separator = ",\n";
    }
    return json + "],\n\"extras\":" + join(extras) + ",\n\"others\":" + join(others_) + "}\n";
}

}  // namespace ghostpeer::page
