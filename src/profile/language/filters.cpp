#include "profile/document/values.hpp"
#include "profile/language/addresses.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/language/spans.hpp"
#include "profile/script/patterns.hpp"
#include "profile/segment/conditions.hpp"
#include "profile/segment/ranges.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ghostpeer::profile {

namespace {

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

constexpr std::string_view number_form =
    "a number or a range such as `5`, `\">= 5\"` or `\"2..4\"`";
constexpr std::string_view size_form =
    "a size or a range such as `4KiB`, `\">= 1MB\"` or `\"1000..2000\"`";
constexpr std::string_view time_filter_form =
    "a time or a range such as `\">= 5s\"` or `\"1s..1.5s\"`";

constexpr Domain attempts{parse_number, number_form, 1, no_limit, "it is counted from 1"};
constexpr Domain ports{parse_number, number_form, 1, 65535, "it is from 1 to 65535"};
constexpr Domain lengths{parse_size, size_form, 0, 65535, "it is from 0 to 65535"};
constexpr Domain packets{parse_size, size_form, 40, 65575, "it is from 40 to 65575"};
constexpr Domain totals{parse_size, size_form, 0, no_limit, ""};
constexpr Domain times{parse_time_bound, time_filter_form, 0, no_limit, ""};

void read_state(const YamlNode& node, When& when, Errors& errors) {
    if (node.type != YamlNode::Type::scalar) {
        errors.add(node, "a state is a word such as `established`, not " +
                             std::string(describe(node.type)));
        return;
    }
    if (const auto state = tcp::parse_state(node.text)) {
        when.states.push_back(*state);
        return;
    }
    std::vector<std::string> known;
    for (auto i = static_cast<int>(tcp::State::closed);
         i <= static_cast<int>(tcp::State::time_wait); ++i) {
        known.emplace_back(tcp::name(static_cast<tcp::State>(i)));
    }
    errors.add(node, unknown_word("state", node.text, known));
}

void read_states(const Entry& entry, When& when, Context& context) {
    if (entry.value.type == YamlNode::Type::scalar) {
        read_state(entry.value, when, context.errors);
        return;
    }
    if (!expect_type(entry, YamlNode::Type::list,
                     "a state such as `established`, or a list of them", context.errors)) {
        return;
    }
    if (entry.value.items.empty()) {
        context.errors.add(entry.value, "`state` names no state");
    }
    for (const auto& item : entry.value.items) {
        read_state(item, when, context.errors);
    }
}

template <auto Member, const Domain& Limits>
void read_range_into(const Entry& entry, When& when, Context& context) {
    when.*Member = read_range(entry, Limits, context.errors);
}

/// A text, `/EXPRESSION/` or `{hex: …}`
void read_payload_pattern(const Entry& entry, When& when, Context& context) {
    const YamlNode& value = entry.value;
    if (const Entry* hex = find(value, "hex"); hex != nullptr && value.entries.size() == 1) {
        when.payload = read_hex_pattern(*hex, context);
    } else if (expect_type(entry, YamlNode::Type::scalar,
                           "a text, `/EXPRESSION/` or `{hex: DIGITS}`", context.errors)) {
        when.payload = read_pattern(value.text, value, context);
    }
}

/// `4` or `6`
void read_family(const Entry& entry, When& when, Context& context) {
    if (is_word(entry, "4") || is_word(entry, "6")) {
        when.over_ipv6 = is_word(entry, "6");
    } else {
        report_wrong_type(entry, "`4` or `6`, the version of IP", context.errors);
    }
}

/// `198.18.0.7`, `198.18.64.0/24` or a list of them
void read_addresses(const Entry& entry, When& when, Context& context) {
    when.addresses = read_address_blocks(entry, context.errors);
}

constexpr std::array<Word<ReadKey<When>>, 13> own_words{{
    {"state", read_states},
    {"attempt", read_range_into<&When::attempt, attempts>},
    {"port", read_range_into<&When::port, ports>},
    {"family", read_family},
    {"address", read_addresses},
    {"length", read_range_into<&When::length, lengths>},
    {"packet_length", read_range_into<&When::packet_length, packets>},
    {"received", read_range_into<&When::received, totals>},
    {"sent", read_range_into<&When::sent, totals>},
    {"elapsed", read_range_into<&When::elapsed, times>},
    {"retransmitted",
     [](const Entry& entry, When& when, Context& context) {
         when.retransmitted = read_bool(entry, context.errors);
     }},
    {"payload", read_payload_pattern},
    {"flags", [](const Entry& entry, When& when,
                 Context& context) { when.flags = read_flags(entry, context.errors); }},
}};

/// These and those on headers.
constexpr auto when_words = [] {
    std::array<Word<ReadKey<When>>, own_words.size() + segment_condition_words.size()> words{};
    std::copy(own_words.begin(), own_words.end(), words.begin());
    for (std::size_t i = 0; i < segment_condition_words.size(); ++i) {
        words[own_words.size() + i] = {segment_condition_words[i], read_segment_condition};
    }
    return words;
}();

void report_impossible(const Entry& entry, std::string_view reason, Errors& errors) {
    errors.add(entry.value, in_quotes(entry.key.text + ": " + entry.value.text) +
                                " never matches: " + std::string(reason));
}

}  // namespace

