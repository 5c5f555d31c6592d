#include "profile/segment/conditions.hpp"

#include "profile/document/values.hpp"
#include "profile/segment/ranges.hpp"
#include "profile/segment/sequence_sum.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

namespace {

using Condition = SegmentCondition;

constexpr std::string_view number_form =
    "a sequence number or a range such as `1`, `\">= 1000\"` or `\"rcv.nxt..rcv.nxt+100\"`";
constexpr std::string_view octet_form = "a number or a range such as `64`, `\"> 32\"` or `1..5`";

constexpr Domain octets{parse_number, octet_form, 0, UINT8_MAX, "it is from 0 to 255"};
constexpr Domain words{parse_number, octet_form, 0, UINT16_MAX, "it is from 0 to 65535"};

// Sequence numbers -------------------------------------------------------------------------------

std::optional<NumberBound> read_bound(const Entry& entry, std::string_view text, Errors& errors) {
    Entry part = entry;
    part.value.text = std::string(trim(text));
    auto sum = read_sequence(part, errors);
    if (!sum) {
        return std::nullopt;
    }
    const bool bare = std::all_of(sum->terms.begin(), sum->terms.end(),
                                  [](const Term& term) { return term.name == Name::number; });
    return NumberBound{std::move(*sum), bare};
}

/// `>` and `<` leave their own number out.
void move_by_one(NumberBound& bound, bool down) {
    bound.sum.terms.push_back(Term{Name::number, 1, down});
}

std::optional<NumberRange> read_comparison(const Entry& entry, std::string_view text,
                                           Errors& errors) {
    const bool greater = text[0] == '>';
    const bool equal = text.size() > 1 && text[1] == '=';
    auto bound = read_bound(entry, text.substr(equal ? 2 : 1), errors);
    if (!bound) {
        return std::nullopt;
    }
    if (!equal) {
        move_by_one(*bound, !greater);
    }
    return greater ? NumberRange{std::move(bound), {}} : NumberRange{{}, std::move(bound)};
}

/// `5`, `>= 5`, `2..4`, each number as in `set`, or as the trace shows it.
std::optional<NumberRange> read_numbers(const Entry& entry, Errors& errors) {
    if (!expect_type(entry, YamlNode::Type::scalar, number_form, errors)) {
        return std::nullopt;
    }
    const auto text = trim(entry.value.text);
    if (text.starts_with('>') || text.starts_with('<')) {
        return read_comparison(entry, text, errors);
    }
    const auto dots = text.find("..");
    if (dots == std::string_view::npos) {
        auto bound = read_bound(entry, text, errors);
        return bound ? std::optional(NumberRange{bound, bound}) : std::nullopt;
    }
    const auto first = trim(text.substr(0, dots));
    const auto last = trim(text.substr(dots + 2));
    if (first.empty() && last.empty()) {
        report_wrong_type(entry, number_form, errors);
        return std::nullopt;
    }
    NumberRange range;
    if (!first.empty()) {
        range.least = read_bound(entry, first, errors);
    }
    if (!last.empty()) {
        range.most = read_bound(entry, last, errors);
    }
    const bool read = (first.empty() || range.least) && (last.empty() || range.most);
    return read ? std::optional(std::move(range)) : std::nullopt;
}

template <std::optional<NumberRange> Condition::*Field>
void read_number_range(const Entry& entry, Condition& condition, Context& context) {
    condition.*Field = read_numbers(entry, context.errors);
}

// The others -------------------------------------------------------------------------------------

template <std::optional<Range> Condition::*Field, const Domain& Limits>
void read_small_range(const Entry& entry, Condition& condition, Context& context) {
    condition.*Field = read_range(entry, Limits, context.errors);
}

/// `FE` or `[F, E]`
wire::Flags read_letters(const Entry& entry, Errors& errors) {
    if (entry.value.type != YamlNode::Type::list) {
        return read_flags(entry, errors).value_or(wire::Flags{});
    }
    wire::Flags all;
    for (const auto& item : entry.value.items) {
        const auto flags = read_flags(Entry{entry.key, item}, errors).value_or(wire::Flags{});
        all.bits = static_cast<std::uint8_t>(all.bits | flags.bits);
    }
    return all;
}

template <wire::Flags Condition::*Field>
void read_some_flags(const Entry& entry, Condition& condition, Context& context) {
    condition.*Field = read_letters(entry, context.errors);
    const bool said = entry.value.type == YamlNode::Type::scalar ? trim(entry.value.text).empty()
                                                                 : entry.value.items.empty();
    if (said) {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " names no flag");
    }
}

void read_sack_condition(const Entry& entry, Condition& condition, Context& context) {
    constexpr std::size_t most_blocks = 4;
    if (entry.value.type != YamlNode::Type::list) {
        condition.any_sack =
            read_bool(entry, context.errors, "a list of blocks such as `[[100, 200]]`, or ");
        return;
    }
    if (entry.value.items.empty() || entry.value.items.size() > most_blocks) {
        context.errors.add(entry.value, "`sack` takes one to four blocks");
    }
    for (const auto& item : entry.value.items) {
        if (item.type != YamlNode::Type::list || item.items.size() != 2) {
            context.errors.add(item, "a block of `sack` is a list of its left and right edge");
            continue;
        }
        const auto edge = [&](const YamlNode& node) -> std::optional<NumberBound> {
            const Entry part{entry.key, node};
            return expect_type(part, YamlNode::Type::scalar, "sequence numbers", context.errors)
                       ? read_bound(part, node.text, context.errors)
                       : std::nullopt;
        };
        auto left = edge(item.items[0]);
        auto right = edge(item.items[1]);
        if (left && right) {
            condition.sack.push_back({std::move(*left), std::move(*right)});
        }
    }
}

