#include "http/message.hpp"

#include <algorithm>

namespace ghostpeer::http {
namespace {

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool is_token_character(char c) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    const char small = lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

[[nodiscard]] constexpr bool is_field_character(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string_view find_field(const Fields& fields, std::string_view name) noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(), [name](const auto& field) {
        return same_word(field.first, name);
    });
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::size_t count_fields(const Fields& fields, std::string_view name) noexcept {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(),
                      [name](const auto& field) { return same_word(field.first, name); }));
}

bool add_field(std::string_view line, Fields& to) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return false;
    }
    std::string_view value = line.substr(colon + 1);
    constexpr std::string_view blanks = " \t";
    value.remove_prefix(std::min(value.find_first_not_of(blanks), value.size()));
    value = value.substr(0, value.find_last_not_of(blanks) + 1);
    if (!std::all_of(value.begin(), value.end(), is_field_character)) {
        return false;
    }
    to.emplace_back(line.substr(0, colon), value);
    return true;
}

}  // namespace ghostpeer::http
