#include "learn/rehearsal.hpp"

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/wire/codec.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace ghostpeer::learn {

using capture::Segment;
using wire::Flags;

namespace {

constexpr std::size_t most_lines = 2 * most_segments;
constexpr std::size_t most_turns = 400'000;  // of the engine's clock, however short its timers
constexpr Duration after_the_end = std::chrono::milliseconds(500);
constexpr Duration a_moment = std::chrono::microseconds(100);  // for what is rounded
constexpr std::size_t longest_payload = 65'000;
constexpr std::size_t longest_forged = 1000;  // a rule makes up what is longer
constexpr const char* file_name = "profile.yaml";

wire::Segment told(const Segment& act) {
    wire::Segment segment;
    segment.flags = act.flags;
    segment.seq = act.seq;
    segment.ack = act.ack;
    segment.window = act.window;
    segment.urgent = act.urgent;
    segment.options = act.options;
    segment.ttl = act.ttl;
    segment.tos = act.tos;
    segment.dont_fragment = act.dont_fragment;
    segment.ip_id = act.ip_id;
    segment.payload = act.payload;
    return segment;
}

bool is_after_repeat(const Scene& scene, std::size_t cause) {
    return cause < scene.acts.size() && scene.acts[cause].retransmission;
}

/// One performance.
class Stage {
  public:
    Stage(const Scene& scene, std::shared_ptr<const profile::Profile> profile,
          wire::PacketLibrary& packets)
        : scene_(scene), engine_(settings(packets), {peer::PeerSpec{{}, {}, std::move(profile)}}) {
        result_.kinds.resize(scene.acts.size(), tcp::Kind::ack);
        last_cause_ = scene.acts.size();
    }

    Rehearsed perform() {
        if (!scene_.acts.empty() && scene_.by_peer(scene_.acts.front())) {
            // Its SYN is on its way to the program before the scene begins.
            lead_ = scene_.rtt >= shortest_way ? scene_.rtt / 2 + a_moment : Duration{};
            engine_.dial({0, scene_.peer_end.address, scene_.program_end, {scene_.peer_end.port}},
                         now_);
            collect();
        }
        for (std::size_t i = 0; i < scene_.acts.size() && !full(); ++i) {
            const Segment& act = scene_.acts[i];
            until(run_start + lead_ + act.at);
            if (!scene_.by_peer(act)) {
                feed(i);
            }
        }
        const Duration end = scene_.acts.empty() ? Duration{} : scene_.acts.back().at;
        until(run_start + lead_ + end + after_the_end + scene_.rtt);
        result_.turns = steps_;
        return std::move(result_);
    }

    [[nodiscard]] bool has_acted(int line) const {
        return engine_.fired(file_name, line).value_or(0) > 0;
    }

  private:
    static peer::Settings settings(wire::PacketLibrary& packets) {
        peer::Settings settings;
        settings.packets = &packets;
        return settings;
    }
    [[nodiscard]] bool full() const noexcept {
        return result_.lines.size() >= most_lines || steps_ >= most_turns;
    }

    void until(Instant at) {
        while (!full()) {
            const auto next = engine_.next_deadline();
            if (!next || *next > at) {
                break;
            }
            ++steps_;
            now_ = std::max(now_, *next);
            engine_.on_time(now_);
            collect();
        }
        now_ = std::max(now_, at);
    }

    void feed(std::size_t index) {
        const Segment& act = scene_.acts[index];
        wire::Segment segment = told(act);
        segment.source = scene_.program_end;
        segment.destination = scene_.peer_end;
        segment.payload.resize(std::min<std::size_t>(act.length, longest_payload));
        if (segment.has(Flags::ack)) {
            segment.ack += ack_shift_;
        }
        for (wire::SackBlock& block : segment.options.sack) {
            block.left += ack_shift_;
            block.right += ack_shift_;
        }
        if (segment.options.timestamps) {
            segment.options.timestamps->echo += echo_shift_;
        }
        last_cause_ = index;
        ++result_.fed;
        engine_.on_packet(wire::encode(segment), now_);
        collect();
    }

    void collect() {
        emissions_.clear();
        events_.clear();
        engine_.take_packets(emissions_);
        engine_.take_events(events_);
        for (const event::Event& event : events_) {
            const auto* segment = std::get_if<event::Segment>(&event.what);
            if (segment == nullptr) {
                continue;
            }
            if (segment->direction == event::Direction::out && segment->reason) {
                reasons_[event.id] = *segment->reason;
            } else if (segment->kind && last_cause_ < result_.kinds.size()) {
                result_.kinds[last_cause_] = *segment->kind;
            }
        }
        for (const peer::Emission& emission : emissions_) {
            note(emission);
        }
    }

    void note(const peer::Emission& emission) {
        if (full()) {
            return;
        }
        Line line;
        line.at = now_.time_since_epoch() - lead_;
        line.cause = last_cause_;
        auto decoded = wire::decode(emission.packet);
        if (auto* segment = std::get_if<wire::Segment>(&decoded)) {
            line.segment = std::move(*segment);
            take(line, emission.segment);
        } else if (const auto error = wire::decode_icmp_error(emission.packet)) {
            line.icmp = error->kind;
            line.mtu = error->mtu;
        } else {
            return;  // what is no packet: a capture does not show it as a segment either
        }
        result_.lines.push_back(std::move(line));
    }

    void take(Line& line, event::EventId id) {
        wire::Segment& segment = line.segment;
        if (segment.has(Flags::syn) && !known_isn_) {
            known_isn_ = true;
            isn_ = segment.seq;
            ack_shift_ = isn_.raw() - scene_.peer_isn.raw();
            scale_ = segment.options.window_scale;
            find_echo(segment);
        }
        line.after_repeat = is_after_repeat(scene_, last_cause_);
        line.place = known_isn_ ? segment.seq - isn_ : 0;
        line.ack_place = segment.has(Flags::ack) ? segment.ack - scene_.program_isn : 0;
        line.length = static_cast<std::uint32_t>(segment.payload.size());
        segment.payload = {};
        const bool scaled = scale_ && !segment.has(Flags::syn) && program_scales();
        line.offered = static_cast<std::uint64_t>(segment.window)
                       << (scaled ? std::min<unsigned>(*scale_, 14) : 0U);
        if (const auto reason = reasons_.find(id); reason != reasons_.end()) {
            line.reason = reason->second;
        }
    }

    [[nodiscard]] bool program_scales() const {
        const auto syn = std::ranges::find_if(scene_.acts, [&](const Segment& act) {
            return !scene_.by_peer(act) && act.flags.has(Flags::syn);
        });
        return syn != scene_.acts.end() && syn->options.window_scale.has_value();
    }

    /// The program echoes the captured peer's clock: it is moved to the engine's.
    void find_echo(const wire::Segment& syn) {
        const auto first = std::ranges::find_if(scene_.acts, [&](const Segment& act) {
            return scene_.by_peer(act) && act.options.timestamps.has_value();
        });
        if (first != scene_.acts.end() && syn.options.timestamps) {
            echo_shift_ = syn.options.timestamps->value - first->options.timestamps->value;
        }
    }

    const Scene& scene_;
    peer::Engine engine_;
    Rehearsed result_;
    Instant now_ = run_start;
    Duration lead_{};
    std::size_t steps_ = 0;
    std::size_t last_cause_ = 0;
    bool known_isn_ = false;
    wire::SeqNum isn_;
    std::uint32_t ack_shift_ = 0;
    std::uint32_t echo_shift_ = 0;
    std::optional<std::uint8_t> scale_;
    std::map<event::EventId, tcp::Reason> reasons_;
    std::vector<peer::Emission> emissions_;
    std::vector<event::Event> events_;
};

/// Where the rules of a sheet with one attempt stand, counted from 1.
std::vector<int> rule_lines(std::string_view text) {
    std::vector<int> lines;
    bool rules = false;
    for (int number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        rules = rules || line == "rules:";
        if (rules && line.starts_with("  - {on: ")) {
            lines.push_back(number);
        }
    }
    return lines;
}

}  // namespace

std::vector<Line> heard(const Scene& scene) {
    std::vector<Line> lines;
    std::size_t cause = scene.acts.size();
    std::size_t next_error = 0;
    const auto errors_until = [&](Duration at) {
        for (; next_error < scene.icmp.size() && scene.icmp[next_error].at <= at; ++next_error) {
            const capture::Icmp& error = scene.icmp[next_error];
            Line line;
            line.at = error.at;
            line.icmp = error.kind;
            line.mtu = error.mtu;
            line.cause = cause;
            line.packet = error.packet;
            lines.push_back(std::move(line));
        }
    };
    for (std::size_t i = 0; i < scene.acts.size(); ++i) {
        const Segment& act = scene.acts[i];
        errors_until(act.at);
        if (!scene.by_peer(act)) {
            cause = i;
            continue;
        }
        Line line;
        line.at = act.at;
        line.segment = told(act);
        if (line.segment.payload.size() > longest_forged) {
            line.segment.payload = {};
        }
        line.place = scene.peer_known ? act.place : 0;
        line.ack_place = act.flags.has(Flags::ack) ? act.ack_place : 0;
        line.offered = act.offered;
        line.length = act.length;
        line.cause = cause;
        line.after_repeat = is_after_repeat(scene, cause);
        line.packet = act.packet;
        lines.push_back(std::move(line));
    }
    errors_until(Duration::max());
    return lines;
}

Rehearsed rehearse(const Scene& scene, const Sheet& sheet, wire::PacketLibrary& packets) {
    const Written written = write(sheet, true);
    const auto loaded = profile::load_text(written.text, file_name);
    if (!loaded.profile) {
        Rehearsed result;
        result.error = profile::to_string(loaded.errors);
        return result;
    }
    Stage stage(scene, loaded.profile, packets);
    Rehearsed result = stage.perform();
    for (const int line : rule_lines(written.text)) {
        result.acted.push_back(stage.has_acted(line));
    }
    return result;
}

}  // namespace ghostpeer::learn
