// Addresses that begin alike.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::wire {

/// `198.18.64.0/24`, `2001:2::/64`; an address alone is a block of one.
struct AddressBlock {
    IpAddress first;       ///< all bits behind the prefix are 0
    unsigned prefix = 32;  ///< bits that its addresses have in common, of 32 or 128

    /// Nothing where the text is no block, or the address has more bits than its prefix.
    [[nodiscard]] static std::optional<AddressBlock> parse(std::string_view text);

    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    /// Addresses of hosts in it: all but the first and the last of an IPv4 block that has more than
    /// two. UINT64_MAX where there are more.
    [[nodiscard]] std::uint64_t hosts() const noexcept;
    /// The host of that number, from 0 on; less than hosts().
    [[nodiscard]] IpAddress host(std::uint64_t number) const noexcept;
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const AddressBlock&, const AddressBlock&) noexcept = default;
};

}  // namespace ghostpeer::wire