struct OptionName {
    std::string_view word;
    std::uint8_t kind;
};

constexpr std::array<OptionName, 11> option_names{{{"mss", 2},
                                                   {"window-scale", 3},
                                                   {"sack-permitted", 4},
                                                   {"sack", 5},
                                                   {"timestamps", 8},
                                                   {"md5", 19},
                                                   {"ao", 29},
                                                   {"mptcp", 30},
                                                   {"fast-open", 34},
                                                   {"accecn0", 172},
                                                   {"accecn1", 174}}};

void read_option_kind(const YamlNode& node, std::vector<std::uint8_t>& kinds, Errors& errors) {
    constexpr std::uint64_t first_with_length = 2;
    if (node.type != YamlNode::Type::scalar) {
        errors.add(node, "an option is a name such as `fast-open` or a number such as `34`, not " +
                             std::string(describe(node.type)));
        return;
    }
    const auto text = trim(node.text);
    if (const auto number = parse_number(text)) {
        if (*number < first_with_length || *number > UINT8_MAX) {
            errors.add(node, "the kinds of options are from 2 to 255; 0 and 1 only fill");
        } else {
            kinds.push_back(static_cast<std::uint8_t>(*number));
        }
        return;
    }
    std::vector<std::string> known;
    for (const auto& row : option_names) {
        if (row.word == text) {
            kinds.push_back(row.kind);
            return;
        }
        known.emplace_back(row.word);
    }
    errors.add(node, unknown_word("option", text, known, " (a number from 2 to 255 is one, too)"));
}

template <std::vector<std::uint8_t> Condition::*Field>
void read_option_kinds(const Entry& entry, Condition& condition, Context& context) {
    if (entry.value.type != YamlNode::Type::list) {
        read_option_kind(entry.value, condition.*Field, context.errors);
        return;
    }
    if (entry.value.items.empty()) {
        context.errors.add(entry.value, in_quotes(entry.key.text) + " names no option");
    }
    for (const auto& item : entry.value.items) {
        read_option_kind(item, condition.*Field, context.errors);
    }
}

constexpr std::array<Word<ReadKey<Condition>>, segment_condition_words.size()> condition_words{{
    {"seq", read_number_range<&Condition::seq>},
    {"ack", read_number_range<&Condition::ack>},
    {"window", read_number_range<&Condition::window>},
    {"has", read_some_flags<&Condition::has>},
    {"lacks", read_some_flags<&Condition::lacks>},
    {"sack", read_sack_condition},
    {"option", read_option_kinds<&Condition::options>},
    {"no_option", read_option_kinds<&Condition::no_options>},
    {"mss", read_small_range<&Condition::mss, words>},
    {"window_scale", read_small_range<&Condition::window_scale, octets>},
    {"urgent", read_small_range<&Condition::urgent, words>},
    {"ttl", read_small_range<&Condition::ttl, octets>},
    {"tos", read_small_range<&Condition::tos, octets>},
    {"ecn", [](const Entry& entry, Condition& condition,
               Context& context) { condition.ecn = read_ecn_bits(entry, context); }},
    {"df", [](const Entry& entry, Condition& condition,
              Context& context) { condition.df = read_bool(entry, context.errors); }},
    {"id", read_small_range<&Condition::id, words>},
}};

// Checks -----------------------------------------------------------------------------------------

/// Is each of its numbers in the record, or of the segment itself?
bool is_recorded(const NumberBound& bound) noexcept {
    return std::all_of(bound.sum.terms.begin(), bound.sum.terms.end(), [](const Term& term) {
        switch (term.name) {
            case Name::number:
            case Name::iss:
            case Name::irs:
            case Name::seg_seq:
            case Name::seg_ack:
            case Name::seg_end: return true;
            default: return false;
        }
    });
}

bool is_recorded(const std::optional<NumberRange>& range) noexcept {
    return !range || ((!range->least || is_recorded(*range->least)) &&
                      (!range->most || is_recorded(*range->most)));
}

}  // namespace

void read_segment_condition(const Entry& entry, When& when, Context& context) {
    const auto* row = std::find_if(condition_words.begin(), condition_words.end(),
                                   [&](const auto& each) { return each.text == entry.key.text; });
    if (row != condition_words.end()) {
        row->read(entry, when.segment ? *when.segment : when.segment.emplace(), context);
    }
}

void check_segment_conditions(const Entry& when, const SegmentCondition& condition,
                              Errors& errors) {
    if ((condition.has.bits & condition.lacks.bits) != 0) {
        errors.add(find(when.value, "lacks")->value,
                   "`has` and `lacks` name the same flag, so that neither holds");
    }
    for (const auto kind : condition.no_options) {
        if (std::find(condition.options.begin(), condition.options.end(), kind) !=
            condition.options.end()) {
            errors.add(find(when.value, "no_option")->value,
                       "`option` and `no_option` name the same one");
            return;
        }
    }
}

void check_recorded_numbers(const Entry& when, const SegmentCondition& condition, Errors& errors) {
    const bool blocks = std::all_of(
        condition.sack.begin(), condition.sack.end(),
        [](const auto& block) { return is_recorded(block.left) && is_recorded(block.right); });
    const auto check = [&](std::string_view key, bool good) {
        if (!good) {
            errors.add(find(when.value, key)->value,
                       "an expectation is judged by the record, which knows `iss`, `irs` and "
                       "`seg.…` but not where the connection stood; write the number as the "
                       "trace shows it");
        }
    };
    check("seq", is_recorded(condition.seq));
    check("ack", is_recorded(condition.ack));
    check("window", is_recorded(condition.window));
    check("sack", blocks);
}

}  // namespace ghostpeer::profile
