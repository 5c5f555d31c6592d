#include "profile/document/values.hpp"
#include "profile/language/rule_parts.hpp"

#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::array<Word<ReadKey<RuleParts>>, 11> rule_words{{
    {"on", read_on},
    {"do", read_do},
    {"first", read_first},
    {"nth", read_nth},
    {"every", read_every},
    {"probability", read_probability},
    {"when", read_when},
    {"within", read_rule_within},
    {"after", read_after},
    {"always",
     [](const Entry& entry, RuleParts& rule, Context& context) {
         rule.always = read_bool(entry, context.errors).value_or(false);
     }},
    {"optional",
     [](const Entry& entry, RuleParts& rule, Context& context) {
         rule.optional = read_bool(entry, context.errors).value_or(false);
     }},
}};

Rule finish_rule(RuleParts parts, std::size_t id) {
    Rule rule;
    rule.id = id;
    rule.place =
        Place{parts.at->source->name(), parts.at->mark.line + 1, parts.at->mark.column + 1};
    rule.source = parts.at->source->block(parts.at->mark);
    rule.always = parts.always;
    rule.optional = parts.optional || parts.filters.probability.has_value();
    rule.filters = std::move(parts.filters);
    for (auto& each : parts.events) {
        rule.on.push_back(each.event);
    }
    for (auto& each : parts.actions) {
        rule.actions.push_back(std::move(each.action));
    }
    return rule;
}

}  // namespace

void read_rules(const Entry& entry, std::vector<Rule>& rules, Context& context) {
    if (!expect_type(entry, YamlNode::Type::list, "a list of rules", context.errors)) {
        return;
    }
    for (const auto& item : entry.value.items) {
        if (item.type != YamlNode::Type::map) {
            context.errors.add(item, "a rule is a map with `on` and `do`, not " +
                                         std::string(describe(item.type)));
            continue;
        }
        RuleParts parts;
        parts.at = &item;
        read_keys(item, rule_words, "key", " in a rule", parts, context);
        if (find(item, "on") == nullptr) {
            context.errors.add(item, "this rule has no `on`: the event that it waits for");
        }
        if (find(item, "do") == nullptr) {
            context.errors.add(item, "this rule has no `do`: the action that it takes");
        }
        check_rule(parts, context.errors);
        rules.push_back(finish_rule(std::move(parts), rules.size()));
    }
}

}  // namespace ghostpeer::profile
