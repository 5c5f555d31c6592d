#include "show/report_text.hpp"

#include "event/text.hpp"
#include "wire/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace ghostpeer::show {
namespace {

/// Bytes of the character that begins there, as XML may have it; 0 for none.
std::size_t xml_character_length(std::string_view text) {
    const auto length = character_length(text);
    const auto character = text.substr(0, length);
    return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf" ? 0
                                                                      : length;  // U+FFFE, U+FFFF
}

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// Each character as `written` says; what is none is replaced.
template <typename Written>
std::string map_characters(std::string_view text, Written written) {
    std::string result;
    while (!text.empty()) {
        const auto length = xml_character_length(text);
        result += length == 0 ? std::string(replacement) : written(text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

bool is_control(std::string_view character) {
    return character.size() == 1 &&
           (static_cast<unsigned char>(character[0]) < 0x20 || character[0] == '\x7f');
}

}  // namespace

std::string xml(std::string_view text) {
    return map_characters(text, [](std::string_view character) -> std::string {
        switch (character.size() == 1 ? character[0] : '\x7f') {
            case '&': return "&amp;";
            case '<': return "&lt;";
            case '>': return "&gt;";
            case '"': return "&quot;";
            case '\n': return "&#10;";
            default: break;
        }
        return is_control(character)
                   ? fmt::format("\\x{:02x}", static_cast<unsigned char>(character[0]))
                   : std::string(character);
    });
}

std::string in_quotes(std::string_view text) {
    const auto written = [](std::string_view character) -> std::string {
        if (character == "\"" || character == "\\") {
            return '\\' + std::string(character);
        }
        return is_control(character)
                   ? fmt::format("\\u{:04x}", static_cast<unsigned char>(character[0]))
                   : std::string(character);
    };
    return '"' + map_characters(text, written) + '"';
}

std::string tap_text(std::string_view text) {
    std::string result;
    for (const char c : event::printable(text)) {
        if (c == '#' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result;
}

}  // namespace ghostpeer::show
