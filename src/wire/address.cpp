#include "ghostpeer/wire/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <type_traits>

namespace ghostpeer::wire {

namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::uint64_t word_at(const void* from, std::size_t offset) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const std::uint8_t*>(from) + offset, sizeof word);
    return word;
}

/// Both halves of the 128-bit product: each bit of the result depends on all bits of a and b.
std::uint64_t multiply_mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Odd constants with about as many ones as zeros: the fractional digits of pi.
constexpr std::uint64_t salt_0 = 0x243f6a8885a308d3;
constexpr std::uint64_t salt_1 = 0x13198a2e03707345;
constexpr std::uint64_t salt_2 = 0xa4093822299f31d1;
constexpr std::uint64_t salt_3 = 0x082efa98ec4e6c89;

void append_number(std::string& text, unsigned number) {
    std::array<char, 10> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    text.append(digits.begin(), end);
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) noexcept {
    IpAddress address;
    std::copy(v4_prefix.begin(), v4_prefix.end(), address.bytes_.begin());
    address.bytes_[12] = static_cast<std::uint8_t>(host_order >> 24);
    address.bytes_[13] = static_cast<std::uint8_t>(host_order >> 16);
    address.bytes_[14] = static_cast<std::uint8_t>(host_order >> 8);
    address.bytes_[15] = static_cast<std::uint8_t>(host_order);
    return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) noexcept {
    IpAddress address;
    address.bytes_ = bytes;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) {
        text = text.substr(1, text.size() - 2);
    }
    // inet_pton stops at a NUL, which would make the rest of the text pass unseen.
    if (text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string terminated(text);
    std::array<std::uint8_t, 16> bytes{};
    if (!bracketed && ::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
        return v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                  std::uint32_t{bytes[2]} << 8 | bytes[3]);
    }
    if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
        return v6(bytes);
    }
    return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
    return std::memcmp(bytes_.data(), v4_prefix.data(), v4_prefix.size()) == 0;
}

std::uint32_t IpAddress::v4_host_order() const noexcept {
    return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
           std::uint32_t{bytes_[14]} << 8 | bytes_[15];
}

void IpAddress::append_to(std::string& text) const {
    if (is_v4()) {
        for (std::size_t i = v4_prefix.size(); i < bytes_.size(); ++i) {
            append_number(text, bytes_[i]);
            text += i + 1 < bytes_.size() ? "." : "";
        }
        return;
    }
    std::array<char, INET6_ADDRSTRLEN> six{};
    ::inet_ntop(AF_INET6, bytes_.data(), six.data(), six.size());
    text += six.data();
}

std::string IpAddress::to_string() const {
    std::string text;
    append_to(text);
    return text;
}

void Endpoint::append_to(std::string& text) const {
    const bool six = !address.is_v4();
    text += six ? "[" : "";
    address.append_to(text);
    text += six ? "]:" : ":";
    append_number(text, port);
}

std::string Endpoint::to_string() const {
    std::string text;
    append_to(text);
    return text;
}

std::size_t FlowHash::operator()(const Flow& flow) const noexcept {
    static_assert(sizeof(Flow) == 36 && std::has_unique_object_representations_v<Flow>);
    std::uint32_t tail = 0;
    std::memcpy(&tail, reinterpret_cast<const std::uint8_t*>(&flow) + 32, sizeof tail);
    const std::uint64_t turned = std::rotl(key, 29);
    const std::uint64_t a =
        multiply_mix(word_at(&flow, 0) ^ salt_0 ^ key, word_at(&flow, 8) ^ salt_1 ^ turned);
    const std::uint64_t b =
        multiply_mix(word_at(&flow, 16) ^ salt_2 ^ key, word_at(&flow, 24) ^ salt_3 ^ turned);
    return static_cast<std::size_t>(
        multiply_mix(a ^ salt_2 ^ turned, b ^ salt_1 ^ (tail * salt_0) ^ key));
}

}  // namespace ghostpeer::wire

std::size_t std::hash<ghostpeer::wire::IpAddress>::operator()(
    const ghostpeer::wire::IpAddress& address) const noexcept {
    using namespace ghostpeer::wire;
    const auto* bytes = address.bytes().data();
    return static_cast<std::size_t>(
        multiply_mix(word_at(bytes, 0) ^ salt_0, word_at(bytes, 8) ^ salt_1));
}

std::size_t std::hash<ghostpeer::wire::Endpoint>::operator()(
    const ghostpeer::wire::Endpoint& endpoint) const noexcept {
    using namespace ghostpeer::wire;
    const std::size_t address = std::hash<IpAddress>{}(endpoint.address);
    return static_cast<std::size_t>(multiply_mix(address ^ salt_2, endpoint.port ^ salt_3));
}
