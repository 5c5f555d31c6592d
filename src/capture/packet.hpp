// A captured packet as a segment, whatever the capture has done to it.
#pragma once

#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/reassembly.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <span>
#include <variant>

namespace ghostpeer::capture {

struct TcpPacket {
    wire::Segment segment;     ///< its payload may be cut
    std::uint32_t length = 0;  ///< of the payload on the wire
    bool reassembled = false;  ///< it came in fragments
};

struct IcmpPacket {
    wire::IcmpReport report;
    wire::IpAddress from;
};

/// Why a packet is neither.
enum class NoSegment : std::uint8_t {
    other,       ///< another protocol, or a fragment whose packet is not whole yet
    malformed,   ///< no IP packet, or no whole TCP header
    cut,         ///< the snap length has left no whole TCP header
    signed_tcp,  ///< with an MD5 signature
};
using OpenedPacket = std::variant<NoSegment, TcpPacket, IcmpPacket>;

/// Undoes what captures do: a snap length (the packet is shorter than it says), segmentation
/// offload (its length does not fit in 16 bits, or is 0), checksums that a card would have filled
/// in, fragments.
class PacketOpener {
  public:
    /// `ip`: as much as was captured, from the IP header on; `on_wire`: how long that was there,
    /// with padding of the link.
    [[nodiscard]] OpenedPacket open(std::span<const std::uint8_t> ip, std::uint64_t on_wire,
                                    Duration at);

  private:
    [[nodiscard]] OpenedPacket open_whole(std::span<const std::uint8_t> ip, std::uint64_t missing);

    wire::Reassembly fragments_;
    wire::Bytes patched_;
};

}  // namespace ghostpeer::capture
