#include "profile/language/spans.hpp"

#include "profile/document/values.hpp"
#include "profile/language/rule_parts.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::string_view count_form = "a number or a range such as `3`, `\">= 3\"` or `2..4`";
constexpr std::string_view time_span_form =
    "a time or a range such as `3s`, `\">= 3s\"` or `1s..1.5s`";
constexpr std::string_view growth_form =
    "a factor or a range such as `2`, `\">= 1.5\"` or `1.5..3`";
constexpr std::string_view within_form =
    "a time and what it counts from, as in `15s of enter established`";

/// `1.5` -> 1500000; above 0 and up to a million.
std::optional<std::uint64_t> parse_factor(std::string_view text) {
    constexpr double most = 1e6;
    constexpr double millionths = 1e6;
    double factor = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, factor, std::chars_format::fixed);
    if (error != std::errc() || stop != end || !(factor * millionths >= 1 && factor <= most)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::llround(factor * millionths));
}

std::optional<Range> read_span(const Entry& entry, ParseBound parse_bound, std::string_view form,
                               Errors& errors) {
    const auto range = entry.value.type == YamlNode::Type::scalar
                           ? parse_range(entry.value.text, parse_bound)
                           : std::nullopt;
    if (!range) {
        report_wrong_type(entry, form, errors);
        return std::nullopt;
    }
    if (range->least > range->most) {
        errors.add(entry.value, in_quotes(entry.key.text) + " can never be " +
                                    in_quotes(entry.value.text) + ": nothing is in that range");
        return std::nullopt;
    }
    return range;
}

void read_at_least(const Entry& entry, Apart& apart, Context& context) {
    if (const auto time = read_time(entry, context.errors)) {
        apart.gap.least = static_cast<std::uint64_t>(time->count());
    }
}

void read_at_most(const Entry& entry, Apart& apart, Context& context) {
    if (const auto time = read_time(entry, context.errors)) {
        apart.gap.most = static_cast<std::uint64_t>(time->count());
    }
}

void read_growth(const Entry& entry, Apart& apart, Context& context) {
    apart.growth = read_span(entry, parse_factor, growth_form, context.errors);
}

void read_up_to(const Entry& entry, Apart& apart, Context& context) {
    apart.up_to = read_time(entry, context.errors);
    if (apart.up_to == Duration::zero()) {
        context.errors.add(entry.value, "`up_to` must be longer than nothing");
    }
}

void read_jitter(const Entry& entry, Apart& apart, Context& context) {
    const auto share = entry.value.type == YamlNode::Type::scalar
                           ? parse_percentage(trim(entry.value.text))
                           : std::nullopt;
    if (!share) {
        report_wrong_type(entry, "a percentage such as `20%`", context.errors);
        return;
    }
    apart.jitter = *share;
}

constexpr std::array<Word<ReadKey<Apart>>, 5> apart_words{{
    {"at_least", read_at_least},
    {"at_most", read_at_most},
    {"growth", read_growth},
    {"up_to", read_up_to},
    {"jitter", read_jitter},
}};

void read_apart_map(const Entry& entry, Apart& apart, Context& context) {
    if (entry.value.entries.empty()) {
        context.errors.add(entry.value,
                           "`apart` says nothing; give it `at_least`, `at_most` or "
                           "`growth`");
    }
    read_keys(entry.value, apart_words, "key", " in `apart`", apart, context);
    for (const auto* key : {"up_to", "jitter"}) {
        if (const auto* beside = find(entry.value, key);
            beside != nullptr && find(entry.value, "growth") == nullptr) {
            context.errors.add(beside->key, in_quotes(key) + " says something of `growth` only");
        }
    }
    if (apart.gap.least > apart.gap.most) {
        context.errors.add(find(entry.value, "at_most")->value,
                           "`at_most` is shorter than `at_least`");
    }
}

void read_steps(const Entry& entry, Apart& apart, Errors& errors) {
    constexpr std::size_t most = 1000;
    if (entry.value.items.empty() || entry.value.items.size() > most) {
        errors.add(entry.value, "`apart` takes a list of 1 to 1000 times");
        return;
    }
    for (const auto& item : entry.value.items) {
        if (const auto step =
                read_span(Entry{entry.key, item}, parse_time_bound, time_span_form, errors)) {
            apart.steps.push_back(*step);
        }
    }
}

}  // namespace

std::optional<Range> read_count_span(const Entry& entry, Errors& errors) {
    return read_span(entry, parse_number, count_form, errors);
}

std::optional<Apart> read_apart(const Entry& entry, Context& context) {
    Apart apart;
    if (entry.value.type == YamlNode::Type::map) {
        read_apart_map(entry, apart, context);
    } else if (entry.value.type == YamlNode::Type::list) {
        read_steps(entry, apart, context.errors);
    } else {
        const auto gap = read_span(entry, parse_time_bound, time_span_form, context.errors);
        if (!gap) {
            return std::nullopt;
        }
        apart.gap = *gap;
    }
    return apart;
}

std::optional<Range> read_limit(const Entry& entry, Errors& errors) {
    auto range = read_span(entry, parse_time_bound, time_span_form, errors);
    if (range && parse_time_bound(trim(entry.value.text))) {
        range->least = 0;  // a bare time is the longest
    }
    return range;
}

std::optional<Within> read_within(const Entry& entry, Context& context) {
    Errors& errors = context.errors;
    if (entry.value.type != YamlNode::Type::scalar) {
        report_wrong_type(entry, within_form, errors);
        return std::nullopt;
    }
    constexpr std::string_view of = " of ";
    const auto text = trim(entry.value.text);
    const auto split = text.find(of);
    const auto time_text = trim(text.substr(0, split));
    auto range = parse_range(time_text, parse_time_bound);
    if (!range) {
        report_wrong_type(entry, within_form, errors);
        return std::nullopt;
    }
    if (split == std::string_view::npos) {
        errors.add(entry.value, "`within: " + std::string(time_text) +
                                    "` needs what it counts from, as in `" +
                                    std::string(time_text) + " of enter established`");
        return std::nullopt;
    }
    if (range->least > range->most) {
        errors.add(entry.value,
                   "`within` can never be " + in_quotes(time_text) + ": nothing is in that range");
        return std::nullopt;
    }
    if (parse_time_bound(time_text)) {
        range->least = 0;  // a bare time is the longest
    }
    auto event_text = trim(text.substr(split + of.size()));
    Within within;
    within.time = *range;
    constexpr std::string_view first = "first ";
    if (event_text.starts_with(first)) {
        within.of_first = true;
        event_text = trim(event_text.substr(first.size()));
    }
    auto event = read_event(event_text, entry.value, context);
    if (!event) {
        return std::nullopt;
    }
    within.of = std::move(*event);
    return within;
}

}  // namespace ghostpeer::profile
