#include "ghostpeer/wire/checksum.hpp"

#include <bit>
#include <cstring>

namespace ghostpeer::wire {

namespace {

std::uint16_t fold(std::uint64_t sum) noexcept {
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

void add(std::uint64_t& sum, std::uint64_t word) noexcept {
    sum += word;
    sum += sum < word ? 1U : 0U;
}

/// The first bytes of a word of 8, the others being 0.
std::uint64_t word_at(const std::uint8_t* at, std::size_t size) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    return word;
}

}  // namespace

std::uint16_t ones_complement_sum(std::span<const std::uint8_t> bytes,
                                  std::uint32_t start) noexcept {
    // The sum does not depend on the byte order in which it is made (RFC 1071, 2(B)), and words of
    // any size do as long as each carry comes back at the other end (2(C)). Two sums at a time,
    // since each has to wait for its own carry.
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    for (; left >= 16; at += 16, left -= 16) {
        add(first, word_at(at, 8));
        add(second, word_at(at + 8, 8));
    }
    if (left >= 8) {
        add(first, word_at(at, 8));
        at += 8;
        left -= 8;
    }
    add(second, word_at(at, left));
    add(first, second);
    std::uint16_t sum = fold(first);
    if constexpr (std::endian::native == std::endian::little) {
        sum = static_cast<std::uint16_t>((sum << 8) | (sum >> 8));
    }
    return fold(std::uint64_t{sum} + start);
}

std::uint16_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::uint32_t length) noexcept {
    const std::uint32_t rest = std::uint32_t{protocol} + (length >> 16) + (length & 0xffff);
    const std::span from(source.bytes());
    const std::span to(destination.bytes());
    // In both families the same two parts, long or short.
    const std::size_t skip = source.is_v4() && destination.is_v4() ? 12 : 0;
    return ones_complement_sum(from.subspan(skip), ones_complement_sum(to.subspan(skip), rest));
}

}  // namespace ghostpeer::wire
