#include "judge/profiles.hpp"

#include "ghostpeer/profile/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ghostpeer::judge {
namespace {

// More than a live run tells.
constexpr std::size_t max_loaded = 10'000;

[[nodiscard]] std::string events_of(const profile::Rule& rule) {
    std::string text;
    for (const profile::Event& event : rule.on) {
        text += profile::to_string(event) + ", ";
    }
    return text;
}

/// What was counted of rules is theirs alone; where another one stands in its place nothing is
/// known of it.
[[nodiscard]] std::optional<int> first_other_rule(const profile::Profile& recorded,
                                                  const profile::Profile& other) {
    const std::size_t both = std::min(recorded.rules.size(), other.rules.size());
    for (std::size_t i = 0; i < both; ++i) {
        const profile::Rule& rule = other.rules[i];
        if (rule.source != recorded.rules[i].source ||
            events_of(rule) != events_of(recorded.rules[i])) {
            return rule.place.line;
        }
    }
    if (other.rules.size() > both) {
        return other.rules[both].place.line;
    }
    return recorded.rules.size() > both ? std::optional(0) : std::nullopt;
}

/// A sentence; empty: it may stand in the place of the other.
[[nodiscard]] std::string refusal(const profile::Profile& recorded, const profile::Profile& other,
                                  const std::string& name) {
    auto line = first_other_rule(recorded, other);
    if (recorded.attempts.size() != other.attempts.size() || recorded.role != other.role) {
        line = line.value_or(0);
    }
    for (std::size_t i = 0; !line && i < recorded.attempts.size(); ++i) {
        line = first_other_rule(*recorded.attempts[i].profile, *other.attempts[i].profile);
    }
    if (!line) {
        return {};
    }
    return fmt::format(
        "ghostpeer: {}{}: what the peer does is another thing here than in the run. A record can "
        "be judged by other expectations only; for other rules, run it again.\n",
        name, *line > 0 ? fmt::format(":{}", *line) : "");
}

}  // namespace

Profiles::Loaded Profiles::load_part(const event::Profile& told) const {
    const auto whole = loaded_.find(told.part->of);
    if (whole == loaded_.end() || told.part->index >= whole->second->attempts.size()) {
        return tl::make_unexpected(fmt::format(
            "ghostpeer: the record tells of the profile {} as a part of one that has none.\n",
            told.name));
    }
    return whole->second->attempts[told.part->index].profile;
}

Profiles::Loaded Profiles::load_one(const event::Profile& told, bool alone) {
    if (told.part) {
        return load_part(told);
    }
    if (told.files.empty()) {
        auto plain = std::make_shared<profile::Profile>();
        plain->name = told.name;
        return plain;
    }
    const profile::Parameters parameters(told.parameters.begin(), told.parameters.end());
    const auto recorded = profile::load_again(told.files, parameters);
    if (!recorded.profile) {
        return tl::make_unexpected(
            fmt::format("ghostpeer: a profile of the record cannot be read by this version:\n{}",
                        profile::to_string(recorded.errors)));
    }
    auto named = std::find(instead_.begin(), instead_.end(), told.name);
    if (named == instead_.end() && alone && instead_.size() == 1) {
        named = instead_.begin();
    }
    if (named == instead_.end()) {
        return recorded.profile;
    }
    const std::string name = *named;
    instead_.erase(named);
    const auto other = profile::load(name, parameters);
    if (!other.profile) {
        return tl::make_unexpected(profile::to_string(other.errors));
    }
    if (auto problem = refusal(*recorded.profile, *other.profile, name); !problem.empty()) {
        return tl::make_unexpected(std::move(problem));
    }
    return other.profile;
}

tl::expected<std::vector<event::Profile>, std::string> Profiles::load(
    std::vector<event::Profile> told) {
    const auto written =
        std::count_if(told.begin(), told.end(), [](const auto& one) { return !one.files.empty(); });
    for (event::Profile& one : told) {
        auto loaded = load_one(one, written == 1);
        if (!loaded) {
            return tl::make_unexpected(std::move(loaded.error()));
        }
        one.profile = std::move(*loaded);
        if (loaded_.size() < max_loaded) {
            loaded_.insert_or_assign(one.number, one.profile);
        }
    }
    return told;
}

}  // namespace ghostpeer::judge
