#include "event/codec.hpp"

#include "ghostpeer/wire/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace ghostpeer::event {
namespace {

/// The letter of each bit of the flags.
[[nodiscard]] std::array<char, 8> letters_of_flags() {
    std::array<char, 8> letters{};
    for (std::size_t bit = 0; bit < letters.size(); ++bit) {
        letters[bit] = wire::flag_letters({static_cast<std::uint8_t>(1U << bit)}).front();
    }
    return letters;
}

constexpr std::int64_t second = 1'000'000'000;
/// Half of what a Duration holds, 146 years: whoever adds two times that were read, or takes one
/// from the other, need not look.
constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / second / 2;

template <typename Number>
[[nodiscard]] bool read_digits(std::string_view text, Number& to) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// `12.000000345`, exactly; other forms of a number, such as `2.1e-05`, as well as a double can.
[[nodiscard]] bool to_duration(std::string_view digits, Duration& to) {
    constexpr std::size_t places = 9;
    const bool negative = digits.starts_with('-');
    const std::string_view size = digits.substr(negative ? 1 : 0);
    const auto point = size.find('.');
    const std::string_view fraction =
        point == std::string_view::npos ? std::string_view() : size.substr(point + 1);
    std::int64_t whole = 0;
    std::int64_t rest = 0;
    if (read_digits(size.substr(0, point), whole) && fraction.size() <= places &&
        (fraction.empty() || read_digits(fraction, rest))) {
        if (whole >= most_seconds) {
            return false;
        }
        for (std::size_t i = fraction.size(); i < places; ++i) {
            rest *= 10;
        }
        to = Duration(negative ? -(whole * second + rest) : whole * second + rest);
        return true;
    }
    double value = 0;
    if (!read_digits(digits, value) || !(std::abs(value) < static_cast<double>(most_seconds))) {
        return false;
    }
    to = Duration(std::llround(value * static_cast<double>(second)));
    return true;
}

[[nodiscard]] int hexadecimal_digit(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto at = digits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string unknown_word(std::string_view word, const std::vector<std::string_view>& known) {
    constexpr std::size_t longest = 40;
    return fmt::format("is \"{}\", which is none of {}", shortened(word, longest),
                       fmt::join(known, ", "));
}

bool read_integer(Reading& reading, const JsonTree::Value& from, std::int64_t least,
                  std::uint64_t most, std::uint64_t& bits) {
    if (from.kind == JsonTree::Kind::natural) {
        bits = from.natural;
        return bits <= most || reading.fail(fmt::format("is {}, more than {}", bits, most));
    }
    if (from.kind == JsonTree::Kind::integer) {
        bits = static_cast<std::uint64_t>(from.integer);
        return from.integer >= least ||
               reading.fail(fmt::format("is {}, less than {}", from.integer, least));
    }
    return reading.fail("is no whole number");
}

bool read_text(Reading& reading, const JsonTree::Value& from, std::string_view& to) {
    to = reading.tree.text(from);
    return from.kind == JsonTree::Kind::text || reading.fail("is no text");
}

bool read_seconds(Reading& reading, const JsonTree::Value& from, Duration& to) {
    switch (from.kind) {
        case JsonTree::Kind::real:
            return to_duration(reading.tree.text(from), to) || reading.fail("is no time");
        case JsonTree::Kind::natural:
        case JsonTree::Kind::integer: {
            std::uint64_t bits = 0;
            if (!read_integer(reading, from, -most_seconds,
                              static_cast<std::uint64_t>(most_seconds), bits)) {
                return false;
            }
            to = Duration(static_cast<std::int64_t>(bits) * second);
            return true;
        }
        default: return reading.fail("is no number of seconds");
    }
}

bool read_hexadecimal(Reading& reading, const JsonTree::Value& from, wire::Bytes& to) {
    std::string_view text;
    if (!read_text(reading, from, text)) {
        return false;
    }
    to.clear();
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const int high = hexadecimal_digit(text[i]);
        const int low = hexadecimal_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return reading.fail("is not hexadecimal");
        }
        to.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return text.size() % 2 == 0 || reading.fail("has half a byte too much");
}

void Codec<wire::IpAddress>::write(Json& json, const wire::IpAddress& value) {
    json.open('"');
    value.append_to(json.out());
    json.close('"');
}

bool Codec<wire::IpAddress>::read(Reading& reading, const JsonTree::Value& from,
                                  wire::IpAddress& to) {
    std::string_view text;
    if (!read_text(reading, from, text)) {
        return false;
    }
    const auto address = wire::IpAddress::parse(text);
    to = address.value_or(wire::IpAddress());
    return address || reading.fail("is no IP address");
}

void Codec<wire::Endpoint>::write(Json& json, const wire::Endpoint& value) {
    json.open('"');
    value.append_to(json.out());
    json.close('"');
}

bool Codec<wire::Endpoint>::read(Reading& reading, const JsonTree::Value& from,
                                 wire::Endpoint& to) {
    std::string_view text;
    if (!read_text(reading, from, text)) {
        return false;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !read_digits(text.substr(colon + 1), to.port)) {
        return reading.fail("is no address with a port");
    }
    const auto address = wire::IpAddress::parse(text.substr(0, colon));
    const bool bracketed = text.front() == '[';
    if (!address || address->is_v4() == bracketed) {
        return reading.fail("is no address with a port");
    }
    to.address = *address;
    return true;
}

void Codec<wire::Flags>::write(Json& json, wire::Flags value) {
    json.word(wire::flag_letters(value));
}

bool Codec<wire::Flags>::read(Reading& reading, const JsonTree::Value& from, wire::Flags& to) {
    static const std::array<char, 8> letters = letters_of_flags();
    std::string_view text;
    if (!read_text(reading, from, text)) {
        return false;
    }
    to = {};
    for (const char letter : text) {
        const auto found = std::find(letters.begin(), letters.end(), letter);
        const auto bit = static_cast<std::uint8_t>(1U << (found - letters.begin()));
        if (found == letters.end() || to.has(bit)) {
            return reading.fail("is not made of the letters SFRPAUEC, each once at most");
        }
        to.bits |= bit;
    }
    return true;
}

}  // namespace ghostpeer::event
