#include <doctest/doctest.h>

#include "ghostpeer/wire/address_block.hpp"

using ghostpeer::wire::AddressBlock;
using ghostpeer::wire::IpAddress;

namespace {

AddressBlock block(std::string_view text) {
    const auto parsed = AddressBlock::parse(text);
    REQUIRE_MESSAGE(parsed, text);
    return *parsed;
}

bool holds(std::string_view text, std::string_view address) {
    return block(text).contains(*IpAddress::parse(address));
}

}  // namespace

TEST_CASE("a block of addresses is read, or is none") {
    for (const std::string_view text :
         {"", "x", "198.18.0.0/", "198.18.0.0/33", "198.18.0.0/-1", "198.18.0.0/24x",
          "198.18.0.1/24", "2001:2::/129", "2001:2::1/64", "/24", "198.18.0.0/24/24"}) {
        CHECK_FALSE_MESSAGE(AddressBlock::parse(text), text);
    }
    for (const std::string_view text :
         {"198.18.64.0/24", "198.18.0.7", "2001:2::/48", "::1", "0.0.0.0/0", "::/0"}) {
        CHECK(block(text).to_string() == text);
    }
    CHECK(block("198.18.0.7/32").to_string() == "198.18.0.7");
}

TEST_CASE("a block contains what begins as it does, of its family alone") {
    CHECK(holds("198.18.64.0/22", "198.18.67.255"));
    CHECK_FALSE(holds("198.18.64.0/22", "198.18.68.0"));
    CHECK(holds("198.18.0.7", "198.18.0.7"));
    CHECK_FALSE(holds("198.18.0.7", "198.18.0.6"));
    CHECK(holds("0.0.0.0/0", "1.2.3.4"));
    CHECK_FALSE(holds("0.0.0.0/0", "2001:2::2"));
    CHECK_FALSE(holds("::/0", "1.2.3.4"));
    CHECK(holds("2001:2::/31", "2001:3::1"));
    CHECK_FALSE(holds("2001:2::/32", "2001:3::1"));
}

TEST_CASE("the hosts of a block are counted and numbered") {
    CHECK(block("198.18.64.0/24").hosts() == 254);
    CHECK(block("198.18.64.0/24").host(0).to_string() == "198.18.64.1");
    CHECK(block("198.18.64.0/24").host(253).to_string() == "198.18.64.254");
    CHECK(block("198.18.64.0/31").hosts() == 2);
    CHECK(block("198.18.64.0/31").host(0).to_string() == "198.18.64.0");
    CHECK(block("198.18.0.7").hosts() == 1);
    CHECK(block("198.18.0.7").host(0).to_string() == "198.18.0.7");
    CHECK(block("0.0.0.0/0").hosts() == 4'294'967'294U);
    CHECK(block("2001:2::/112").hosts() == 65'536);
    CHECK(block("2001:2::/112").host(258).to_string() == "2001:2::102");
    CHECK(block("2001:2::/64").hosts() == UINT64_MAX);
    CHECK(block("::/0").host(1).to_string() == "::1");
}
