#include "control/query.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ghostpeer::control {
namespace {

[[nodiscard]] int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[nodiscard]] std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            decoded += ' ';
        } else if (text[i] != '%') {
            decoded += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0) {
                return std::nullopt;
            }
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return decoded;
}

/// What comes before the character, which is taken off the text with it.
[[nodiscard]] std::string_view cut(std::string_view& text, char at) {
    const auto end = std::min(text.find(at), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

}  // namespace

std::optional<std::string> Target::get(std::string_view name) const {
    const auto found = std::find_if(query.begin(), query.end(),
                                    [name](const auto& one) { return one.first == name; });
    return found == query.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Target> parse_target(std::string_view text) {
    Target target;
    text = text.substr(0, text.find('#'));
    std::string_view path = cut(text, '?');
    while (!path.empty()) {
        const auto part = decode(cut(path, '/'), false);
        if (!part) {
            return std::nullopt;
        }
        if (!part->empty()) {
            target.path.push_back(*part);
        }
    }
    while (!text.empty()) {
        std::string_view one = cut(text, '&');
        const auto name = decode(cut(one, '='), true);
        const auto value = decode(one, true);
        if (!name || !value) {
            return std::nullopt;
        }
        if (!name->empty()) {
            target.query.emplace_back(*name, *value);
        }
    }
    return target;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' || c == '_' ||
                           c == '~';
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4];
            encoded += digits[byte & 0xf];
        }
    }
    return encoded;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && last == end && !text.empty() ? std::optional(number)
                                                                : std::nullopt;
}

bool same_secret(std::string_view given, std::string_view secret) noexcept {
    unsigned difference = given.size() == secret.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size() && !secret.empty(); ++i) {
        difference |= static_cast<unsigned char>(given[i]) ^
                      static_cast<unsigned char>(secret[i % secret.size()]);
    }
    return difference == 0 && !secret.empty();
}

}  // namespace ghostpeer::control
