#include "profile/document/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ghostpeer::profile {

namespace {

struct Measure {
    std::string_view word;
    std::uint64_t factor;
};

constexpr std::uint64_t kilo = 1000;
constexpr std::uint64_t kibi = 1024;

constexpr std::array<Measure, 8> size_units{{{"", 1},
                                             {"B", 1},
                                             {"KB", kilo},
                                             {"MB", kilo* kilo},
                                             {"GB", kilo* kilo* kilo},
                                             {"KiB", kibi},
                                             {"MiB", kibi* kibi},
                                             {"GiB", kibi* kibi* kibi}}};

constexpr std::array<Measure, 5> time_units{{{"us", kilo},
                                             {"ms", kilo* kilo},
                                             {"s", kilo* kilo* kilo},
                                             {"m", 60 * kilo* kilo* kilo},
                                             {"h", 3600 * kilo* kilo* kilo}}};

constexpr std::uint64_t longest_time = 10'000 * time_units.back().factor;
constexpr std::uint64_t largest_size = std::uint64_t{1} << 60U;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A decimal number with one of the units, in units of 1; `whole`: the result must be exact.
template <std::size_t Count>
std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                            const std::array<Measure, Count>& units,
                                            std::uint64_t most, bool whole) {
    const auto digits_end = std::find_if_not(text.begin(), text.end(), is_digit);
    const std::string_view integer(text.begin(), digits_end);
    text.remove_prefix(integer.size());
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction =
            std::string_view(text.begin(), std::find_if_not(text.begin(), text.end(), is_digit));
        text.remove_prefix(fraction.size());
        if (fraction.empty()) {
            return std::nullopt;
        }
    }
    const auto* const unit = std::find_if(units.begin(), units.end(),
                                          [&](const Measure& known) { return known.word == text; });
    const auto count_of_units = parse_number(integer);
    if (unit == units.end() || !count_of_units || *count_of_units > most / unit->factor) {
        return std::nullopt;
    }
    auto value = *count_of_units * unit->factor;
    // `numerator` / `denominator` is the fraction's share of one unit; both stay below 2^63.
    std::uint64_t numerator = 0;
    std::uint64_t denominator = 1;
    fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
    for (const char digit : fraction.substr(0, 6)) {
        numerator = numerator * 10 + static_cast<std::uint64_t>(digit - '0');
        denominator *= 10;
    }
    const auto scaled = numerator * unit->factor;
    if (whole && (fraction.size() > 6 || scaled % denominator != 0)) {
        return std::nullopt;
    }
    value += scaled / denominator;
    return value <= most ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> parse_time_number(std::string_view text) {
    return parse_quantity(text, time_units, longest_time, false);
}

constexpr Range nothing{1, 0};

std::optional<Range> parse_comparison(std::string_view text, ParseBound parse_bound) {
    const bool greater = text[0] == '>';
    const bool equal = text.size() > 1 && text[1] == '=';
    const auto bound = parse_bound(trim(text.substr(equal ? 2 : 1)));
    if (!bound) {
        return std::nullopt;
    }
    if (equal) {
        return greater ? Range{*bound, UINT64_MAX} : Range{0, *bound};
    }
    if (greater) {
        return *bound == UINT64_MAX ? nothing : Range{*bound + 1, UINT64_MAX};
    }
    return *bound == 0 ? nothing : Range{0, *bound - 1};
}

}  // namespace

bool is_name(std::string_view text) noexcept {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<Duration> parse_time(std::string_view text) {
    const auto nanoseconds = parse_time_number(text);
    return nanoseconds ? std::optional(Duration(static_cast<Duration::rep>(*nanoseconds)))
                       : std::nullopt;
}

std::optional<std::uint64_t> parse_time_bound(std::string_view text) {
    return parse_time_number(text);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse_quantity(text, size_units, largest_size, true);
}

std::optional<Rate> parse_rate(std::string_view text) {
    if (!text.ends_with("/s")) {
        return std::nullopt;
    }
    const auto bytes = parse_size(text.substr(0, text.size() - 2));
    return bytes && *bytes > 0 ? bytes : std::nullopt;
}

std::optional<double> parse_percentage(std::string_view text) {
    if (!text.ends_with('%')) {
        return std::nullopt;
    }
    // A percentage is a hundredth; counted in millionths of one, so that `0.01%` is exact.
    static constexpr std::array<Measure, 1> unit{{{"%", 1'000'000}}};
    const auto millionths = parse_quantity(text, unit, 100'000'000, false);
    return millionths ? std::optional(static_cast<double>(*millionths) / 1e8) : std::nullopt;
}

std::optional<wire::Flags> parse_flags(std::string_view text) {
    constexpr std::string_view letters = "FSRPAUEC";  // from the lowest bit up
    wire::Flags flags;
    for (const char letter : text) {
        const auto position = letters.find(letter);
        if (position == std::string_view::npos || ((flags.bits >> position) & 1U) != 0) {
            return std::nullopt;
        }
        flags.bits = static_cast<std::uint8_t>(flags.bits | (1U << position));
    }
    return flags;
}

std::optional<bool> parse_bool(std::string_view text) {
    if (text == "true" || text == "on" || text == "yes") {
        return true;
    }
    if (text == "false" || text == "off" || text == "no") {
        return false;
    }
    return std::nullopt;
}

std::optional<Range> parse_range(std::string_view text, ParseBound parse_bound) {
    text = trim(text);
    if (text.starts_with('>') || text.starts_with('<')) {
        return parse_comparison(text, parse_bound);
    }
    const auto dots = text.find("..");
    if (dots == std::string_view::npos) {
        const auto bound = parse_bound(text);
        return bound ? std::optional(Range{*bound, *bound}) : std::nullopt;
    }
    const auto first = trim(text.substr(0, dots));
    const auto last = trim(text.substr(dots + 2));
    const auto least = first.empty() ? std::optional<std::uint64_t>(0) : parse_bound(first);
    const auto most = last.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_bound(last);
    if (!least || !most || (first.empty() && last.empty())) {
        return std::nullopt;
    }
    return Range{*least, *most};
}

std::string format_time(Duration time) {
    const auto nanoseconds = static_cast<std::uint64_t>(std::max<Duration::rep>(time.count(), 0));
    for (auto unit = time_units.rbegin(); unit != time_units.rend(); ++unit) {
        if (nanoseconds >= unit->factor && nanoseconds % unit->factor == 0) {
            return std::to_string(nanoseconds / unit->factor) + std::string(unit->word);
        }
    }
    if (nanoseconds == 0) {
        return "0s";
    }
    const auto tenths = nanoseconds / 100 % 10;
    return std::to_string(nanoseconds / 1000) + "." + std::to_string(tenths) + "us";
}

}  // namespace ghostpeer::profile
