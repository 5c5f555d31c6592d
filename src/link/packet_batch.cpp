#include "link/packet_batch.hpp"

namespace ghostpeer::link {

std::span<std::uint8_t> PacketBatch::append(std::size_t size) {
    const std::size_t from = used();
    if (arena_.size() < from + size) {
        arena_.resize(2 * (from + size));
    }
    ends_.push_back(from + size);
    return {arena_.data() + from, size};
}

}  // namespace ghostpeer::link
