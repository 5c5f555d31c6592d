#include "ghostpeer/wire/mangle.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "wire/ip_packet.hpp"
#include "wire/option_layout.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::wire {

namespace {

constexpr std::size_t max_packet = 65535;
constexpr std::size_t data_offset_at = 12;
constexpr std::size_t tcp_checksum_at = 16;
constexpr std::size_t ip_checksum_at = 10;

bool is_v4(ByteView packet) noexcept { return packet[0] >> 4 == 4; }

std::size_t ip_header_size(ByteView packet) noexcept {
    return is_v4(packet) ? ipv4_header_size : ipv6_header_size;
}

void write_length(Bytes& packet, std::size_t total) noexcept {
    if (is_v4(packet)) {
        write_u16(packet.data() + 2, static_cast<std::uint16_t>(total));
        return;
    }
    const std::size_t payload = total - std::min(total, ipv6_header_size);
    write_u16(packet.data() + 4, static_cast<std::uint16_t>(payload));
}

void write_ip_checksum(std::uint8_t* header) noexcept {
    write_u16(header + ip_checksum_at, 0);
    const std::uint16_t sum = ones_complement_sum({header, ipv4_header_size});
    write_u16(header + ip_checksum_at, static_cast<std::uint16_t>(~sum));
}

/// One bit, because the complement of a right field may be right as well (0 and 0xffff).
void spoil(std::uint8_t* checksum) noexcept { checksum[1] ^= 1U; }

void put_options(Bytes& packet, Bytes area) {
    area.resize(std::min((area.size() + 3) / 4 * 4, max_options_size));
    const std::size_t tcp = ip_header_size(packet);
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(tcp + min_tcp_header), area.begin(),
                  area.end());
    packet[tcp + data_offset_at] =
        static_cast<std::uint8_t>((min_tcp_header + area.size()) / 4 << 4);
    write_length(packet, packet.size());
}

void write_tcp_checksum(Bytes& packet, const Segment& segment, std::size_t total) noexcept {
    const std::size_t tcp = ip_header_size(packet);
    // What lies beyond the length that is told takes no part; a header cut short has no checksum.
    const std::size_t end = total < tcp + min_tcp_header ? packet.size() : total;
    const auto bytes = ByteView(packet).first(std::min(end, packet.size())).subspan(tcp);
    write_u16(packet.data() + tcp + tcp_checksum_at, 0);
    const std::uint16_t pseudo =
        pseudo_header_sum(segment.source.address, segment.destination.address, protocol::tcp,
                          static_cast<std::uint32_t>(bytes.size()));
    const std::uint16_t sum = ones_complement_sum(bytes, pseudo);
    write_u16(packet.data() + tcp + tcp_checksum_at, static_cast<std::uint16_t>(~sum));
}

Bytes distorted(const Segment& segment, const Distortion& lie) {
    Segment plain = segment;
    if (lie.options) {
        plain.options = {};
        const std::size_t room = max_packet - ipv6_header_size - min_tcp_header - max_options_size;
        plain.payload.resize(std::min(plain.payload.size(), room));
    }
    Bytes packet = encode(plain);
    if (packet.empty()) {
        return packet;
    }
    if (lie.options) {
        put_options(packet, *lie.options);
    }
    const std::size_t tcp = ip_header_size(packet);
    std::uint8_t& offset = packet[tcp + data_offset_at];
    if (lie.data_offset) {
        offset = static_cast<std::uint8_t>((*lie.data_offset & 0xfU) << 4 | (offset & 0xfU));
    }
    if (lie.reserved) {
        offset = static_cast<std::uint8_t>((offset & 0xf0U) | (*lie.reserved & 0xfU));
    }
    const std::size_t total = lie.total_length.value_or(packet.size());
    write_length(packet, total);
    write_tcp_checksum(packet, segment, total);
    if (lie.wrong_tcp_checksum) {
        spoil(packet.data() + tcp + tcp_checksum_at);
    }
    if (is_v4(packet)) {
        write_ip_checksum(packet.data());
        if (lie.wrong_ip_checksum) {
            spoil(packet.data() + ip_checksum_at);
        }
    }
    return packet;
}

// Fragments ------------------------------------------------------------------------------------

/// The header of a fragment (RFC 791, 3.2; RFC 8200, 4.5); `offset` in bytes.
Bytes fragment_header(ByteView packet, std::size_t offset, std::size_t size, bool more,
                      std::uint32_t id) {
    constexpr std::uint16_t more_fragments = 0x2000;
    constexpr std::uint8_t fragment_extension = 44;
    const auto units = static_cast<std::uint16_t>(offset / 8);
    Bytes header(packet.begin(),
                 packet.begin() + static_cast<std::ptrdiff_t>(ip_header_size(packet)));
    if (is_v4(packet)) {
        const bool wrong = ones_complement_sum(header) != 0xffff;
        write_u16(header.data() + 2, static_cast<std::uint16_t>(ipv4_header_size + size));
        write_u16(header.data() + 4, static_cast<std::uint16_t>(id));
        write_u16(header.data() + 6,
                  static_cast<std::uint16_t>(units | (more ? more_fragments : 0U)));
        write_ip_checksum(header.data());
        if (wrong) {
            spoil(header.data() + ip_checksum_at);
        }
        return header;
    }
    const std::uint8_t next = std::exchange(header[6], fragment_extension);
    write_u16(header.data() + 4, static_cast<std::uint16_t>(8 + size));
    header.resize(ipv6_header_size + 8);
    std::uint8_t* extension = header.data() + ipv6_header_size;
    extension[0] = next;
    write_u16(extension + 2, static_cast<std::uint16_t>(unsigned{units} << 3U | (more ? 1U : 0U)));
    write_u16(extension + 4, static_cast<std::uint16_t>(id >> 16));
    write_u16(extension + 6, static_cast<std::uint16_t>(id));
    return header;
}

std::vector<Bytes> cut(ByteView packet, std::size_t size, std::uint32_t id) {
    const std::size_t header_size = packet.empty() ? 0 : ip_header_size(packet);
    const bool plain = packet.size() > header_size && (packet[0] == 0x45 || packet[0] >> 4 == 6);
    if (!plain || packet.size() - header_size <= size) {
        return {Bytes(packet.begin(), packet.end())};
    }
    std::vector<Bytes> fragments;
    const ByteView data = packet.subspan(header_size);
    for (std::size_t at = 0; at < data.size(); at += size) {
        const auto part = data.subspan(at, std::min(size, data.size() - at));
        const bool more = at + part.size() < data.size();
        Bytes fragment = fragment_header(packet, at, part.size(), more, id);
        fragment.insert(fragment.end(), part.begin(), part.end());
        fragments.push_back(std::move(fragment));
    }
    return fragments;
}

}  // namespace

Bytes encode(const Segment& segment, const Distortion& distortion) noexcept {
    try {
        return distorted(segment, distortion);
    } catch (...) {
        return {};  // out of memory: an empty packet, which no link sends
    }
}

std::vector<Bytes> fragment(ByteView packet, std::uint16_t size, std::uint32_t id) noexcept {
    try {
        return cut(packet, std::max<std::size_t>(size / 8U * 8U, 8), id);
    } catch (...) {
        return {};
    }
}

}  // namespace ghostpeer::wire
