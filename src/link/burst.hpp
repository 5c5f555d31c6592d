// Segments of one flow put together, so that a whole window costs one system call.
#pragma once

#include "link/big_endian.hpp"
#include "link/offload.hpp"

#include <vector>

namespace ghostpeer::link {

/// The reverse of `append_as_on_wire`: holds consecutive data segments as one packet that tells
/// the kernel where its segments begin. Only what the kernel's tcp_gro_receive would put together
/// is put together: right checksums, nothing but ACK and PSH, all else equal.
class Burst {
  public:
    /// True if the packet is held now, behind what was held before. False if it cannot be: then
    /// send what is held, and try again or send the packet by itself.
    [[nodiscard]] bool hold(ByteView packet);

    [[nodiscard]] bool empty() const noexcept { return packet_.empty(); }
    void clear() noexcept { packet_.clear(); }

    /// What is held, ready to be sent behind `header()`: a single segment as it came.
    [[nodiscard]] ByteView packet() noexcept;
    /// Offsets count from `link_header` bytes before the packet.
    [[nodiscard]] VirtioHeader header(std::size_t link_header = 0) const noexcept;

  private:
    [[nodiscard]] bool continued_by(ByteView packet, std::size_t tcp) const noexcept;

    std::vector<std::uint8_t> packet_;
    std::size_t tcp_ = 0;           ///< offset of the TCP header
    std::size_t payload_ = 0;       ///< offset of the payload
    std::size_t segment_size_ = 0;  ///< payload bytes of the first segment
    bool complete_ = false;         ///< a short segment, or one with PSH, ends the burst
};

}  // namespace ghostpeer::link
