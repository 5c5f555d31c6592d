#include "wire/utf8.hpp"

#include <algorithm>

namespace ghostpeer {

namespace {

/// Bytes of the character that the byte begins; 0: none (RFC 3629, 4; overlong leads excluded).
std::size_t length_from_lead(unsigned char lead) noexcept {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// Is the second byte one that makes an overlong form, a surrogate or a number above 0x10FFFF?
bool out_of_range(unsigned char lead, unsigned char second) noexcept {
    return (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
           (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
}

}  // namespace

std::size_t character_length(std::string_view text) noexcept {
    if (text.empty()) {
        return 0;
    }
    const auto lead = static_cast<unsigned char>(text[0]);
    const auto length = length_from_lead(lead);
    if (length == 0 || text.size() < length) {
        return 0;
    }
    const auto rest = text.substr(1, length - 1);
    return std::all_of(rest.begin(), rest.end(), continues_character) &&
                   (length == 1 || !out_of_range(lead, static_cast<unsigned char>(rest[0])))
               ? length
               : 0;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = character_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::size_t character_count(std::string_view text) noexcept {
    return text.size() -
           static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

}  // namespace ghostpeer
