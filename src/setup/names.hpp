// Names and addresses of a run's private network, both ways round.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace ghostpeer::setup {

/// The names that addresses of the private network stand for.
using NamesByAddress = std::unordered_map<wire::IpAddress, std::string>;

/// The addresses that names of the private network have; names in lower case.
using AddressesByName = std::map<std::string, std::vector<wire::IpAddress>>;

/// Of the ranges that the private network takes its addresses from (RFC 2544, RFC 5180).
[[nodiscard]] inline bool is_private_address(const wire::IpAddress& address) {
    if (address.is_v4()) {
        return address.v4_host_order() >> 17 == 0xc6120000U >> 17;
    }
    constexpr std::array<std::uint8_t, 6> prefix{0x20, 0x01, 0x00, 0x02, 0x00, 0x00};
    return std::equal(prefix.begin(), prefix.end(), address.bytes().begin());
}

}  // namespace ghostpeer::setup
