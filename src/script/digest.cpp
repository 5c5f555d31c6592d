#include "script/digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>

namespace ghostpeer::script {
namespace {

constexpr std::size_t block_size = 64;
using State = std::array<std::uint32_t, 5>;

void digest_block(State& state, std::span<const std::uint8_t, block_size> block) {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t i = 0; i < 16; ++i) {
        for (std::size_t byte = 0; byte < 4; ++byte) {
            words[i] = words[i] << 8U | block[4 * i + byte];
        }
    }
    for (std::size_t i = 16; i < words.size(); ++i) {
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::uint32_t mixed = b ^ c ^ d;
        std::uint32_t constant = 0x6ed9eba1;
        if (i < 20) {
            mixed = (b & c) | (~b & d);
            constant = 0x5a827999;
        } else if (i >= 60) {
            constant = 0xca62c1d6;
        } else if (i >= 40) {
            mixed = (b & c) | (b & d) | (c & d);
            constant = 0x8f1bbcdc;
        }
        const std::uint32_t next = std::rotl(a, 5) + mixed + e + constant + words[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

}  // namespace

wire::Bytes sha1(std::span<const std::uint8_t> bytes) {
    // The bytes, a one, zeros, and the number of bits.
    wire::Bytes padded(bytes.begin(), bytes.end());
    padded.push_back(0x80);
    while (padded.size() % block_size != block_size - 8) {
        padded.push_back(0);
    }
    const std::uint64_t bits = 8 * static_cast<std::uint64_t>(bytes.size());
    for (int shift = 56; shift >= 0; shift -= 8) {
        padded.push_back(static_cast<std::uint8_t>(bits >> static_cast<unsigned>(shift)));
    }
    State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (std::size_t at = 0; at < padded.size(); at += block_size) {
        digest_block(state, std::span(padded).subspan(at).first<block_size>());
    }
    wire::Bytes digest;
    for (const std::uint32_t word : state) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            digest.push_back(static_cast<std::uint8_t>(word >> static_cast<unsigned>(shift)));
        }
    }
    return digest;
}

std::uint64_t mix(std::uint64_t hash, std::span<const std::uint8_t> bytes) noexcept {
    for (const std::uint8_t byte : bytes) {
        hash = (hash ^ byte) * 0x100000001b3;
    }
    return hash;
}

std::string base64(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto group = bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at));
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = bits << 8U | (i < group.size() ? group[i] : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            text += i <= group.size() ? digits[bits >> (18 - 6 * i) & 63U] : '=';
        }
    }
    return text;
}

wire::Bytes unhex(std::span<const std::uint8_t> text) {
    wire::Bytes bytes;
    std::optional<std::uint32_t> high;
    for (const std::uint8_t each : text) {
        if (each == ' ' && !high) {
            continue;
        }
        const std::uint32_t lower = each | 0x20U;
        const bool digit = each >= '0' && each <= '9';
        if (!digit && (lower < 'a' || lower > 'f')) {
            return {};
        }
        const std::uint32_t value = digit ? each - std::uint32_t{'0'} : lower - 'a' + 10;
        if (high) {
            bytes.push_back(static_cast<std::uint8_t>(*high << 4U | value));
            high.reset();
        } else {
            high = value;
        }
    }
    return high ? wire::Bytes() : bytes;
}

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

}  // namespace ghostpeer::script
