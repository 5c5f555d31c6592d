#include "ghostpeer/wire/address_block.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace ghostpeer::wire {
namespace {

constexpr unsigned bits_of_v4 = 32;
constexpr unsigned bits_of_v6 = 128;
constexpr unsigned before_v4 = bits_of_v6 - bits_of_v4;  // of an IPv4 address kept in 16 bytes

/// Of the 128 bits, those that are no part of the prefix.
[[nodiscard]] unsigned free_bits(const AddressBlock& block) noexcept {
    return (block.first.is_v4() ? bits_of_v4 : bits_of_v6) - block.prefix;
}

[[nodiscard]] bool bits_are_equal(const IpAddress& a, const IpAddress& b, unsigned bits) noexcept {
    for (unsigned i = 0; i * 8 < bits; ++i) {
        const unsigned left = bits - i * 8;
        const unsigned mask = left >= 8 ? 0xffU : 0xffU << (8 - left) & 0xffU;
        if (((a.bytes()[i] ^ b.bytes()[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

/// Behind the prefix.
[[nodiscard]] IpAddress with_number(const IpAddress& first, std::uint64_t number) noexcept {
    if (first.is_v4()) {
        return IpAddress::v4(first.v4_host_order() + static_cast<std::uint32_t>(number));
    }
    std::array<std::uint8_t, 16> bytes = first.bytes();
    for (std::size_t i = bytes.size(); number != 0; number >>= 8) {
        --i;
        bytes.at(i) = static_cast<std::uint8_t>(bytes.at(i) | (number & 0xffU));
    }
    return IpAddress::v6(bytes);
}

/// An IPv4 network's own address and its broadcast.
[[nodiscard]] bool has_ends(const AddressBlock& block) noexcept {
    return block.first.is_v4() && free_bits(block) > 1;
}

}  // namespace

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const unsigned all = address->is_v4() ? bits_of_v4 : bits_of_v6;
    AddressBlock block{*address, all};
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const char* const last = digits.data() + digits.size();
        const auto [end, error] = std::from_chars(digits.data(), last, block.prefix);
        if (error != std::errc{} || end != last || block.prefix > all) {
            return std::nullopt;
        }
    }
    // 198.18.64.1/24 may be a slip for the address or for the block.
    for (unsigned bit = bits_of_v6 - free_bits(block); bit < bits_of_v6; ++bit) {
        if ((address->bytes()[bit / 8] >> (7 - bit % 8) & 1U) != 0) {
            return std::nullopt;
        }
    }
    return block;
}

bool AddressBlock::contains(const IpAddress& address) const noexcept {
    return address.is_v4() == first.is_v4() &&
           bits_are_equal(address, first, (first.is_v4() ? before_v4 : 0) + prefix);
}

std::uint64_t AddressBlock::hosts() const noexcept {
    const unsigned bits = free_bits(*this);
    if (bits >= 64) {
        return UINT64_MAX;
    }
    return (std::uint64_t{1} << bits) - (has_ends(*this) ? 2 : 0);
}

IpAddress AddressBlock::host(std::uint64_t number) const noexcept {
    return with_number(first, number + (has_ends(*this) ? 1 : 0));
}

std::string AddressBlock::to_string() const {
    const unsigned all = first.is_v4() ? bits_of_v4 : bits_of_v6;
    return prefix == all ? first.to_string() : first.to_string() + "/" + std::to_string(prefix);
}

}  // namespace ghostpeer::wire
