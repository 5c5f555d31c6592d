// The TCP header of a packet: libtins would take six allocations to write one, and bring
// libcrypto and libsystemd to every run.
#pragma once

#include "wire/ip_packet.hpp"

namespace ghostpeer::wire {

/// The segment that an IP packet of protocol TCP carries, or what is wrong with it.
/// `any_signature`: of these nothing is.
[[nodiscard]] Decoded decode_tcp(const IpPacket& ip, const DecodeOptions& how,
                                 bool any_signature = false) noexcept;

/// Writes the header of `segment` with its options, of `tcp_header_size` bytes and the checksum 0.
void write_tcp_header(std::uint8_t* at, const Segment& segment) noexcept;

}  // namespace ghostpeer::wire
