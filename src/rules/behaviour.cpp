#include "rules/behaviour.hpp"

#include "ghostpeer/profile/sends_icmp.hpp"

#include <algorithm>
#include <string>

namespace ghostpeer::rules {
namespace {

template <typename List>
void add_once(List& list, const profile::Rule& rule) {
    if (list.empty() || list.back() != &rule) {
        list.push_back(&rule);
    }
}

struct Indexer {
    RuleIndex& index;
    const profile::Rule& rule;

    void operator()(const profile::OnReceive& on) const {
        add_kinds(index.on_receive, on.kind);
        if (!on.kind || *on.kind == tcp::Kind::data || *on.kind == tcp::Kind::fin) {
            add_once(index.on_receive_last_data, rule);
        }
    }
    void operator()(const profile::OnSend& on) const { add_kinds(index.on_send, on.reason); }
    void operator()(const profile::OnEnter& on) const {
        add_once(index.on_enter[static_cast<std::size_t>(on.state)], rule);
    }
    void operator()(const profile::OnStart&) const { add_once(index.on_start, rule); }
    void operator()(const profile::OnReceived&) const { add_once(index.on_received, rule); }
    void operator()(const profile::OnSent&) const { add_once(index.on_sent, rule); }
    void operator()(const profile::OnIdle&) const { add_once(index.on_idle, rule); }
    void operator()(const profile::OnCommand&) const { add_once(index.on_command, rule); }
    void operator()(const profile::OnReceivedPattern&) const { add_once(index.on_pattern, rule); }
    void operator()(const profile::OnRepeatedRequest&) const {}  // no rule waits for it
    void operator()(const profile::OnRequest&) const { add_once(index.on_request, rule); }
    void operator()(const profile::OnResponse&) const { add_once(index.on_response, rule); }

  private:
    template <typename Lists, typename Word>
    void add_kinds(Lists& lists, const std::optional<Word>& word) const {
        if (word) {
            add_once(lists[static_cast<std::size_t>(*word)], rule);
            return;
        }
        for (auto& list : lists) {
            add_once(list, rule);
        }
    }
};

template <typename Wanted, typename Field>
auto threshold(const profile::Rule& rule, Field Wanted::*field) -> std::optional<Field> {
    for (const auto& event : rule.on) {
        if (const auto* wanted = std::get_if<Wanted>(&event)) {
            return wanted->*field;
        }
    }
    return std::nullopt;
}

/// Does the event wait for acknowledgements that carry nothing else?
[[nodiscard]] bool names_acks(const profile::Event& event) {
    const auto* on = std::get_if<profile::OnSend>(&event);
    return on != nullptr &&
           (on->reason == tcp::Reason::ack || on->reason == tcp::Reason::ack_of_fin);
}

[[nodiscard]] bool names_acks(const std::vector<profile::Event>& events) {
    return std::any_of(events.begin(), events.end(),
                       [](const profile::Event& event) { return names_acks(event); });
}

[[nodiscard]] bool names_acks(const profile::Profile& profile) {
    return std::any_of(profile.rules.begin(), profile.rules.end(),
                       [](const profile::Rule& rule) {
                           return names_acks(rule.on) ||
                                  (rule.filters.within && names_acks(rule.filters.within->of));
                       }) ||
           std::any_of(profile.expect.begin(), profile.expect.end(),
                       [](const profile::Expectation& one) { return names_acks(one.events); });
}

[[nodiscard]] bool may_be_ack(const profile::Event& event) {
    const auto* on = std::get_if<profile::OnSend>(&event);
    return on != nullptr && on->reason.value_or(tcp::Reason::ack) == tcp::Reason::ack;
}

[[nodiscard]] bool looks_at_acks(const profile::Expectation& one) {
    return (one.within && may_be_ack(one.within->of)) ||
           std::any_of(one.events.begin(), one.events.end(), may_be_ack);
}

[[nodiscard]] bool ends_with_others(const profile::Rule& rule) {
    return std::any_of(rule.actions.begin(), rule.actions.end(), [](const auto& action) {
        const auto* finish = std::get_if<profile::Finish>(&action);
        return finish != nullptr && finish->all;
    });
}

}  // namespace

Behaviour::Behaviour(std::shared_ptr<const profile::Profile> source, std::size_t max_buffered,
                     const tcp::MemoryBudget& memory)
    : profile(std::move(source)),
      tcp(profile->tcp),
      phases(profile->phases.size()),
      records(profile->rules.size()) {
    tcp.send_buffer =
        static_cast<std::uint32_t>(std::min<std::size_t>(tcp.send_buffer, max_buffered));
    tcp.most_unread =
        static_cast<std::uint32_t>(std::min<std::size_t>(tcp.most_unread, max_buffered));
    tcp.memory = &memory;
    const auto* respond = std::get_if<profile::Respond>(&profile->service);
    if (respond != nullptr && respond->when && !respond->when->empty()) {
        needle.emplace(*respond->when);
        if (respond->close_when && !respond->close_when->empty()) {
            farewell.emplace(*respond->close_when);
        }
    }
    // No more is promised than is kept.
    const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(UINT32_MAX, max_buffered));
    constexpr std::uint32_t most_by_itself = UINT16_MAX;
    if (tcp.window.value_or(most_by_itself) > most) {
        window_asked_for = tcp.window;
        tcp.window = most;
    }
    // Acknowledgements that a rule or an expectation waits for do not ride on something else,
    // unless the profile says how long they wait.
    if (tcp.delayed_ack != tcp.delayed_ack_max && names_acks(*profile)) {
        tcp.delayed_ack.reset();
    }
    tcp.window_max =
        static_cast<std::uint32_t>(std::min<std::size_t>(tcp.window_max, max_buffered));
    finishes_together = std::any_of(profile->rules.begin(), profile->rules.end(), ends_with_others);
    quotes_arrivals = profile::sends_icmp(*profile);
    make_marks();
    for (std::size_t phase = 0; phase < phases.size(); ++phase) {
        for (const auto& rule : profile->rules) {
            if (rule.phase != phase && !rule.always) {
                continue;
            }
            for (const auto& event : rule.on) {
                std::visit(Indexer{phases[phase], rule}, event);
            }
        }
        for (const auto& mark : marks) {
            if (std::holds_alternative<profile::OnSend>(mark.on.front())) {
                phases[phase].marks_on_send.push_back(&mark);
            } else {
                std::visit(Indexer{phases[phase], mark}, mark.on.front());
            }
        }
    }
}

