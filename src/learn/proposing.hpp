// What proposals are made with: the place where rehearsal and capture part, and drafts that differ
// from the one before by a rule or two.
#pragma once

#include "learn/proposals.hpp"
#include "learn/spoken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::learn {

class Proposing {
  public:
    Proposing(const Position& position, const Draft& draft) : position_(position), draft_(draft) {}

  protected:
    [[nodiscard]] const Position& position() const noexcept { return position_; }
    [[nodiscard]] const Draft& draft() const noexcept { return draft_; }
    [[nodiscard]] std::vector<Draft>& drafts() noexcept { return drafts_; }
    static constexpr Duration at_the_same_time = std::chrono::milliseconds(3);

    [[nodiscard]] const Scene& scene() const noexcept { return position_.scene; }
    [[nodiscard]] bool at_end() const noexcept {
        return position_.parting.captured >= position_.captured.size();
    }
    [[nodiscard]] const Line& captured() const {
        return position_.captured[position_.parting.captured];
    }
    [[nodiscard]] bool has_rehearsed() const {
        return position_.parting.rehearsed < position_.rehearsed.lines.size();
    }
    [[nodiscard]] const Line& rehearsed() const {
        return position_.rehearsed.lines[position_.parting.rehearsed];
    }
    [[nodiscard]] std::string reason() const {
        return fmt::format("send {}", tcp::name(rehearsed().reason.value_or(tcp::Reason::ack)));
    }
    [[nodiscard]] Entry number_of_reason() const {
        std::size_t nth = 0;
        for (std::size_t i = 0; i <= position_.parting.rehearsed; ++i) {
            nth += position_.rehearsed.lines[i].reason == rehearsed().reason ? 1 : 0;
        }
        return {nth == 1 ? "first" : "nth", std::to_string(nth)};
    }

    void add(std::initializer_list<Rule> rules) {
        Draft draft = draft_;
        draft.rules.insert(draft.rules.end(), rules.begin(), rules.end());
        drafts_.push_back(std::move(draft));
    }
    void add(const Moment& moment, std::vector<std::string> actions, std::string words,
             Duration after = {}) {
        Rule rule{moment.on, moment.filters, std::move(actions), std::move(words)};
        if (after > at_the_same_time) {
            rule.filters.emplace_back("after", rounded(after));
        }
        add({rule});
    }
    void add_tcp(const std::string& key, const std::string& value) {
        Draft draft = draft_;
        std::erase_if(draft.tcp, [&](const Entry& entry) { return entry.first == key; });
        draft.tcp.emplace_back(key, value);
        drafts_.push_back(std::move(draft));
    }

    /// Where it shows: the packet, and what is there in words.
    [[nodiscard]] std::string here(std::string_view words) const {
        if (!at_end()) {
            return fmt::format("{}: {}", place_of(scene(), captured().packet, captured().at),
                               words);
        }
        return at_act(position_.rehearsed.lines[position_.parting.rehearsed].cause, words);
    }
    [[nodiscard]] std::string at_act(std::size_t act, std::string_view words) const {
        if (act >= scene().acts.size()) {
            return std::string(words);
        }
        const capture::Segment& one = scene().acts[act];
        return fmt::format("{}: {}", place_of(scene(), one.packet, one.at), words);
    }

    static std::string icmp(const Line& line) {
        if (*line.icmp == wire::IcmpKind::fragmentation_needed) {
            return fmt::format("{{icmp: {{frag-needed: {}}}}}",
                               std::max<std::uint32_t>(line.mtu, 68));
        }
        return fmt::format("{{icmp: {}}}", wire::name(*line.icmp));
    }

  private:
    const Position& position_;
    const Draft& draft_;
    std::vector<Draft> drafts_;
};

/// The peer says more than an honest one: the drafts that could explain it.
[[nodiscard]] std::vector<Draft> propose_additions(const Position& position, const Draft& draft);

}  // namespace ghostpeer::learn
