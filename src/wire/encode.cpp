#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "wire/ip_packet.hpp"
#include "wire/tcp_header.hpp"

#include <algorithm>

namespace ghostpeer::wire {

namespace {

constexpr std::size_t max_packet = 65535;
constexpr std::size_t tcp_checksum_at = 16;

void write_v4_header(std::uint8_t* header, const Segment& segment, std::size_t total) noexcept {
    header[0] = 0x45;
    header[1] = segment.tos;
    write_u16(header + 2, static_cast<std::uint16_t>(total));
    write_u16(header + 4, segment.ip_id);
    write_u16(header + 6, segment.dont_fragment ? 0x4000 : 0);
    header[8] = segment.ttl;
    header[9] = protocol::tcp;
    std::copy_n(segment.source.address.bytes().begin() + 12, 4, header + 12);
    std::copy_n(segment.destination.address.bytes().begin() + 12, 4, header + 16);
    const std::uint16_t sum = ones_complement_sum({header, ipv4_header_size});
    write_u16(header + 10, static_cast<std::uint16_t>(~sum));
}

void write_v6_header(std::uint8_t* header, const Segment& segment, std::size_t total) noexcept {
    header[0] = static_cast<std::uint8_t>(0x60 | segment.tos >> 4);
    header[1] = static_cast<std::uint8_t>(segment.tos << 4 | (segment.flow_label >> 16 & 0xfU));
    write_u16(header + 2, static_cast<std::uint16_t>(segment.flow_label));
    write_u16(header + 4, static_cast<std::uint16_t>(total - ipv6_header_size));
    header[6] = protocol::tcp;
    header[7] = segment.ttl;
    std::copy_n(segment.source.address.bytes().begin(), 16, header + 8);
    std::copy_n(segment.destination.address.bytes().begin(), 16, header + 24);
}

}  // namespace

Bytes encode(const Segment& segment) noexcept {
    try {
        const IpAddress& source = segment.source.address;
        const IpAddress& destination = segment.destination.address;
        const bool v4 = source.is_v4() && destination.is_v4();
        const std::size_t ip_size = v4 ? ipv4_header_size : ipv6_header_size;
        const std::size_t headers = ip_size + tcp_header_size(segment.options);
        const auto payload =
            ByteView(segment.payload).first(std::min(segment.payload.size(), max_packet - headers));

        Bytes packet;
        packet.reserve(headers + payload.size());
        packet.resize(headers);
        packet.insert(packet.end(), payload.begin(), payload.end());
        write_tcp_header(packet.data() + ip_size, segment);
        if (v4) {
            write_v4_header(packet.data(), segment, packet.size());
        } else {
            write_v6_header(packet.data(), segment, packet.size());
        }
        const auto tcp = ByteView(packet).subspan(ip_size);
        const std::uint16_t pseudo = pseudo_header_sum(source, destination, protocol::tcp,
                                                       static_cast<std::uint32_t>(tcp.size()));
        const std::uint16_t sum = ones_complement_sum(tcp, pseudo);
        write_u16(packet.data() + ip_size + tcp_checksum_at, static_cast<std::uint16_t>(~sum));
        return packet;
    } catch (...) {
        return {};  // out of memory: an empty packet, which no link sends
    }
}

}  // namespace ghostpeer::wire
