#include "ghostpeer/wire/checksum.hpp"

#include <array>
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

template <typename Word>
std::uint64_t word_at(const std::uint8_t* at) noexcept {
    Word word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Fewer than eight bytes, by words of fixed sizes: a copy of any size would be a call.
std::uint64_t rest_at(const std::uint8_t* at, std::size_t size) noexcept {
    std::uint64_t sum = 0;
    if ((size & 4U) != 0) {
        sum += word_at<std::uint32_t>(at);
        at += 4;
    }
    if ((size & 2U) != 0) {
        sum += word_at<std::uint16_t>(at);
        at += 2;
    }
    if ((size & 1U) != 0) {
        // The first byte of a word of two, the other being 0.
        const std::array<std::uint8_t, 2> last{*at, 0};
        sum += word_at<std::uint16_t>(last.data());
    }
    return sum;
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
        add(first, word_at<std::uint64_t>(at));
        add(second, word_at<std::uint64_t>(at + 8));
    }
    if (left >= 8) {
        add(first, word_at<std::uint64_t>(at));
        at += 8;
        left -= 8;
    }
    add(second, rest_at(at, left));
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
