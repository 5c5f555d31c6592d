#include "learn/proposals.hpp"

#include "learn/spoken.hpp"

#include "ghostpeer/wire/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Segment;
using wire::Flags;

namespace {

/// What the engine has sent and heard by a place in its lines.
struct Numbers {
    std::int64_t snd_nxt = 0;
    std::int64_t rcv_nxt = 0;
};

Numbers numbers_at(const Position& position, Duration at) {
    Numbers numbers;
    for (const Line& line : position.rehearsed.lines) {
        if (line.at > at) {
            break;
        }
        if (!line.icmp && line.reason) {
            numbers.snd_nxt = std::max(numbers.snd_nxt, end_place(line));
            numbers.rcv_nxt = std::max(numbers.rcv_nxt, line.ack_place);
        }
    }
    // What the program sent may have been taken and not acknowledged yet; what it did not send may
    // have been acknowledged by a rule.
    std::int64_t sent = 0;
    for (const Segment& act : position.scene.acts) {
        if (act.at > at) {
            break;
        }
        if (position.scene.by_peer(act)) {
            continue;
        }
        sent = std::max(sent, end_place(act));
        if (act.place <= numbers.rcv_nxt) {
            numbers.rcv_nxt = std::max(numbers.rcv_nxt, end_place(act));
        }
    }
    numbers.rcv_nxt = std::min(numbers.rcv_nxt, sent);
    return numbers;
}

std::string sum(std::string_view name, std::int64_t offset) {
    return offset == 0 ? std::string(name)
                       : fmt::format("{}{}{}", name, offset > 0 ? "+" : "-", std::abs(offset));
}

std::string payload_of(const Line& line) {
    if (line.segment.payload.size() < line.length || line.length > 1000) {
        return fmt::format("{{bytes: {}}}", std::min<std::uint32_t>(line.length, 65'495));
    }
    return quoted({line.segment.payload.begin(), line.segment.payload.end()});
}

std::string blocks_of(const Position& position, const Line& line, const Numbers& numbers) {
    std::vector<std::string> blocks;
    const wire::SeqNum base =
        position.scene.program_isn + static_cast<std::uint32_t>(numbers.rcv_nxt);
    for (const wire::SackBlock& block : line.segment.options.sack) {
        blocks.push_back(fmt::format("[{}, {}]", sum("rcv.nxt", block.left - base),
                                     sum("rcv.nxt", block.right - base)));
    }
    return fmt::format("[{}]", fmt::join(blocks, ", "));
}

}  // namespace

Moment moment_of(const Position& position, std::size_t act, bool numbered) {
    const auto& kinds = position.rehearsed.kinds;
    const tcp::Kind kind = act < kinds.size() ? kinds[act] : tcp::Kind::ack;
    Moment moment;
    moment.on = fmt::format("receive {}", tcp::name(kind));
    moment.at = act < position.scene.acts.size() ? position.scene.acts[act].at : Duration{};
    if (numbered) {
        std::size_t nth = 0;
        for (std::size_t i = 0; i <= act && i < kinds.size(); ++i) {
            const Segment& one = position.scene.acts[i];
            const bool counts = kinds[i] == kind || (kind == tcp::Kind::data &&
                                                     kinds[i] == tcp::Kind::fin && one.length > 0);
            nth += !position.scene.by_peer(one) && counts ? 1 : 0;
        }
        moment.filters.emplace_back(nth == 1 ? "first" : "nth", std::to_string(nth));
    }
    return moment;
}

std::vector<Moment> moments_before(const Position& position, std::size_t cause, Duration at) {
    std::vector<Moment> moments;
    const Scene& scene = position.scene;
    const auto add = [&](Moment moment) {
        if (moment.at <= at) {
            moments.push_back(std::move(moment));
        }
    };
    std::size_t tried = 0;
    std::int64_t sent = 0;
    for (std::size_t i = std::min(cause, scene.acts.size() - 1) + 1; i-- > 0 && tried < 3;) {
        const Segment& act = scene.acts[i];
        if (scene.by_peer(act)) {
            continue;
        }
        ++tried;
        const bool syn = act.flags.has(Flags::syn);
        if (!syn && act.ack_place == 1 && act.place == 1 && act.length == 0) {
            add({"enter established", {}, act.at});
        }
        if (act.length > 0 && !syn && act.fresh > 0 && act.place >= 1) {
            add({fmt::format("received {}", act.place - 1 + act.length), {}, act.at});
        }
        if (!syn && act.ack_place > 1) {
            sent = act.ack_place - 1;
            const auto first = std::ranges::find_if(scene.acts, [&](const Segment& other) {
                return !scene.by_peer(other) && other.ack_place >= act.ack_place;
            });
            add({fmt::format("sent {}", sent), {}, first->at});
        }
        add(moment_of(position, i, false));
        add(moment_of(position, i, true));
    }
    // A connection that is open has no better clock than its beginning.
    const auto established = std::ranges::find_if(scene.acts, [&](const Segment& act) {
        return !scene.by_peer(act) && !act.flags.has(Flags::syn) && act.flags.has(Flags::ack);
    });
    if (established != scene.acts.end()) {
        add({"enter established", {}, established->at});
    }
    add({"start", {}, Duration{}});
    return moments;
}

std::vector<Rule> forged(const Position& position, const Line& line) {
    std::vector<Rule> rules;
    for (const Moment& moment : moments_before(position, line.cause, line.at)) {
        const Numbers numbers = numbers_at(position, line.at);
        std::string fields;
        const auto add = [&](std::string_view key, const std::string& value) {
            fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", key, value);
        };
        const wire::Segment& segment = line.segment;
        const std::uint8_t expected = Flags::ack | (line.length > 0 ? Flags::psh : std::uint8_t{0});
        if (segment.flags.bits != expected) {
            add("flags", segment.flags.bits == 0 ? "\"\"" : wire::flag_letters(segment.flags));
        }
        if (line.place != numbers.snd_nxt) {
            add("seq", sum("snd.nxt", line.place - numbers.snd_nxt));
        }
        if (segment.has(Flags::ack) && line.ack_place != numbers.rcv_nxt) {
            add("ack", sum("rcv.nxt", line.ack_place - numbers.rcv_nxt));
        }
        if (segment.has(Flags::urg)) {
            add("urgent", std::to_string(segment.urgent));
        }
        const auto& lines = position.rehearsed.lines;
        if (!lines.empty() && segment.ttl != lines.front().segment.ttl && !lines.front().icmp) {
            add("ttl", std::to_string(segment.ttl));
        }
        if (!segment.options.sack.empty()) {
            add("sack", blocks_of(position, line, numbers));
        }
        if (line.length > 0) {
            add("payload", payload_of(line));
        }
        Rule rule;
        rule.on = moment.on;
        rule.filters = moment.filters;
        if (const Duration late = line.at - moment.at - position.scene.rtt; late > 3ms) {
            rule.filters.emplace_back("after", rounded(late));
        }
        rule.actions = {fields.empty() ? std::string("send")
                                       : fmt::format("{{send: {{{}}}}}", fields)};
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::string overwritten(const Position& position, const Line& captured, const Line& rehearsed) {
    static_cast<void>(position);
    std::string fields;
    const auto add = [&](std::string_view key, const std::string& value) {
        fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", key, value);
    };
    const wire::Segment& c = captured.segment;
    const wire::Segment& r = rehearsed.segment;
    constexpr std::uint8_t heard = static_cast<std::uint8_t>(~Flags::psh);
    if ((c.flags.bits & heard) != (r.flags.bits & heard)) {
        add("flags", c.flags.bits == 0 ? "\"\"" : wire::flag_letters(c.flags));
    }
    if (captured.place != rehearsed.place) {
        add("seq", sum("snd.nxt", captured.place - rehearsed.place));
    }
    if (c.has(Flags::ack) && captured.ack_place != rehearsed.ack_place) {
        add("ack", sum("rcv.nxt", captured.ack_place - rehearsed.ack_place));
    }
    if (captured.length != rehearsed.length) {
        add("payload", captured.length == 0 ? "\"\"" : payload_of(captured));
    }
    if (!same_window(captured, rehearsed)) {
        add("window", std::to_string(c.window));
    }
    const wire::Options& a = c.options;
    const wire::Options& b = r.options;
    if (a.mss != b.mss) {
        add("mss", a.mss ? std::to_string(*a.mss) : "off");
    }
    if (a.window_scale != b.window_scale) {
        add("window_scale", a.window_scale ? std::to_string(*a.window_scale) : "off");
    }
    if (a.sack_permitted != b.sack_permitted) {
        add("sack_permitted", a.sack_permitted ? "on" : "off");
    }
    if (!a.timestamps && b.timestamps) {
        add("timestamps", "off");
    }
    if (a.sack.empty() && !b.sack.empty()) {
        add("sack", "off");
    }
    if (c.ttl != r.ttl) {
        add("ttl", std::to_string(c.ttl));
    }
    if (c.has(Flags::urg) && c.urgent != r.urgent) {
        add("urgent", std::to_string(c.urgent));
    }
    return fields.empty() ? fields : fmt::format("{{set: {{{}}}}}", fields);
}

}  // namespace ghostpeer::learn
