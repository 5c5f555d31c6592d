#include "packets/packets.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "wire/ip_packet.hpp"

#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>
#include <tins/udp.h>

namespace ghostpeer::packets {

using namespace wire;

namespace {

constexpr std::size_t udp_header_size = 8;
constexpr std::size_t largest_ip_packet = 65535;

template <typename Ip>
Bytes serialize(Ip ip, const Datagram& datagram) {
    Tins::UDP udp(datagram.destination.port, datagram.source.port);
    udp.inner_pdu(
        Tins::RawPDU(datagram.payload.data(), static_cast<std::uint32_t>(datagram.payload.size())));
    ip.inner_pdu(udp);
    return ip.serialize();
}

Bytes write(const Datagram& datagram) {
    const IpAddress& from = datagram.source.address;
    const IpAddress& to = datagram.destination.address;
    if (from.is_v4()) {
        Tins::IP ip(Tins::IPv4Address(to.to_string()), Tins::IPv4Address(from.to_string()));
        ip.ttl(64);
        return serialize(std::move(ip), datagram);
    }
    Tins::IPv6 ip(Tins::IPv6Address(to.bytes().data()), Tins::IPv6Address(from.bytes().data()));
    ip.hop_limit(64);
    return serialize(std::move(ip), datagram);
}

}  // namespace

std::optional<Datagram> decode_datagram(ByteView packet, const DecodeOptions& options) noexcept {
    const auto ip = open_ip_packet(packet, options.verify_checksums);
    if (!ip || ip->protocol != protocol::udp || ip->payload.size() < udp_header_size) {
        return std::nullopt;
    }
    const std::size_t length = read_u16(ip->payload, 4);
    if (length < udp_header_size || length > ip->payload.size()) {
        return std::nullopt;
    }
    const ByteView bytes = ip->payload.first(length);
    // In IPv4 a checksum of 0 says that there is none (RFC 768); IPv6 demands one (RFC 8200, 8.1).
    const bool has_checksum = !ip->v4 || read_u16(bytes, 6) != 0;
    if (options.verify_checksums && has_checksum &&
        ones_complement_sum(bytes, pseudo_header_sum(ip->source, ip->destination, protocol::udp,
                                                     static_cast<std::uint32_t>(length))) !=
            0xffff) {
        return std::nullopt;
    }
    try {
        const ByteView payload = bytes.subspan(udp_header_size);
        return Datagram{{ip->source, read_u16(bytes, 0)},
                        {ip->destination, read_u16(bytes, 2)},
                        Bytes(payload.begin(), payload.end())};
    } catch (...) {
        return std::nullopt;
    }
}

Bytes encode(const Datagram& datagram) noexcept {
    const bool v4 = datagram.source.address.is_v4();
    const std::size_t headers = (v4 ? ipv4_header_size : ipv6_header_size) + udp_header_size;
    if (v4 != datagram.destination.address.is_v4() ||
        datagram.payload.size() > largest_ip_packet - headers) {
        return {};
    }
    try {
        return write(datagram);
    } catch (...) {
        return {};
    }
}

}  // namespace ghostpeer::packets
