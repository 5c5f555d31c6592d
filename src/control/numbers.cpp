// Statistics, for people and programs, and for Prometheus.
#include "control/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ghostpeer::control {
namespace {

using RuleKey = std::pair<std::string, int>;

struct RuleNumbers {
    std::string event;
    std::string profile;
    std::uint64_t fired = 0;
    std::uint64_t withheld = 0;
};

/// What is taken from the engine, to be told outside of its thread.
struct Snapshot {
    Instant at{};
    peer::Counters counters;
    peer::StateCounts states{};
    std::vector<peer::ProfileStatistics> profiles;
    std::vector<std::uint64_t> attempts_of_peer;
    std::uint64_t attempts = 0;
    std::size_t live = 0;
    std::size_t remembered = 0;
    Duration longest_turn{};
    Baseline base;
};

[[nodiscard]] std::map<RuleKey, RuleNumbers> rules_of(
    const std::vector<peer::ProfileStatistics>& profiles) {
    std::map<RuleKey, RuleNumbers> rules;
    for (const auto& statistics : profiles) {
        const auto& profile = *statistics.profile;
        for (const auto& rule : profile.rules) {
            RuleNumbers& numbers = rules[{*rule.place.file, rule.place.line}];
            if (numbers.event.empty()) {
                for (const auto& event : rule.on) {
                    numbers.event += (numbers.event.empty() ? "" : ", ") + to_string(event);
                }
                numbers.profile = profile.name;
            }
            numbers.fired += statistics.rules[rule.id].fired;
            numbers.withheld += statistics.rules[rule.id].withheld;
        }
    }
    return rules;
}

template <typename Name, std::size_t Count>
[[nodiscard]] Json by_name(const std::array<std::uint64_t, Count>& now,
                           const std::array<std::uint64_t, Count>& before, Name name) {
    Json json = Json::object();
    for (std::size_t i = 0; i < Count; ++i) {
        if (const auto difference = now[i] - before[i]; difference > 0) {
            json[std::string(name(i))] = difference;
        }
    }
    return json;
}

[[nodiscard]] Json states_of(const peer::StateCounts& states) {
    Json json = Json::object();
    for (std::size_t i = 0; i < tcp::state_count; ++i) {
        if (states[i] > 0) {
            json[std::string(tcp::name(static_cast<tcp::State>(i)))] = states[i];
        }
    }
    return json;
}

[[nodiscard]] Json statistics(const Snapshot& now) {
    const Baseline& base = now.base;
    const peer::Counters& counters = now.counters;
    const peer::Counters& before = base.counters;
    Json json;
    json["t"] = to_seconds(now.at);
    json["since"] = to_seconds(base.at);
    json["attempts"] = now.attempts - base.attempts;
    json["connections"] = now.live;
    json["states"] = states_of(now.states);
    json["packets_in"] = counters.packets_in - before.packets_in;
    json["packets_out"] = counters.packets_out - before.packets_out;
    json["segments_in"] = counters.segments_in - before.segments_in;
    json["segments_out"] = counters.segments_out - before.segments_out;
    json["kinds"] = by_name(counters.kinds, before.kinds,
                            [](std::size_t i) { return tcp::name(static_cast<tcp::Kind>(i)); });
    json["reasons"] = by_name(counters.reasons, before.reasons,
                              [](std::size_t i) { return tcp::name(static_cast<tcp::Reason>(i)); });
    json["not_tcp"] = counters.not_tcp - before.not_tcp;
    json["undelivered"] = counters.undelivered - before.undelivered;
    json["lost_on_the_way"] = counters.lost_on_the_way - before.lost_on_the_way;
    json["queue_full"] = counters.queue_full - before.queue_full;
    json["syns_dropped_at_limit"] = counters.syns_dropped_at_limit - before.syns_dropped_at_limit;
    json["rules"] = Json::array();
    for (const auto& [place, numbers] : rules_of(now.profiles)) {
        const auto known = base.rules.find(place);
        const auto fired = known == base.rules.end() ? 0 : known->second.first;
        const auto withheld = known == base.rules.end() ? 0 : known->second.second;
        json["rules"].push_back(
            {{"file", place.first},
             {"line", place.second},
             {"on", numbers.event},
             {"profile", numbers.profile},
             {"fired", numbers.fired - std::min(fired, numbers.fired)},
             {"withheld", numbers.withheld - std::min(withheld, numbers.withheld)}});
    }
    return json;
}

[[nodiscard]] Snapshot take(const Context& context, const peer::Engine& engine, Instant now) {
    Snapshot taken;
    taken.at = now;
    taken.counters = engine.counters();
    taken.states = engine.states();
    taken.profiles = engine.profiles();
    for (std::size_t i = 0; i < context.names.size(); ++i) {
        taken.attempts_of_peer.push_back(engine.attempts_of(i));
    }
    taken.attempts = engine.attempt_count();
    taken.live = engine.live_connections();
    taken.remembered = engine.remembered_connections();
    taken.longest_turn = context.longest_turn;
    taken.base = context.baseline;
    return taken;
}

[[nodiscard]] Baseline baseline(const Snapshot& now) {
    Baseline base{now.at, now.counters, now.attempts, {}};
    for (const auto& [place, numbers] : rules_of(now.profiles)) {
        base.rules[place] = {numbers.fired, numbers.withheld};
    }
    return base;
}

/// Prometheus' text format 0.0.4.
class Metrics {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                       type);
    }
    template <typename Number>
    void value(std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
               Number number) {
        text_ += name_;
        char separator = '{';
        for (const auto& [label, content] : labels) {
            fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, label,
                           escaped(content));
            separator = ',';
        }
        fmt::format_to(std::back_inserter(text_), "{} {}\n", separator == ',' ? "}" : "", number);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    [[nodiscard]] static std::string escaped(std::string_view content) {
        std::string text;
        for (const char c : content) {
            if (c == '\\' || c == '"') {
                text += '\\';
            }
            text += c == '\n' ? std::string("\\n") : std::string(1, c);
        }
        return text;
    }

    std::string name_;
    std::string text_;
};

