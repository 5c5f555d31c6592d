#include "profile/script/patterns.hpp"

#include "profile/document/escapes.hpp"
#include "profile/script/payload.hpp"

#include <string>
#include <utility>

namespace ghostpeer::profile {

namespace {

// Each takes up memory of its own.
constexpr std::size_t most_expressions = 1000;

[[nodiscard]] std::optional<Pattern> bounded(std::string bytes, const YamlNode& at,
                                             Errors& errors) {
    if (bytes.empty()) {
        errors.add(at, "a pattern needs at least one byte");
        return std::nullopt;
    }
    if (bytes.size() > most_pattern_bytes) {
        errors.add(at,
                   "a pattern is at most 64 KiB long: so much of what comes is kept to find it");
        return std::nullopt;
    }
    return Pattern::of_text(std::move(bytes));
}

}  // namespace

std::optional<Pattern> read_pattern(std::string_view text, const YamlNode& at, Context& context) {
    if (at.broken) {
        return std::nullopt;
    }
    if (!is_expression(text)) {
        return read_fixed(text, at, context);
    }
    refuse_byte_escape(at, context.errors);
    if (++context.expressions > most_expressions) {
        if (context.expressions == most_expressions + 1) {
            context.errors.add(
                at, "a profile has at most 1000 regular expressions; texts are not limited");
        }
        return std::nullopt;
    }
    auto pattern = Pattern::parse(text);
    if (!pattern) {
        context.errors.add(at, in_quotes(text) + " is no regular expression: " + pattern.error());
        return std::nullopt;
    }
    return std::move(*pattern);
}

std::optional<Pattern> read_fixed(std::string_view text, const YamlNode& at, Context& context) {
    if (at.broken) {
        return std::nullopt;
    }
    refuse_byte_escape(at, context.errors);
    return bounded(std::string(text), at, context.errors);
}

std::optional<Pattern> read_hex_pattern(const Entry& entry, Context& context) {
    const Content bytes = read_hex(entry, context.errors);
    return bytes ? bounded(std::string(bytes->begin(), bytes->end()), entry.value, context.errors)
                 : std::nullopt;
}

}  // namespace ghostpeer::profile
