// Fields of packets, which are big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ghostpeer::wire {

using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

[[nodiscard]] inline std::uint16_t read_u16(ByteView bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
[[nodiscard]] inline std::uint32_t read_u32(ByteView bytes, std::size_t at) noexcept {
    return std::uint32_t{read_u16(bytes, at)} << 16 | read_u16(bytes, at + 2);
}
inline void write_u16(std::uint8_t* at, std::uint16_t value) noexcept {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}
/// The low 16 bits of `value`.
inline void write_u16(MutableBytes bytes, std::size_t at, std::uint32_t value) noexcept {
    write_u16(&bytes[at], static_cast<std::uint16_t>(value));
}
inline void write_u32(MutableBytes bytes, std::size_t at, std::uint32_t value) noexcept {
    write_u16(bytes, at, value >> 16);
    write_u16(bytes, at + 2, value);
}

}  // namespace ghostpeer::wire
