#include "profile/segment/ranges.hpp"

#include <array>
#include <string>

namespace ghostpeer::profile {

std::optional<Range> read_range(const Entry& entry, const Domain& domain, Errors& errors) {
    if (entry.value.type != YamlNode::Type::scalar) {
        report_wrong_type(entry, domain.form, errors);
        return std::nullopt;
    }
    const auto range = parse_range(entry.value.text, domain.parse_bound);
    if (!range) {
        report_wrong_type(entry, domain.form, errors);
        return std::nullopt;
    }
    const auto never = in_quotes(entry.key.text) + " can never be " + in_quotes(entry.value.text);
    if (range->least > range->most) {
        errors.add(entry.value, never + ": nothing is in that range");
        return std::nullopt;
    }
    if (range->least > domain.most || range->most < domain.least) {
        errors.add(entry.value, never + ": " + std::string(domain.limits));
        return std::nullopt;
    }
    return range;
}

std::optional<std::uint8_t> read_ecn_bits(const Entry& entry, Context& context) {
    constexpr std::array<std::string_view, 4> words{"not-ect", "ect1", "ect0", "ce"};
    for (std::size_t bits = 0; bits < words.size(); ++bits) {
        if (is_word(entry, words[bits])) {
            return static_cast<std::uint8_t>(bits);
        }
    }
    constexpr std::uint64_t most = 3;
    const auto number =
        read_number(entry, 0, most, context.errors, "`not-ect`, `ect0`, `ect1`, `ce` or ");
    return number ? std::optional(static_cast<std::uint8_t>(*number)) : std::nullopt;
}

}  // namespace ghostpeer::profile
