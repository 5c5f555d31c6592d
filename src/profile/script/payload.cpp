#include "profile/script/payload.hpp"

#include "profile/document/escapes.hpp"
#include "profile/document/values.hpp"

#include <array>
#include <cctype>
#include <cstdint>

namespace ghostpeer::profile {

namespace {

[[nodiscard]] bool is_blank(char each) noexcept {
    return each == ' ' || each == '\n' || each == '\t' || each == '\r';
}

[[nodiscard]] std::optional<std::uint32_t> hex_digit(char each) noexcept {
    if (each >= '0' && each <= '9') {
        return each - '0';
    }
    const int lower = std::tolower(static_cast<unsigned char>(each));
    return lower >= 'a' && lower <= 'f' ? std::optional<std::uint32_t>(lower - 'a' + 10)
                                        : std::nullopt;
}

[[nodiscard]] std::optional<wire::Bytes> parse_base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    wire::Bytes bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    std::size_t read = 0;
    std::size_t padding = 0;
    for (const char each : text) {
        if (is_blank(each)) {
            continue;
        }
        ++read;
        if (each == '=') {
            ++padding;
            continue;
        }
        const auto digit = digits.find(each);
        if (digit == std::string_view::npos || padding > 0) {
            return std::nullopt;
        }
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> count));
        }
    }
    return read % 4 == 0 && padding <= 2 ? std::optional(std::move(bytes)) : std::nullopt;
}

using Parse = std::optional<wire::Bytes> (*)(std::string_view text);

Content read_digits(const Entry& entry, Parse parse, std::string_view form, Errors& errors) {
    const auto text = read_text(entry, errors);
    if (!text || entry.value.broken) {
        return nullptr;
    }
    auto bytes = parse(*text);
    if (!bytes) {
        report_wrong_type(entry, form, errors);
        return nullptr;
    }
    return std::make_shared<const wire::Bytes>(std::move(*bytes));
}

}  // namespace

std::optional<wire::Bytes> parse_hex(std::string_view text) {
    wire::Bytes bytes;
    std::optional<std::uint32_t> high;
    for (const char each : text) {
        if (is_blank(each) && !high) {
            continue;
        }
        const auto digit = hex_digit(each);
        if (!digit) {
            return std::nullopt;
        }
        if (high) {
            bytes.push_back(static_cast<std::uint8_t>(*high << 4U | *digit));
            high.reset();
        } else {
            high = digit;
        }
    }
    return high ? std::nullopt : std::optional(std::move(bytes));
}

std::optional<std::string> read_byte_text(const Entry& entry, Errors& errors) {
    auto text = read_text(entry, errors);
    if (text) {
        refuse_byte_escape(entry.value, errors);
    }
    return text;
}

Content read_hex(const Entry& entry, Errors& errors) {
    return read_digits(entry, parse_hex, "pairs of hexadecimal digits such as `0d 0a`", errors);
}

Content read_base64(const Entry& entry, Errors& errors) {
    return read_digits(entry, parse_base64, "base64 such as `aGVsbG8=`", errors);
}

}  // namespace ghostpeer::profile
