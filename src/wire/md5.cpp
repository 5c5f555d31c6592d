#include "wire/md5.hpp"

#include "ghostpeer/wire/segment.hpp"
#include "wire/ip_packet.hpp"

#include <algorithm>
#include <bit>
#include <span>

namespace ghostpeer::wire {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t steps = 64;
using State = std::array<std::uint32_t, 4>;

/// RFC 1321, 3.4: the whole part of 2^32 times abs(sin(i)).
constexpr std::array<std::uint32_t, steps> sines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr std::array<std::array<int, 4>, 4> shifts{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

void digest_block(State& state, std::span<const std::uint8_t, block_size> block) {
    std::array<std::uint32_t, 16> words{};
    for (std::size_t i = 0; i < block_size; ++i) {
        words[i / 4] |= std::uint32_t{block[i]} << (8 * (i % 4));
    }
    auto [a, b, c, d] = state;
    for (std::size_t i = 0; i < steps; ++i) {
        const std::size_t round = i / 16;
        std::uint32_t mixed = (b & c) | (~b & d);
        std::size_t word = i;
        if (round == 1) {
            mixed = (d & b) | (~d & c);
            word = 5 * i + 1;
        } else if (round == 2) {
            mixed = b ^ c ^ d;
            word = 3 * i + 5;
        } else if (round == 3) {
            mixed = c ^ (b | ~d);
            word = 7 * i;
        }
        const std::uint32_t sum = a + mixed + sines[i] + words[word % 16];
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, shifts[round][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

}  // namespace

Md5Digest md5(ByteView bytes) {
    State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const std::size_t whole = bytes.size() / block_size * block_size;
    for (std::size_t at = 0; at < whole; at += block_size) {
        digest_block(state, bytes.subspan(at).first<block_size>());
    }
    // The rest, a one, zeros, and the length in bits.
    std::array<std::uint8_t, 2 * block_size> last{};
    const ByteView rest = bytes.subspan(whole);
    std::copy(rest.begin(), rest.end(), last.begin());
    last[rest.size()] = 0x80;
    const std::size_t size = rest.size() + 9 <= block_size ? block_size : 2 * block_size;
    const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        last[size - 8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    for (std::size_t at = 0; at < size; at += block_size) {
        digest_block(state, std::span(last).subspan(at).first<block_size>());
    }
    Md5Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (8 * (i % 4)));
    }
    return digest;
}

Md5Digest signature(ByteView tcp, std::size_t header, const IpAddress& source,
                    const IpAddress& destination, std::string_view key) {
    constexpr std::size_t plain_header = 20;
    constexpr std::size_t checksum_at = 16;
    constexpr std::size_t v4_at = 12;
    const bool v4 = source.is_v4();
    Bytes text;
    text.reserve(tcp.size() + key.size() + 40);
    for (const IpAddress* address : {&source, &destination}) {
        text.insert(text.end(), address->bytes().begin() + (v4 ? v4_at : 0),
                    address->bytes().end());
    }
    const auto length = static_cast<std::uint32_t>(tcp.size());
    const auto put = [&](std::uint32_t value, int bytes) {
        for (int i = bytes - 1; i >= 0; --i) {
            text.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    };
    if (v4) {
        put(protocol::tcp, 2);
        put(length, 2);
    } else {
        put(length, 4);
        put(protocol::tcp, 4);
    }
    const std::size_t begin = text.size();
    text.insert(text.end(), tcp.begin(), tcp.begin() + plain_header);
    text[begin + checksum_at] = 0;
    text[begin + checksum_at + 1] = 0;
    text.insert(text.end(), tcp.begin() + static_cast<std::ptrdiff_t>(header), tcp.end());
    text.insert(text.end(), key.begin(), key.end());
    return md5(text);
}

}  // namespace ghostpeer::wire
