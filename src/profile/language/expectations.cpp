#include "profile/language/expectations.hpp"

#include "profile/document/values.hpp"
#include "profile/language/command_end.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/language/spans.hpp"
#include "profile/segment/conditions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t max_expectations = 1000;
constexpr std::size_t longest_text = 200;

/// An expectation while it is being read.
struct ExpectationParts {
    Expectation made;
    RuleParts rule;  ///< its events and conditions, as those of a rule
};

using Parts = ExpectationParts;

// Forms ----------------------------------------------------------------------------------------

template <Form Which>
void read_observed(const Entry& entry, Parts& parts, Context& context) {
    parts.made.form = Which;
    read_events(entry, parts.rule.events, context);
    for (const EventAt& each : parts.rule.events) {
        check_is_seen(each.event, *each.at, context.errors);
    }
}

void read_attempts_form(const Entry& entry, Parts& parts, Context& context) {
    parts.made.form = Form::attempts;
    parts.made.times = read_count_span(entry, context.errors);
}

void read_outcome(const YamlNode& node, Parts& parts, Errors& errors) {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (node.type == YamlNode::Type::scalar && node.text == name(outcome)) {
            parts.made.outcomes.push_back(outcome);
            return;
        }
        known.emplace_back(name(outcome));
    }
    if (node.type == YamlNode::Type::scalar) {
        errors.add(node, unknown_word("outcome", node.text, known));
    } else {
        errors.add(node,
                   "an outcome is a word such as `reset`, not " + std::string(describe(node.type)));
    }
}

void read_outcomes(const Entry& entry, Parts& parts, Context& context) {
    parts.made.form = Form::outcome;
    if (entry.value.type == YamlNode::Type::scalar) {
        read_outcome(entry.value, parts, context.errors);
        return;
    }
    if (!expect_type(entry, YamlNode::Type::list, "an outcome such as `reset`, or a list of them",
                     context.errors)) {
        return;
    }
    if (entry.value.items.empty()) {
        context.errors.add(entry.value, "`outcome` names no outcome");
    }
    for (const auto& item : entry.value.items) {
        read_outcome(item, parts, context.errors);
    }
}

void read_command(const Entry& entry, Parts& parts, Context& context) {
    parts.made.form = Form::command;
    read_command_end(entry, parts.made.command, context);
}

constexpr std::array<Word<ReadKey<Parts>>, 10> expectation_words{{
    {"see", read_observed<Form::see>},
    {"never", read_observed<Form::never>},
    {"attempts", read_attempts_form},
    {"outcome", read_outcomes},
    {"command", read_command},
    {"times", [](const Entry& entry, Parts& parts,
                 Context& context) { parts.made.times = read_count_span(entry, context.errors); }},
    {"apart", [](const Entry& entry, Parts& parts,
                 Context& context) { parts.made.apart = read_apart(entry, context); }},
    {"within",
     [](const Entry& entry, Parts& parts, Context& context) {
         parts.made.within = read_within(entry, context);
         if (parts.made.within) {
             check_is_seen(parts.made.within->of, entry.value, context.errors);
         }
     }},
    {"when",
     [](const Entry& entry, Parts& parts, Context& context) {
         read_when(entry, parts.rule, context);
         if (const auto& segment = parts.rule.filters.when.segment) {
             check_recorded_numbers(entry, *segment, context.errors);
         }
     }},
    {"tolerance", [](const Entry& entry, Parts& parts,
                     Context& context) { read_tolerance(entry, parts.made.tolerance, context); }},
}};

// Checks ---------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 5> form_words{"see", "never", "attempts", "outcome",
                                                     "command"};

/// The expectation's form; reported where it has none, or two.
const Entry* find_form(const YamlNode& item, Errors& errors) {
    const Entry* form = nullptr;
    for (const auto& entry : item.entries) {
        if (std::find(form_words.begin(), form_words.end(), entry.key.text) == form_words.end()) {
            continue;
        }
        if (form != nullptr) {
            errors.add(entry.key,
                       "an expectation has one of `see`, `never`, `attempts`, `outcome` and "
                       "`command`, not both " +
                           in_quotes(form->key.text) + " and " + in_quotes(entry.key.text));
            return nullptr;
        }
        form = &entry;
    }
    if (form == nullptr) {
        errors.add(item,
                   "this expectation has none of `see`, `never`, `attempts`, `outcome` and "
                   "`command`");
    }
    return form;
}

void refuse(const YamlNode& item, std::string_view key, std::string_view form,
            std::string_view reason, Errors& errors) {
    if (const auto* entry = find(item, key)) {
        errors.add(entry->key,
                   in_quotes(form) + " cannot have " + in_quotes(key) + std::string(reason));
    }
}

/// Conditions that speak of more than the form looks at.
void check_conditions(const YamlNode& item, std::string_view form,
                      std::initializer_list<std::string_view> known, Errors& errors) {
    const auto* when = find(item, "when");
    if (when == nullptr) {
        return;
    }
    std::vector<std::string> words;
    for (const auto& word : known) {
        words.emplace_back(word);
    }
    for (const auto& entry : when->value.entries) {
        if (std::find(known.begin(), known.end(), entry.key.text) == known.end()) {
            errors.add(entry.key, in_quotes(form) + " takes only " + enumerate(words) +
                                      " in `when`, not " + in_quotes(entry.key.text));
        }
    }
}

