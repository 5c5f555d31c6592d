// A rule while it is being read: its values and where each of them stands.
#pragma once

#include "ghostpeer/profile/profile.hpp"
#include "profile/document/words.hpp"
#include "profile/document/yaml_node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

struct EventAt {
    Event event;
    const YamlNode* at = nullptr;
};

struct ActionAt {
    Action action;
    const YamlNode* at = nullptr;
};

struct RuleParts {
    const YamlNode* at = nullptr;  ///< the rule's map
    std::vector<EventAt> events;
    Filters filters;
    std::vector<ActionAt> actions;
    bool always = false;
    bool optional = false;
};

/// An event's text, `at` the node that it stands in; where it is none, that is reported.
[[nodiscard]] std::optional<Event> read_event(std::string_view text, const YamlNode& at,
                                              Context& context);
/// `on:`, `see:` or `never:`, one event or a list.
void read_events(const Entry& entry, std::vector<EventAt>& events, Context& context);

/// As messages show it.
[[nodiscard]] std::string quoted_event(const Event& event);
/// What only rules wait for is reported, where an expectation names it.
void check_is_seen(const Event& event, const YamlNode& at, Errors& errors);
/// Where a rule waits for a request, the service has to tell requests apart.
void check_requests(const Service& service, Context& context);

/// `on:`, one or a list.
void read_on(const Entry& entry, RuleParts& rule, Context& context);
/// `do:`, one or a list.
void read_do(const Entry& entry, RuleParts& rule, Context& context);

void read_first(const Entry& entry, RuleParts& rule, Context& context);
void read_nth(const Entry& entry, RuleParts& rule, Context& context);
void read_every(const Entry& entry, RuleParts& rule, Context& context);
void read_probability(const Entry& entry, RuleParts& rule, Context& context);
void read_when(const Entry& entry, RuleParts& rule, Context& context);
/// `within:` of a rule.
void read_rule_within(const Entry& entry, RuleParts& rule, Context& context);
void read_after(const Entry& entry, RuleParts& rule, Context& context);

/// What `check_rule` says of events and conditions, which expectations have too.
void check_events(const RuleParts& rule, Errors& errors);
/// Events, filters and actions that each are right and together cannot be.
void check_rule(const RuleParts& rule, Errors& errors);
/// The part of it about forged packets, and about numbers that need a segment.
void check_forgeries(const RuleParts& rule, Errors& errors);

/// `rules:`; each rule's id is its position among all that were read so far.
void read_rules(const Entry& entry, std::vector<Rule>& rules, Context& context);

/// Does the event come with a segment?
[[nodiscard]] bool is_segment_event(const Event& event) noexcept;

}  // namespace ghostpeer::profile
