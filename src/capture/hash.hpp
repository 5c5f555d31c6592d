// A hash to tell captured bytes apart: fast, and nothing that a secret depends on.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace ghostpeer::capture {

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 32U);
}

[[nodiscard]] inline std::uint64_t hash(std::span<const std::uint8_t> bytes) noexcept {
    std::uint64_t hash = bytes.size() + 1;
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, &bytes[at], sizeof word);
        hash = mix(hash, word);
    }
    std::uint64_t rest = 0;
    for (; at < bytes.size(); ++at) {
        rest = rest << 8U | bytes[at];
    }
    return mix(hash, rest);
}

}  // namespace ghostpeer::capture
