// What the kernel leaves to a network card, done here: checksums and segmentation.
#pragma once

#include "link/packet_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ghostpeer::link {

/// The largest packet that the kernel hands over unsegmented, an Ethernet header included.
inline constexpr std::size_t max_unsegmented = 65536 + 64;

/// What the kernel puts before each packet: struct virtio_net_hdr of the VIRTIO specification,
/// 5.1.6, in the machine's byte order. <linux/virtio_net.h> has a member named `class`.
struct VirtioHeader {
    static constexpr std::uint8_t needs_checksum = 1;  ///< a flag
    static constexpr std::uint8_t gso_none = 0;
    static constexpr std::uint8_t gso_tcp_v4 = 1;
    static constexpr std::uint8_t gso_tcp_v6 = 4;
    static constexpr std::uint8_t gso_ecn = 0x80;  ///< a bit beside the type

    std::uint8_t flags = 0;
    std::uint8_t gso_type = gso_none;
    std::uint16_t header_length = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t checksum_start = 0;   ///< where summing begins
    std::uint16_t checksum_offset = 0;  ///< from there to the field
};
static_assert(sizeof(VirtioHeader) == 10);

/// Appends the packets that a card would have put on the wire for this one: with its checksum
/// filled in, and cut into TCP segments as the kernel's own tcp_gso_segment cuts (sequence
/// numbers and IPv4 identifications count up; FIN and PSH on the last, CWR on the first).
/// The header's offsets count from `link_header` bytes before the IP packet. What does not fit
/// together is appended unchanged.
void append_as_on_wire(PacketBatch& batch, std::span<const std::uint8_t> ip_packet,
                       const VirtioHeader& header, std::size_t link_header = 0);

}  // namespace ghostpeer::link
