#include "event/json.hpp"

#include "wire/utf8.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ghostpeer::event {
namespace {

[[nodiscard]] bool has_meaning_in_html(char c) { return c == '<' || c == '>' || c == '&'; }

[[nodiscard]] bool needs_no_escape(std::string_view text, bool inert) {
    return std::all_of(text.begin(), text.end(), [inert](char c) {
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && !(inert && has_meaning_in_html(c));
    });
}

}  // namespace

std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return std::string(text);
    }
    std::size_t end = most;
    while (end > 0 && continues_character(text[end])) {
        --end;
    }
    return std::string(text.substr(0, end)) + "…";
}

void Json::text(std::string_view value) {
    if (value.size() <= style_.longest_text && needs_no_escape(value, style_.inert)) {
        word(value);
        return;
    }
    std::string quoted = nlohmann::json(shortened(value, style_.longest_text))
                             .dump(-1, ' ', style_.inert, nlohmann::json::error_handler_t::replace);
    if (!style_.inert) {
        out_ += quoted;
        return;
    }
    for (const char c : quoted) {
        if (has_meaning_in_html(c)) {
            fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out_ += c;
        }
    }
}

void Json::seconds(Duration length) {
    constexpr std::uint64_t second = 1'000'000'000;
    const std::int64_t ns = length.count();
    auto size = static_cast<std::uint64_t>(ns);
    if (ns < 0) {
        out_ += '-';
        size = 0 - size;
    }
    number(size / second);
    char digits[10] = {'.', '0', '0', '0', '0', '0', '0', '0', '0', '0'};
    std::uint64_t rest = size % second;
    for (std::size_t i = sizeof digits - 1; i > 0; --i, rest /= 10) {
        digits[i] = static_cast<char>('0' + rest % 10);
    }
    out_.append(digits, sizeof digits);
}

void Json::hexadecimal(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    out_ += '"';
    for (std::size_t i = 0; i < size; ++i) {
        out_ += digits[bytes[i] >> 4U];
        out_ += digits[bytes[i] & 15U];
    }
    out_ += '"';
}

}  // namespace ghostpeer::event