/// Only what ended has a time at which it did.
void check_timed_outcomes(const YamlNode& item, const Expectation& made, Errors& errors) {
    const auto* within = find(item, "within");
    if (within == nullptr) {
        return;
    }
    for (const auto timeless : {Outcome::open, Outcome::unknown}) {
        if (std::find(made.outcomes.begin(), made.outcomes.end(), timeless) !=
            made.outcomes.end()) {
            errors.add(within->key, "`within` cannot stand beside the outcome " +
                                        in_quotes(name(timeless)) + ", which has no time");
        }
    }
}

void check_form(const YamlNode& item, const Parts& parts, Errors& errors) {
    switch (parts.made.form) {
        case Form::see: check_events(parts.rule, errors); break;
        case Form::never:
            check_events(parts.rule, errors);
            refuse(item, "times", "never", "", errors);
            refuse(item, "apart", "never", "", errors);
            break;
        case Form::attempts:
            refuse(item, "times", "attempts", "; it is a number itself", errors);
            refuse(item, "within", "attempts", "; `apart` tells the time between attempts", errors);
            check_conditions(item, "attempts", {"port", "family", "address"}, errors);
            break;
        case Form::outcome:
            refuse(item, "apart", "outcome", "", errors);
            check_timed_outcomes(item, parts.made, errors);
            check_conditions(item, "outcome", {"attempt", "port", "family", "address"}, errors);
            break;
        case Form::command:
            for (const auto* key : {"times", "apart", "when", "tolerance"}) {
                refuse(item, key, "command", "", errors);
            }
            refuse(item, "within", "command", " beside it; write it in its map", errors);
            break;
    }
}

/// Times between neighbours need neighbours.
void check_apart(const YamlNode& item, Parts& parts, Errors& errors) {
    auto& made = parts.made;
    if (!made.apart) {
        return;
    }
    const std::uint64_t needed = made.apart->growth ? 3 : 2;
    if (!made.times && made.form == Form::see) {
        made.times = Range{needed, UINT64_MAX};
    } else if (made.times && made.times->most < needed) {
        errors.add(find(item, "apart")->key,
                   std::string(made.apart->growth ? "`growth` needs three of them at least"
                                                  : "`apart` needs two of them at least") +
                       ", and there may be no more than " + std::to_string(made.times->most));
    }
}

void check_tolerance(const YamlNode& item, Errors& errors) {
    const auto* tolerance = find(item, "tolerance");
    if (tolerance != nullptr && find(item, "apart") == nullptr && find(item, "within") == nullptr) {
        errors.add(tolerance->key, "`tolerance` needs a time: `apart` or `within`");
    }
}

// The whole ------------------------------------------------------------------------------------

/// A value in one line, as JSON-like YAML.
std::string in_one_line(const YamlNode& node) {
    std::string text;
    switch (node.type) {
        case YamlNode::Type::null: break;
        case YamlNode::Type::scalar: return node.text;
        case YamlNode::Type::list:
            for (const auto& item : node.items) {
                text += (text.empty() ? "" : ", ") + in_one_line(item);
            }
            return "[" + text + "]";
        case YamlNode::Type::map:
            for (const auto& entry : node.entries) {
                text +=
                    (text.empty() ? "" : ", ") + entry.key.text + ": " + in_one_line(entry.value);
            }
            return "{" + text + "}";
    }
    return text;
}

std::string text_of(const YamlNode& item) {
    auto text = in_one_line(item);
    text = text.substr(1, text.size() - 2);
    if (text.size() > longest_text) {
        auto end = longest_text;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
            --end;
        }
        text = text.substr(0, end) + "…";
    }
    return text;
}

}  // namespace

void read_tolerance(const Entry& entry, Tolerance& tolerance, Context& context) {
    constexpr std::string_view form = "a time or a percentage such as `50ms` or `10%`";
    if (entry.value.type == YamlNode::Type::scalar) {
        const auto text = trim(entry.value.text);
        tolerance = {parse_time(text), parse_percentage(text)};
        if (tolerance.time || tolerance.share) {
            return;
        }
    }
    report_wrong_type(entry, form, context.errors);
}

void read_expect(const Entry& entry, std::vector<Expectation>& expectations, Context& context) {
    expectations.clear();
    if (!expect_type(entry, YamlNode::Type::list, "a list of expectations", context.errors)) {
        return;
    }
    if (entry.value.items.size() > max_expectations) {
        context.errors.add(entry.key, "`expect` has more than 1000 entries");
        return;
    }
    for (const auto& item : entry.value.items) {
        if (item.type != YamlNode::Type::map) {
            context.errors.add(
                item,
                "an expectation is a map with `see`, `never`, `attempts`, `outcome` or `command`, "
                "not " +
                    std::string(describe(item.type)));
            continue;
        }
        Parts parts;
        parts.rule.at = &item;
        read_keys(item, expectation_words, "key", " in an expectation", parts, context);
        if (find_form(item, context.errors) == nullptr) {
            continue;
        }
        check_form(item, parts, context.errors);
        check_apart(item, parts, context.errors);
        check_tolerance(item, context.errors);
        auto& made = parts.made;
        made.place = Place{item.source->name(), item.mark.line + 1, item.mark.column + 1};
        made.source_line = std::string(item.source->line(item.mark.line));
        made.text = text_of(item);
        made.when = std::move(parts.rule.filters.when);
        for (auto& each : parts.rule.events) {
            made.events.push_back(std::move(each.event));
        }
        expectations.push_back(std::move(made));
    }
}

void finish_expectations(const Tolerance& tolerance, std::vector<Expectation>& expectations) {
    for (auto& expectation : expectations) {
        if (!expectation.tolerance.time && !expectation.tolerance.share) {
            expectation.tolerance = tolerance;
        }
    }
}

}  // namespace ghostpeer::profile
