#include "ghostpeer/wire/checksum.hpp"

#include "wire_packets.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace ghostpeer;
using namespace ghostpeer::wire;

namespace {

/// RFC 1071, 4.1, word by word.
std::uint16_t plain_sum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

TEST_CASE("wire: the sum is that of RFC 1071 for every length and alignment") {
    CHECK(ones_complement_sum(test::from_hex("0001f203f4f5f6f7")) == 0xddf2);  // RFC 1071, 3
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes(300);
    for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(random());
    }
    for (std::size_t from = 0; from < 8; ++from) {
        for (std::size_t length = 0; length < 280; ++length) {
            const auto part = std::span(bytes).subspan(from, length);
            REQUIRE(ones_complement_sum(part) == plain_sum(part));
        }
    }
    const std::vector<std::uint8_t> ones(65535, 0xff);
    CHECK(ones_complement_sum(ones) == plain_sum(ones));
}

TEST_CASE("wire: parts may be summed one after the other") {
    const Bytes packet = test::linux_syn();
    const auto all = std::span(packet);
    CHECK(ones_complement_sum(all.subspan(20), ones_complement_sum(all.first(20))) ==
          ones_complement_sum(all));
}

TEST_CASE("wire: with the pseudo header, Linux's own segments sum up to 0xffff") {
    const Bytes v4 = test::linux_data();
    const auto from = *IpAddress::parse("198.18.0.1");
    const auto to = *IpAddress::parse("198.18.0.2");
    CHECK(ones_complement_sum(std::span(v4).subspan(20), pseudo_header_sum(from, to, 6, 50)) ==
          0xffff);
    CHECK(ones_complement_sum(std::span(v4).subspan(20), pseudo_header_sum(from, to, 6, 51)) !=
          0xffff);
    const Bytes v6 = test::linux_syn_v6();
    CHECK(ones_complement_sum(std::span(v6).subspan(40),
                              pseudo_header_sum(*IpAddress::parse("2001:2::1"),
                                                *IpAddress::parse("2001:2::2"), 6, 40)) == 0xffff);
}
