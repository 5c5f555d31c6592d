#include "wire/ip_packet.hpp"

#include "ghostpeer/wire/checksum.hpp"

#include <algorithm>

namespace ghostpeer::wire {

namespace {

constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
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

/// The fields of an IPv4 header whose lengths are right; with the fragment field for itself.
struct V4Header {
    ByteView packet;
    std::size_t size = 0;
    std::uint16_t fragment_field = 0;

    /// More Fragments, or an offset.
    [[nodiscard]] bool is_fragment() const noexcept { return (fragment_field & 0x3fffU) != 0; }
};

tl::expected<V4Header, Oddity> open_v4_header(ByteView packet, bool verify_checksum) noexcept {
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
    return V4Header{packet.first(total_length), header_size, read_u16(packet, 6)};
}

tl::expected<IpPacket, Oddity> open_v4(ByteView packet, bool verify_checksum) noexcept {
    const auto header = open_v4_header(packet, verify_checksum);
    if (!header) {
        return tl::unexpected(header.error());
    }
    if (header->is_fragment()) {
        return tl::unexpected(Oddity::fragment);
    }
    return IpPacket{.source = v4_at(packet, 12),
                    .destination = v4_at(packet, 16),
                    .v4 = true,
                    .protocol = packet[9],
                    .protocol_at = 9,
                    .ttl = packet[8],
                    .tos = packet[1],
                    .dont_fragment = (header->fragment_field & 0x4000U) != 0,
                    .id = read_u16(packet, 4),
                    .packet = header->packet,
                    .payload = header->packet.subspan(header->size)};
}

/// RFC 8200, 4.4: whatever its type, a routing header that leads no further is passed over.
bool is_passed_over(const IpPacket& ip) noexcept {
    constexpr std::size_t segments_left = 3;
    return ip.protocol == hop_by_hop || ip.protocol == destination_options ||
           (ip.protocol == routing && ip.payload.size() > segments_left &&
            ip.payload[segments_left] == 0);
}

/// An IPv6 packet as far as the extension headers before the transport, or before a fragment
/// header, go.
tl::expected<IpPacket, Oddity> open_v6_headers(ByteView packet) noexcept {
    if (packet.size() < ipv6_header_size ||
        ipv6_header_size + read_u16(packet, 4) > packet.size()) {
        return tl::unexpected(Oddity::truncated_ip);
    }
    packet = packet.first(ipv6_header_size + read_u16(packet, 4));
    IpPacket opened{.source = v6_at(packet, 8),
                    .destination = v6_at(packet, 24),
                    .v4 = false,
                    .protocol = packet[6],
                    .protocol_at = 6,
                    .ttl = packet[7],
                    .tos = static_cast<std::uint8_t>(read_u16(packet, 0) >> 4),
                    .dont_fragment = true,
                    .flow_label = read_u32(packet, 0) & 0xfffffU,
                    .packet = packet,
                    .payload = packet.subspan(ipv6_header_size)};
    if (opened.source.is_v4() || opened.destination.is_v4()) {
        // IPv4-mapped addresses must not stand on the wire; the kernel's ip6_rcv drops them too.
        return tl::unexpected(Oddity::not_ip);
    }
    // A jumbogram (RFC 2675) says length 0, so its hop-by-hop header is missing here: truncated.
    while (is_passed_over(opened)) {
        const std::size_t size =
            opened.payload.size() < 2 ? 8 : (std::size_t{opened.payload[1]} + 1) * 8;
        if (size > opened.payload.size()) {
            return tl::unexpected(Oddity::truncated_ip);
        }
        opened.protocol_at = packet.size() - opened.payload.size();
        opened.protocol = opened.payload[0];
        opened.payload = opened.payload.subspan(size);
    }
    return opened;
}

tl::expected<IpPacket, Oddity> open_v6(ByteView packet) noexcept {
    auto ip = open_v6_headers(packet);
    if (ip && ip->protocol == ipv6_fragment_protocol) {
        return tl::unexpected(Oddity::fragment);
    }
    return ip;
}

std::optional<IpFragment> open_v4_fragment(ByteView packet) noexcept {
    const auto header = open_v4_header(packet, false);
    if (!header || !header->is_fragment()) {
        return std::nullopt;
    }
    return IpFragment{.source = v4_at(packet, 12),
                      .destination = v4_at(packet, 16),
                      .v4 = true,
                      .id = read_u16(packet, 4),
                      .offset = std::size_t{header->fragment_field & 0x1fffU} * 8,
                      .more = (header->fragment_field & 0x2000U) != 0,
                      .tos = packet[1],
                      .next_header = packet[9],
                      .head = packet.first(header->size),
                      .data = header->packet.subspan(header->size)};
}

std::optional<IpFragment> open_v6_fragment(ByteView packet) noexcept {
    constexpr std::size_t fragment_header_size = 8;
    const auto ip = open_v6_headers(packet);
    if (!ip || ip->protocol != ipv6_fragment_protocol ||
        ip->payload.size() < fragment_header_size) {
        return std::nullopt;
    }
    const std::uint16_t field = read_u16(ip->payload, 2);
    return IpFragment{.source = ip->source,
                      .destination = ip->destination,
                      .v4 = false,
                      .id = read_u32(ip->payload, 4),
                      .offset = field & 0xfff8U,
                      .more = (field & 1U) != 0,
                      .tos = ip->tos,
                      .next_header = ip->payload[0],
                      .head = ip->packet.first(ip->packet.size() - ip->payload.size()),
                      .next_header_at = ip->protocol_at,
                      .data = ip->payload.subspan(fragment_header_size)};
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

std::optional<IpFragment> open_ip_fragment(ByteView packet) noexcept {
    const int version = packet.empty() ? 0 : packet[0] >> 4;
    switch (version) {
        case 4: return open_v4_fragment(packet);
        case 6: return open_v6_fragment(packet);
        default: return std::nullopt;
    }
}

}  // namespace ghostpeer::wire
