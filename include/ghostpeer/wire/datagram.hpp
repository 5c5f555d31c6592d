// IP packets <-> UDP datagrams (RFC 768).
#pragma once

#include "ghostpeer/wire/codec.hpp"

#include <optional>
#include <span>

namespace ghostpeer::wire {

/// One UDP datagram as a value.
struct Datagram {
    Endpoint source{};
    Endpoint destination{};
    Bytes payload{};
    friend bool operator==(const Datagram&, const Datagram&) = default;
};

/// Reads one IP packet; nothing where it is no whole UDP datagram with a right checksum. Never
/// throws, whatever the bytes are.
[[nodiscard]] std::optional<Datagram> decode_datagram(std::span<const std::uint8_t> packet,
                                                      const DecodeOptions& options = {}) noexcept;

/// Writes the IP packet, checksums included. Empty where the payload is too long for one, the
/// addresses are not of one family, or there is no memory.
[[nodiscard]] Bytes encode(const Datagram& datagram) noexcept;

}  // namespace ghostpeer::wire