void Behaviour::make_marks() {
    const auto make = [this](const profile::Event& event, bool first) {
        first_counts.push_back(first);
        profile::Rule& mark = marks.emplace_back();
        mark.id = ids() - 1;
        mark.on.push_back(event);
        return static_cast<std::uint32_t>(marks.size() - 1);
    };
    marks_of.resize(profile->rules.size());
    for (const auto& rule : profile->rules) {
        if (rule.filters.within) {
            marks_of[rule.id].within = make(rule.filters.within->of, rule.filters.within->of_first);
        }
        for (const auto& action : rule.actions) {
            if (const auto* hold = std::get_if<profile::HoldUntil>(&action)) {
                marks_of[rule.id].hold = make(*hold->until, false);
            }
        }
    }
}

void Behaviour::look_at(const std::vector<profile::Expectation>& expect) {
    counts_acks = counts_acks || std::any_of(expect.begin(), expect.end(), looks_at_acks);
    asks_repeats =
        asks_repeats || std::any_of(expect.begin(), expect.end(), [](const auto& one) {
            return std::any_of(one.events.begin(), one.events.end(), [](const auto& event) {
                return std::holds_alternative<profile::OnRepeatedRequest>(event);
            });
        });
    asks_ends = asks_ends || std::any_of(expect.begin(), expect.end(), [](const auto& one) {
                    return one.form == profile::Form::outcome;
                });
}

event::RuleStatistics summarize(const RuleRecord& record) {
    event::RuleStatistics statistics = record.statistics;
    if (statistics.fired == 0) {
        statistics.closest = describe(record.near_miss);
    }
    return statistics;
}

std::optional<std::uint64_t> received_threshold(const profile::Rule& rule) noexcept {
    return threshold(rule, &profile::OnReceived::bytes);
}

std::optional<std::uint64_t> sent_threshold(const profile::Rule& rule) noexcept {
    return threshold(rule, &profile::OnSent::bytes);
}

std::optional<Duration> idle_threshold(const profile::Rule& rule) noexcept {
    return threshold(rule, &profile::OnIdle::length);
}

std::optional<std::uint64_t> request_threshold(const profile::Rule& rule) noexcept {
    return threshold(rule, &profile::OnRequest::number);
}

std::optional<std::uint64_t> response_threshold(const profile::Rule& rule) noexcept {
    return threshold(rule, &profile::OnResponse::number);
}

bool waits_for_command(const profile::Rule& rule, std::string_view name) noexcept {
    return std::any_of(rule.on.begin(), rule.on.end(), [&](const profile::Event& event) {
        const auto* command = std::get_if<profile::OnCommand>(&event);
        return command != nullptr && command->name == name;
    });
}

}  // namespace ghostpeer::rules
