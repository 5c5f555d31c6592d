#include "profile/script/awaited.hpp"

#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/script/patterns.hpp"
#include "profile/script/phrase.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

namespace {

// Of what stands before and behind what a length counts.
constexpr std::uint64_t most_beside = 65'535;

constexpr std::array types{
    LengthField::Type::u7,    LengthField::Type::u8,    LengthField::Type::u16be,
    LengthField::Type::u16le, LengthField::Type::u24be, LengthField::Type::u24le,
    LengthField::Type::u32be, LengthField::Type::u32le, LengthField::Type::varint};

struct UnitParts {
    std::optional<Unit> unit;
    LengthField field;
    bool has_length = false;
    const YamlNode* beside = nullptr;  ///< of `at`, `plus` or `counts`
};

void read_bytes(const Entry& entry, UnitParts& parts, Context& context) {
    std::string_view text = entry.value.text;
    const bool hex = text.starts_with("0x$");
    text.remove_prefix(hex ? 2 : 0);
    if (entry.value.type == YamlNode::Type::scalar && text.size() == 4 && text.starts_with("${") &&
        text[2] >= '0' && text[2] <= '9' && text[3] == '}') {
        parts.unit = BytesUnit{0, static_cast<std::uint32_t>(text[2] - '0'), hex ? 16 : 10};
    } else if (const auto size = read_size(entry, 1, UINT64_MAX, context.errors)) {
        parts.unit = BytesUnit{*size, {}};
    }
}

void read_length(const Entry& entry, UnitParts& parts, Context& context) {
    parts.has_length = true;
    std::vector<std::string> known;
    for (const auto type : types) {
        known.emplace_back(name(type));
        if (is_word(entry, name(type))) {
            parts.field.type = type;
            return;
        }
    }
    if (expect_type(entry, YamlNode::Type::scalar, "a kind of number such as `u32be`",
                    context.errors)) {
        context.errors.add(entry.value, unknown_word("kind of number", entry.value.text, known));
    }
}

void read_counts(const Entry& entry, UnitParts& parts, Context& context) {
    parts.beside = &entry.key;
    if (is_word(entry, "rest")) {
        parts.field.counts = LengthField::Counts::rest;
    } else if (is_word(entry, "itself")) {
        parts.field.counts = LengthField::Counts::itself;
    } else if (is_word(entry, "all")) {
        parts.field.counts = LengthField::Counts::all;
    } else {
        report_wrong_type(entry, "`rest`, `itself` or `all`", context.errors);
    }
}

template <auto member>
void read_beside(const Entry& entry, UnitParts& parts, Context& context) {
    parts.beside = &entry.key;
    parts.field.*member = read_size(entry, 0, most_beside, context.errors).value_or(0);
}

constexpr std::array<Word<ReadKey<UnitParts>>, 5> unit_words{{
    {"bytes", read_bytes},
    {"length", read_length},
    {"at", read_beside<&LengthField::at>},
    {"plus", read_beside<&LengthField::plus>},
    {"counts", read_counts},
}};

std::optional<Unit> read_unit_map(const YamlNode& map, Errors& errors) {
    FileCache files;
    Context context{errors, files, {""}};
    UnitParts parts;
    read_keys(map, unit_words, "key", "", parts, context);
    if (parts.has_length && find(map, "bytes") != nullptr) {
        errors.add(map, "a frame has either `bytes` or a `length`");
        return std::nullopt;
    }
    if (parts.has_length) {
        return parts.field;
    }
    if (parts.beside != nullptr) {
        errors.add(*parts.beside, in_quotes(parts.beside->text) + " belongs to a `length`");
        return std::nullopt;
    }
    return parts.unit;
}

bool add_case(AwaitStep& step, std::optional<Pattern> pattern) {
    if (pattern) {
        step.cases.push_back({std::move(*pattern), {}});
    }
    return pattern.has_value();
}

}  // namespace

std::optional<Pattern> read_case(const YamlNode& node, int& most_groups, Context& context) {
    if (node.type != YamlNode::Type::scalar) {
        context.errors.add(
            node, "a pattern is a text or `/EXPRESSION/`, not " + std::string(describe(node.type)));
        return std::nullopt;
    }
    auto pattern = read_pattern(plain(node.text), node, context);
    if (pattern) {
        most_groups = std::max(most_groups, pattern->groups());
    }
    return pattern;
}

std::optional<Unit> read_unit(const Entry& entry, Errors& errors) {
    if (is_word(entry, "stream")) {
        return StreamUnit{};
    }
    if (is_word(entry, "line")) {
        return LineUnit{};
    }
    if (is_word(entry, "taken")) {
        return TakenUnit{};
    }
    if (!expect_type(entry, YamlNode::Type::map,
                     "`stream`, `line`, `taken`, `{bytes: N}` or `{length: u32be}`", errors)) {
        return std::nullopt;
    }
    if (entry.value.entries.empty()) {
        errors.add(entry.value, "`in` needs `bytes` or `length`");
    }
    return read_unit_map(entry.value, errors);
}

bool read_expected(const Entry& entry, AwaitStep& step, int& most_groups, Context& context) {
    const YamlNode& value = entry.value;
    if (value.type == YamlNode::Type::scalar) {
        return add_case(step, read_case(value, most_groups, context));
    }
    if (!expect_type(entry, YamlNode::Type::map,
                     "a text, `/EXPRESSION/`, or a map such as `{bytes: 4}`", context.errors)) {
        return false;
    }
    const Entry* text = find(value, "text");
    const Entry* hex = find(value, "hex");
    if (text == nullptr && hex == nullptr) {
        const auto unit = read_unit_map(value, context.errors);
        if (value.entries.empty()) {
            context.errors.add(value, "`expect` needs a text, `bytes` or `length`");
        }
        if (unit) {
            step.unit = *unit;
        }
        return unit.has_value();
    }
    if (value.entries.size() != 1) {
        context.errors.add(value,
                           "`expect` takes one of `text`, `hex`, `bytes` and `length`; `in` "
                           "beside it says what a text is looked for in");
        return false;
    }
    if (text == nullptr) {
        return add_case(step, read_hex_pattern(*hex, context));
    }
    return expect_type(*text, YamlNode::Type::scalar, "a text", context.errors) &&
           add_case(step, read_fixed(plain(text->value.text), text->value, context));
}

}  // namespace ghostpeer::profile