[[nodiscard]] std::string metrics(const Context& context, const Snapshot& now) {
    const peer::Counters& counters = now.counters;
    Metrics all;
    all.family("ghostpeer_info", "gauge", "Version of ghostpeer.");
    all.value({{"version", context.version}}, 1);
    all.family("ghostpeer_uptime_seconds", "counter", "Time since the start.");
    all.value({}, to_seconds(now.at));
    all.family("ghostpeer_attempts_total", "counter", "Connections that were begun.");
    all.value({}, now.attempts);
    all.family("ghostpeer_peer_attempts_total", "counter", "Connections that were begun, by peer.");
    for (std::size_t i = 0; i < now.attempts_of_peer.size(); ++i) {
        if (context.names.visible(i)) {
            all.value({{"peer", context.names.of(i)}}, now.attempts_of_peer[i]);
        }
    }
    all.family("ghostpeer_connections", "gauge", "Connections by state of the peer's side.");
    for (std::size_t i = 0; i < tcp::state_count; ++i) {
        const auto state = static_cast<tcp::State>(i);
        if (state != tcp::State::closed && state != tcp::State::listen) {
            all.value({{"state", tcp::name(state)}}, now.states[i]);
        }
    }
    all.family("ghostpeer_connections_remembered", "gauge", "Connections, those gone included.");
    all.value({}, now.remembered);
    all.family("ghostpeer_packets_total", "counter", "IP packets; `in` came from the program.");
    all.value({{"direction", "in"}}, counters.packets_in);
    all.value({{"direction", "out"}}, counters.packets_out);
    all.family("ghostpeer_segments_in_total", "counter", "Segments that arrived, by kind.");
    for (std::size_t i = 0; i < tcp::kind_count; ++i) {
        all.value({{"kind", tcp::name(static_cast<tcp::Kind>(i))}}, counters.kinds[i]);
    }
    all.family("ghostpeer_segments_out_total", "counter", "Segments that left, by reason.");
    for (std::size_t i = 0; i < tcp::reason_count; ++i) {
        all.value({{"reason", tcp::name(static_cast<tcp::Reason>(i))}}, counters.reasons[i]);
    }
    all.family("ghostpeer_undelivered_total", "counter", "Packets that the link refused.");
    all.value({}, counters.undelivered);
    all.family("ghostpeer_lost_on_the_way_total", "counter",
               "Packets that a link lost, by what they were lost for.");
    all.value({{"cause", "chance"}}, counters.lost_on_the_way);
    all.value({{"cause", "queue-full"}}, counters.queue_full);
    all.family("ghostpeer_syns_dropped_total", "counter",
               "SYNs dropped at the limit of connections.");
    all.value({}, counters.syns_dropped_at_limit);
    const auto rules = rules_of(now.profiles);
    all.family("ghostpeer_rule_fired_total", "counter", "How often a rule of a profile fired.");
    for (const auto& [place, numbers] : rules) {
        all.value({{"file", place.first}, {"line", std::to_string(place.second)}}, numbers.fired);
    }
    all.family("ghostpeer_rule_withheld_total", "counter", "Segments that a rule withheld.");
    for (const auto& [place, numbers] : rules) {
        all.value({{"file", place.first}, {"line", std::to_string(place.second)}},
                  numbers.withheld);
    }
    all.family("ghostpeer_control_requests_total", "counter", "Requests of the control interface.");
    all.value({{"outcome", "answered"}}, context.requests - context.refused);
    all.value({{"outcome", "refused"}}, context.refused.load());
    all.family("ghostpeer_control_longest_turn_seconds", "gauge",
               "The longest time for which requests have kept segments waiting.");
    all.value({}, to_seconds(now.longest_turn));
    return all.take();
}

}  // namespace

http::Response get_stats(Context& context, const Call&) {
    Snapshot now;
    auto refusal =
        context.look([&](peer::Engine& engine, Instant at) { now = take(context, engine, at); });
    return refusal ? *refusal : answer(statistics(now));
}

http::Response reset_stats(Context& context, const Call&) {
    Snapshot now;
    auto refusal = context.look([&](peer::Engine& engine, Instant at) {
        now = take(context, engine, at);
        context.baseline = baseline(now);
    });
    return refusal ? *refusal : answer(statistics(now));
}

http::Response get_metrics(Context& context, const Call&) {
    Snapshot now;
    if (auto refusal = context.look(
            [&](peer::Engine& engine, Instant at) { now = take(context, engine, at); })) {
        return *refusal;
    }
    http::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics(context, now);
    return response;
}

}  // namespace ghostpeer::control
