// What stands before the IP header of a captured packet.
#pragma once

#include "packets/capture_file.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ghostpeer::capture {

struct Frame {
    std::span<const std::uint8_t> ip;  ///< from the IP header on
    std::uint16_t vlan = 0;            ///< the innermost tag; 0: none
    /// Of all that stood before: tells the same packet on two interfaces apart from two packets.
    std::uint64_t link_key = 0;
};

/// Nothing where no IP packet is in it.
[[nodiscard]] std::optional<Frame> open_frame(packets::LinkType type,
                                              std::span<const std::uint8_t> bytes) noexcept;

/// `Ethernet`, `Linux cooked v2`, …
[[nodiscard]] std::string_view name(packets::LinkType type) noexcept;

}  // namespace ghostpeer::capture