void read_first(const Entry& entry, RuleParts& rule, Context& context) {
    if (is_word(entry, "0")) {
        report_impossible(entry, "matches are counted from 1", context.errors);
    } else if (const auto count = read_number(entry, 1, no_limit, context.errors)) {
        rule.filters.nth = Range{1, *count};
    }
}

void read_nth(const Entry& entry, RuleParts& rule, Context& context) {
    constexpr std::string_view form = "a match's number or a range such as `2`, `2..4` or `2..`";
    const auto text = trim(entry.value.text);
    const bool is_nth = entry.value.type == YamlNode::Type::scalar && !text.empty() &&
                        text[0] >= '0' && text[0] <= '9';
    const auto range = is_nth ? parse_range(text, parse_number) : std::nullopt;
    if (!range) {
        report_wrong_type(entry, form, context.errors);
    } else if (range->least > range->most) {
        report_impossible(entry, "the range ends before it begins", context.errors);
    } else if (range->least == 0) {
        report_impossible(entry, "matches are counted from 1", context.errors);
    } else {
        rule.filters.nth = *range;
    }
}

void read_every(const Entry& entry, RuleParts& rule, Context& context) {
    if (is_word(entry, "0")) {
        report_impossible(entry, "write 1 for each match, 2 for each second one", context.errors);
    } else if (const auto step = read_number(entry, 1, no_limit, context.errors)) {
        rule.filters.every = *step;
    }
}

void read_probability(const Entry& entry, RuleParts& rule, Context& context) {
    const auto share = entry.value.type == YamlNode::Type::scalar
                           ? parse_percentage(trim(entry.value.text))
                           : std::nullopt;
    if (!share) {
        report_wrong_type(entry, "a percentage such as `30%`, up to 100%", context.errors);
    } else if (*share <= 0) {
        report_impossible(entry, "it has to be above 0%", context.errors);
    } else {
        rule.filters.probability = *share;
    }
}

void read_when(const Entry& entry, RuleParts& rule, Context& context) {
    if (expect_type(entry, YamlNode::Type::map, "a map of conditions such as `{length: 0}`",
                    context.errors)) {
        When& when = rule.filters.when;
        read_keys(entry.value, when_words, "filter", " in `when`", when, context);
        if (when.segment) {
            check_segment_conditions(entry, *when.segment, context.errors);
        }
    }
}

void read_rule_within(const Entry& entry, RuleParts& rule, Context& context) {
    rule.filters.within = read_within(entry, context);
    if (!rule.filters.within) {
        return;
    }
    const Event& of = rule.filters.within->of;
    if (std::holds_alternative<OnRequest>(of) || std::holds_alternative<OnResponse>(of)) {
        context.request = &entry.value;
    }
}

void read_after(const Entry& entry, RuleParts& rule, Context& context) {
    if (const auto time = read_time(entry, context.errors)) {
        rule.filters.after = *time;
    }
}

}  // namespace ghostpeer::profile
