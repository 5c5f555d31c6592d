#include "profile/document/escapes.hpp"

#include <fmt/format.h>

#include <cctype>
#include <string>

namespace ghostpeer::profile {

void refuse_byte_escape(const YamlNode& scalar, Errors& errors) {
    if (scalar.source == nullptr) {
        return;
    }
    const std::string_view text = scalar.source->from(scalar.mark);
    if (text.empty() || text.front() != '"') {
        return;
    }
    const auto is_digit = [&](std::size_t at) {
        return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] != '\\') {
            continue;
        }
        ++i;
        if (i < text.size() && text[i] == 'x' && is_digit(i + 1) && is_digit(i + 2) &&
            text[i + 1] >= '8') {
            const std::string digits(text.substr(i + 1, 2));
            errors.add(scalar,
                       fmt::format("`\\x{0}` is the character U+00{0} to YAML, and two bytes of "
                                   "UTF-8; for one byte write it in hexadecimal, `{{hex: "
                                   "{0}}}`, or in an expression in single quotes, `'/\\x{0}/'`",
                                   digits));
            return;
        }
    }
}

}  // namespace ghostpeer::profile
