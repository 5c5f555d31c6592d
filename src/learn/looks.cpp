#include "learn/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using capture::Segment;
using wire::Flags;

namespace {

/// What the peer's full segments came with, one behind the other, in bits a second; nothing where
/// no line held them up.
std::optional<std::uint64_t> steady_rate(const Scene& scene) {
    constexpr std::size_t enough = 8;
    std::vector<double> rates;
    const Segment* before = nullptr;
    for (const Segment& act : scene.acts) {
        if (!scene.by_peer(act)) {
            continue;
        }
        const bool full = act.length >= 1000;
        if (full && before != nullptr && act.length == before->length && act.at > before->at) {
            const double bits = static_cast<double>(act.length + 52U) * 8;
            rates.push_back(bits / to_seconds(act.at - before->at));
        }
        before = full ? &act : nullptr;
    }
    if (rates.size() < enough) {
        return {};
    }
    std::ranges::sort(rates);
    const double middle = rates[rates.size() / 2];
    const double low = rates[rates.size() / 4];
    const double high = rates[rates.size() * 3 / 4];
    if (middle > 200e6 || middle < 9600 || high > low * 1.1) {
        return {};
    }
    return static_cast<std::uint64_t>(std::llround(middle / 1000)) * 1000;
}

void set(std::vector<Entry>& entries, const std::string& key, std::string value) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.first == key; });
    entries.emplace_back(key, std::move(value));
}

}  // namespace

void note_looks(const Scene& scene, const capture::Conversation& conversation, Draft& draft,
                std::vector<std::string>& remarks) {
    const capture::End& end = conversation.of(scene.peer);
    const std::uint8_t ttl = end.ttl.value_or(end.rst_ttl.value_or(64));
    if (ttl != 64 && ttl != 0) {
        draft.ip.emplace_back("ttl", std::to_string(ttl));
    }
    constexpr std::uint8_t without_ecn = 0xfc;
    if ((end.tos & without_ecn) != 0) {
        draft.ip.emplace_back("tos", std::to_string(end.tos & without_ecn));
    }
    if (!end.dont_fragment && end.packets > 0 && scene.peer_end.address.is_v4()) {
        draft.ip.emplace_back("dont_fragment", "false");
    }
    if (scene.rtt >= shortest_way) {
        // Of a link that is slower than the real one, the program would acknowledge what has not
        // come yet.
        draft.link.emplace_back("delay", rounded_down(scene.rtt / 2));
    }
    if (const auto rate = steady_rate(scene)) {
        draft.link.emplace_back("down", fmt::format("{{rate: {}kbit/s}}", *rate / 1000));
        remarks.push_back(fmt::format(
            "The peer's full segments came at a steady {} kbit/s, so the profile's link has that "
            "rate downwards; what limited the program's own direction was not looked at.",
            *rate / 1000));
    }
}

void note_opening(const Scene& scene, const std::vector<Line>& captured, const Rehearsed& honest,
                  const capture::Conversation& conversation, Draft& draft) {
    const auto opens = [](const Line& line) { return line.segment.has(Flags::syn); };
    const auto real = std::ranges::find_if(captured, opens);
    const auto ours = std::ranges::find_if(honest.lines, opens);
    if (!scene.has_handshake || real == captured.end() || ours == honest.lines.end() ||
        real->segment.flags.has(Flags::ack) != ours->segment.flags.has(Flags::ack)) {
        return;
    }
    const wire::Options& a = real->segment.options;
    const wire::Options& b = ours->segment.options;
    if (a.mss != b.mss && a.mss != std::uint16_t{0}) {
        set(draft.tcp, "mss", a.mss ? std::to_string(*a.mss) : "off");
    }
    if (a.window_scale != b.window_scale && a.window_scale.value_or(0) <= 14) {
        set(draft.tcp, "window_scale", a.window_scale ? std::to_string(*a.window_scale) : "off");
    }
    if (!a.sack_permitted && b.sack_permitted) {
        set(draft.tcp, "sack", "false");
    }
    if (!a.timestamps && b.timestamps) {
        set(draft.tcp, "timestamps", "false");
    }
    const std::uint64_t window = real->segment.window;
    if (window == ours->segment.window) {
        return;
    }
    const std::uint64_t most = conversation.of(scene.peer).most_window;
    if (window < 536) {
        draft.rules.push_back({"start",
                               {},
                               {fmt::format("{{window: {}}}", window)},
                               fmt::format("packet {}: a window of {} bytes from the beginning",
                                           real->packet, window)});
    } else if (most > window + window / 2) {
        set(draft.tcp, "window",
            fmt::format("{{initial: {}, max: {}}}", window,
                        std::min<std::uint64_t>(most, std::uint64_t{1} << 30)));
    } else {
        set(draft.tcp, "window", std::to_string(window));
    }
}

}  // namespace ghostpeer::learn
