#include "ghostpeer/wire/address.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <set>
#include <string>

using namespace ghostpeer::wire;
using namespace std::string_literals;

TEST_CASE("wire: addresses are read and written") {
    const auto v4 = IpAddress::parse("198.18.0.2");
    REQUIRE(v4);
    CHECK(v4->is_v4());
    CHECK(v4->v4_host_order() == 0xc6120002);
    CHECK(*v4 == IpAddress::v4(0xc6120002));
    CHECK(v4->to_string() == "198.18.0.2");

    const auto v6 = IpAddress::parse("2001:2::2");
    REQUIRE(v6);
    CHECK_FALSE(v6->is_v4());
    CHECK(v6->to_string() == "2001:2::2");
    CHECK(IpAddress::parse("[2001:2::2]") == v6);
    CHECK(IpAddress::v6(v6->bytes()) == *v6);
    CHECK(IpAddress::parse("::ffff:198.18.0.2") == v4);
    CHECK(IpAddress{}.to_string() == "::");
}

TEST_CASE("wire: what is no address is refused") {
    for (const std::string& text :
         {""s, "198.18.0"s, "198.18.0.256"s, "198.18.0.2 "s, "198.18.0.2\0x"s, "[198.18.0.2]"s,
          "[2001:2::2"s, "2001:2::2%eth0"s, "2001:::2"s, "[]"s, "["s, "localhost"s,
          std::string(100'000, ':')}) {
        CAPTURE(text.substr(0, 40));
        CHECK_FALSE(IpAddress::parse(text));
    }
}

TEST_CASE("wire: endpoints are written as URLs write them") {
    CHECK(Endpoint{*IpAddress::parse("198.18.0.2"), 80}.to_string() == "198.18.0.2:80");
    CHECK(Endpoint{*IpAddress::parse("2001:2::2"), 65535}.to_string() == "[2001:2::2]:65535");
}

TEST_CASE("wire: the flow hash depends on each bit of the flow and on the key") {
    const Flow flow{{*IpAddress::parse("2001:2::2"), 80}, {*IpAddress::parse("2001:2::1"), 40000}};
    const FlowHash hash{12345};
    CHECK(hash(flow) == hash(flow));
    CHECK(hash(flow) != FlowHash{12346}(flow));

    std::set<std::size_t> seen{hash(flow)};
    int differing = 0;
    for (int endpoint = 0; endpoint < 2; ++endpoint) {
        for (std::size_t bit = 0; bit < 144; ++bit) {
            Flow other = flow;
            Endpoint& end = endpoint == 0 ? other.local : other.remote;
            if (bit < 128) {
                auto bytes = end.address.bytes();
                bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
                end.address = IpAddress::v6(bytes);
            } else {
                end.port = static_cast<std::uint16_t>(end.port ^ (1U << (bit - 128)));
            }
            seen.insert(hash(other));
            differing += std::popcount(hash(flow) ^ hash(other));
        }
    }
    CHECK(seen.size() == 289);
    // Each flipped bit of the flow should flip half of the 64 bits of the hash.
    CHECK(differing / 288 >= 30);
    CHECK(differing / 288 <= 34);
}

TEST_CASE("wire: neighbouring ports spread over the buckets of a table") {
    const IpAddress peer = IpAddress::v4(0xc6120002);
    const IpAddress program = IpAddress::v4(0xc6120001);
    std::set<std::size_t> buckets;
    for (std::uint16_t port = 32768; port < 32768 + 4096; ++port) {
        buckets.insert(FlowHash{7}({{peer, 80}, {program, port}}) % 4096);
    }
    // 4096 balls thrown at random into 4096 buckets hit about 63 % of them.
    CHECK(buckets.size() > 2450);
    CHECK(buckets.size() < 2730);
}
