#include "profile/document/values.hpp"
#include "profile/language/draft.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace ghostpeer::profile {

void collect_phases(const YamlNode& map, std::vector<std::string>& names) {
    const auto* entry = find(map, "phases");
    if (entry == nullptr) {
        return;
    }
    for (const auto& phase : entry->value.entries) {
        if (std::find(names.begin(), names.end(), phase.key.text) == names.end()) {
            names.push_back(phase.key.text);
        }
    }
}

void read_phases(const Entry& entry, Draft& draft, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map of lists of rules", context.errors)) {
        return;
    }
    constexpr std::size_t most = 1000;
    if (entry.value.entries.size() > most) {
        context.errors.add(entry.key, "`phases` has more than 1000 entries");
        return;
    }
    for (const auto& phase : entry.value.entries) {
        if (!is_name(phase.key.text)) {
            context.errors.add(phase.key, in_quotes(phase.key.text) +
                                              " is no name of a phase; use letters, digits, `-` "
                                              "and `_`");
            continue;
        }
        PhaseParts parts{&phase.key, {}};
        read_rules(phase, parts.rules, context);
        const auto same = std::find_if(
            draft.phases.begin(), draft.phases.end(),
            [&](const PhaseParts& known) { return known.key->text == phase.key.text; });
        if (same != draft.phases.end()) {
            *same = std::move(parts);
        } else {
            draft.phases.push_back(std::move(parts));
        }
    }
}

void finish_rules(std::vector<Rule> top, std::vector<PhaseParts> phases, Profile& profile,
                  Errors& errors) {
    profile.phases = {""};
    profile.rules = std::move(top);
    for (auto& phase : phases) {
        for (auto& rule : phase.rules) {
            rule.phase = profile.phases.size();
        }
        profile.phases.push_back(phase.key->text);
        profile.rules.insert(profile.rules.end(), std::make_move_iterator(phase.rules.begin()),
                             std::make_move_iterator(phase.rules.end()));
    }
    std::set<std::string> reached;
    for (std::size_t i = 0; i < profile.rules.size(); ++i) {
        auto& rule = profile.rules[i];
        rule.id = i;
        for (auto& action : rule.actions) {
            if (auto* become = std::get_if<Become>(&action)) {
                reached.insert(become->phase);
                const auto found =
                    std::find(profile.phases.begin(), profile.phases.end(), become->phase);
                become->index = static_cast<std::size_t>(found - profile.phases.begin());
            }
        }
    }
    for (const auto& phase : phases) {
        if (!reached.contains(phase.key->text)) {
            errors.add(*phase.key,
                       "no rule has `become: " + phase.key->text + "`, so this phase never begins");
        }
    }
}

}  // namespace ghostpeer::profile
