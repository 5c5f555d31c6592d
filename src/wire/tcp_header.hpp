// The part of decoding that libtins does.
#pragma once

#include "wire/ip_packet.hpp"

namespace ghostpeer::wire {

/// The segment that an IP packet of protocol TCP carries, or what is wrong with it.
[[nodiscard]] Decoded decode_tcp(const IpPacket& ip, bool verify_checksum) noexcept;

}  // namespace ghostpeer::wire
