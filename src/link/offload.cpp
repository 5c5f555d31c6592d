#include "link/offload.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "link/big_endian.hpp"
#include "link/numbers.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace ghostpeer::link {

namespace {

using wire::Flags;
using wire::IpAddress;
using wire::ones_complement_sum;

constexpr std::size_t min_tcp_header = 20;
constexpr std::size_t seq_at = 4;
constexpr std::size_t flags_at = 13;
constexpr std::size_t tcp_checksum_at = 16;

/// Where things lie in a packet that is to be cut.
struct Layout {
    bool v4 = true;
    std::size_t ip_header = 0;      ///< IPv4 only: the header's size, options included
    std::size_t tcp = 0;            ///< offset of the TCP header
    std::size_t payload = 0;        ///< offset of the payload
    std::size_t segment_size = 0;   ///< payload bytes of each segment but the last
    std::uint16_t address_sum = 0;  ///< what the addresses add to the pseudo header
};

IpAddress v6_at(ByteView packet, std::size_t at) noexcept {
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return IpAddress::v6(bytes);
}

std::optional<Layout> layout_of(ByteView packet, const VirtioHeader& header,
                                std::size_t link_header) noexcept {
    const unsigned type = header.gso_type & ~unsigned{VirtioHeader::gso_ecn};
    Layout layout;
    layout.v4 = type == VirtioHeader::gso_tcp_v4;
    layout.segment_size = header.gso_size;
    const std::size_t min_ip_header = layout.v4 ? 20 : 40;
    if ((!layout.v4 && type != VirtioHeader::gso_tcp_v6) || layout.segment_size == 0 ||
        packet.size() < min_ip_header || packet[0] >> 4 != (layout.v4 ? 4 : 6)) {
        return std::nullopt;
    }
    layout.ip_header = layout.v4 ? std::size_t{packet[0] & 0x0fU} * 4 : min_ip_header;
    // Behind IPv6 extension headers only checksum_start says where the TCP header is.
    layout.tcp = layout.v4 ? layout.ip_header
                           : header.checksum_start -
                                 std::min<std::size_t>(header.checksum_start, link_header);
    if (layout.ip_header < min_ip_header || layout.tcp < layout.ip_header ||
        layout.tcp + min_tcp_header > packet.size()) {
        return std::nullopt;
    }
    layout.payload = layout.tcp + std::size_t{packet[layout.tcp + 12]} / 16 * 4;
    if (layout.payload < layout.tcp + min_tcp_header ||
        layout.payload + layout.segment_size >= packet.size()) {
        return std::nullopt;  // nothing to cut
    }
    layout.address_sum = layout.v4
                             ? ones_complement_sum(packet.subspan(12, 8))
                             : wire::pseudo_header_sum(v6_at(packet, 8), v6_at(packet, 24), 0, 0);
    return layout;
}

void finish_segment(MutableBytes segment, const Layout& layout, std::uint32_t index, bool last) {
    if (layout.v4) {
        write_u16(segment, 2, static_cast<std::uint32_t>(segment.size()));
        write_u16(segment, 4, read_u16(segment, 4) + index);
        write_u16(segment, 10, 0);
        const unsigned sum = ones_complement_sum(segment.first(layout.ip_header));
        write_u16(segment, 10, ~sum);
    } else {
        write_u16(segment, 4, static_cast<std::uint32_t>(segment.size() - 40));
    }
    const MutableBytes tcp = segment.subspan(layout.tcp);
    const auto offset = static_cast<std::uint32_t>(index * layout.segment_size);
    write_u32(tcp, seq_at, read_u32(tcp, seq_at) + offset);
    const unsigned cleared = (last ? 0U : Flags::fin | Flags::psh) | (index > 0 ? Flags::cwr : 0U);
    tcp[flags_at] = static_cast<std::uint8_t>(tcp[flags_at] & ~cleared);
    write_u16(tcp, tcp_checksum_at, 0);
    const std::uint32_t pseudo =
        layout.address_sum + tcp_protocol + static_cast<std::uint32_t>(tcp.size());
    const unsigned sum = ones_complement_sum(tcp, pseudo);
    write_u16(tcp, tcp_checksum_at, ~sum);
}

void append_segments(PacketBatch& batch, ByteView packet, const Layout& layout) {
    const ByteView headers = packet.first(layout.payload);
    ByteView left = packet.subspan(layout.payload);
    for (std::uint32_t index = 0; !left.empty(); ++index) {
        const ByteView part = left.first(std::min(left.size(), layout.segment_size));
        left = left.subspan(part.size());
        const MutableBytes segment = batch.append(headers.size() + part.size());
        std::copy(part.begin(), part.end(),
                  std::copy(headers.begin(), headers.end(), segment.begin()));
        finish_segment(segment, layout, index, left.empty());
    }
}

/// As skb_checksum_help: the field holds the sum of the pseudo header already.
void fill_in_checksum(MutableBytes packet, std::size_t start, std::size_t offset) noexcept {
    if (start > packet.size() || start + offset + 2 > packet.size()) {
        return;
    }
    const unsigned sum = ~unsigned{ones_complement_sum(packet.subspan(start))} & 0xffff;
    write_u16(packet, start + offset, sum == 0 ? 0xffff : sum);
}

}  // namespace

void append_as_on_wire(PacketBatch& batch, ByteView ip_packet, const VirtioHeader& header,
                       std::size_t link_header) {
    const bool partial = (header.flags & VirtioHeader::needs_checksum) != 0;
    if (partial && header.gso_type != VirtioHeader::gso_none) {
        if (const auto layout = layout_of(ip_packet, header, link_header)) {
            append_segments(batch, ip_packet, *layout);
            return;
        }
    }
    const MutableBytes packet = batch.append(ip_packet.size());
    std::copy(ip_packet.begin(), ip_packet.end(), packet.begin());
    if (partial && header.checksum_start >= link_header) {
        fill_in_checksum(packet, header.checksum_start - link_header, header.checksum_offset);
    }
}

}  // namespace ghostpeer::link
