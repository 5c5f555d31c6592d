#include "script/frame.hpp"

#include <cstddef>

namespace ghostpeer::script {
namespace {

using Field = profile::LengthField;

struct Number {
    std::uint64_t value = 0;
    std::size_t size = 0;  ///< bytes that it takes; 0: it is not complete
    bool possible = true;
};

[[nodiscard]] Number read_varint(std::span<const std::uint8_t> bytes) noexcept {
    constexpr std::size_t longest = 4;  // MQTT 3.1.1, 2.2.3
    Number number;
    for (std::size_t i = 0; i < bytes.size() && i < longest; ++i) {
        number.value |= static_cast<std::uint64_t>(bytes[i] & 0x7fU) << 7 * i;
        if ((bytes[i] & 0x80U) == 0) {
            number.size = i + 1;
            return number;
        }
    }
    number.possible = bytes.size() < longest;
    return number;
}

[[nodiscard]] Number read_number(Field::Type type, std::span<const std::uint8_t> bytes) noexcept {
    std::size_t size = 1;
    bool little = false;
    std::uint64_t mask = UINT64_MAX;
    switch (type) {
        case Field::Type::u7: mask = 0x7f; break;
        case Field::Type::u8: break;
        case Field::Type::u16be: size = 2; break;
        case Field::Type::u16le: size = 2, little = true; break;
        case Field::Type::u24be: size = 3; break;
        case Field::Type::u24le: size = 3, little = true; break;
        case Field::Type::u32be: size = 4; break;
        case Field::Type::u32le: size = 4, little = true; break;
        case Field::Type::varint: return read_varint(bytes);
    }
    Number number;
    if (bytes.size() < size) {
        return number;
    }
    for (std::size_t i = 0; i < size; ++i) {
        number.value = number.value << 8U | bytes[little ? size - 1 - i : i];
    }
    number.value &= mask;
    number.size = size;
    return number;
}

}  // namespace

FrameSize frame_size(const Field& field, std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() <= field.at) {
        return {};
    }
    const Number number =
        read_number(field.type, bytes.subspan(static_cast<std::size_t>(field.at)));
    if (number.size == 0) {
        return {number.possible, {}};
    }
    const std::uint64_t behind = field.at + number.size;
    const std::uint64_t counted = field.counts == Field::Counts::rest     ? 0
                                  : field.counts == Field::Counts::itself ? number.size
                                                                          : behind;
    if (number.value < counted) {
        return {false, {}};
    }
    return {true, behind + number.value - counted + field.plus};
}

}  // namespace ghostpeer::script
