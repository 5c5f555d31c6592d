#include "wire/ip_packet.hpp"

#include "ghostpeer/wire/checksum.hpp"

#include <algorithm>

namespace ghostpeer::wire {

namespace {

constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t ipv6_fragment_protocol = 44;
constexpr std::uint8_t destination_options = 60;

IpAddress v4_at(ByteView packet, std::size_t at) noexcept {
    return IpAddress::v4(std::uint32_t{read_u16(packet, at)} << 16 | read_u16(packet, at + 2));
}

IpAddress v6_at(ByteView packet, std::size_t at) noexcept {
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return IpAddress::v6(bytes);
}

tl::expected<IpPacket, Oddity> open_v4(ByteView packet, bool verify_checksum) noexcept {
    if (packet.size() < ipv4_header_size) {
        return tl::unexpected(Oddity::truncated_ip);
    }
    const std::size_t header_size = std::size_t{packet[0] & 0x0fU} * 4;
    const std::size_t total_length = read_u16(packet, 2);
    if (header_size < ipv4_header_size || total_length < header_size ||
        total_length > packet.size()) {
        return tl::unexpected(Oddity::truncated_ip);
    }
    if (verify_checksum && ones_complement_sum(packet.first(header_size)) != 0xffff) {
        return tl::unexpected(Oddity::bad_ip_checksum);
    }
    const std::uint16_t fragment_field = read_u16(packet, 6);
    if ((fragment_field & 0x3fffU) != 0) {  // More Fragments, or an offset
        return tl::unexpected(Oddity::fragment);
    }
    return IpPacket{.source = v4_at(packet, 12),
                    .destination = v4_at(packet, 16),
                    .v4 = true,
                    .protocol = packet[9],
                    .ttl = packet[8],
                    .tos = packet[1],
                    .dont_fragment = (fragment_field & 0x4000U) != 0,
                    .packet = packet.first(total_length),
                    .payload = packet.first(total_length).subspan(header_size)};
}

tl::expected<IpPacket, Oddity> open_v6(ByteView packet) noexcept {
    if (packet.size() < ipv6_header_size ||
        ipv6_header_size + read_u16(packet, 4) > packet.size()) {
        return tl::unexpected(Oddity::truncated_ip);
    }
    packet = packet.first(ipv6_header_size + read_u16(packet, 4));
    IpPacket opened{.source = v6_at(packet, 8),
                    .destination = v6_at(packet, 24),
                    .v4 = false,
                    .protocol = packet[6],
                    .ttl = packet[7],
                    .tos = static_cast<std::uint8_t>(read_u16(packet, 0) >> 4),
                    .dont_fragment = true,
                    .packet = packet,
                    .payload = packet.subspan(ipv6_header_size)};
    if (opened.source.is_v4() || opened.destination.is_v4()) {
        // IPv4-mapped addresses must not stand on the wire; the kernel's ip6_rcv drops them too.
        return tl::unexpected(Oddity::not_ip);
    }
    // A jumbogram (RFC 2675) says length 0, so its hop-by-hop header is missing here: truncated.
    while (opened.protocol == hop_by_hop || opened.protocol == destination_options) {
        const std::size_t size =
            opened.payload.size() < 2 ? 8 : (std::size_t{opened.payload[1]} + 1) * 8;
        if (size > opened.payload.size()) {
            return tl::unexpected(Oddity::truncated_ip);
        }
        opened.protocol = opened.payload[0];
        opened.payload = opened.payload.subspan(size);
    }
    if (opened.protocol == ipv6_fragment_protocol) {
        return tl::unexpected(Oddity::fragment);
    }
    return opened;
}

}  // namespace

tl::expected<IpPacket, Oddity> open_ip_packet(ByteView packet, bool verify_checksum) noexcept {
    const int version = packet.empty() ? 0 : packet[0] >> 4;
    switch (version) {
        case 4: return open_v4(packet, verify_checksum);
        case 6: return open_v6(packet);
        default: return tl::unexpected(Oddity::not_ip);
    }
}

}  // namespace ghostpeer::wire
