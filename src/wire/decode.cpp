#include "ghostpeer/wire/codec.hpp"
#include "wire/icmp_kinds.hpp"
#include "wire/ip_packet.hpp"
#include "wire/tcp_header.hpp"
#include "wire/unsigned.hpp"

#include <algorithm>
#include <array>

namespace ghostpeer::wire {

namespace {

OtherPacket describe_other(const IpPacket& ip) noexcept {
    OtherPacket other{.source = ip.source, .destination = ip.destination, .protocol = ip.protocol};
    if (ip.protocol == protocol::udp && ip.payload.size() >= 8) {
        other.destination_port = read_u16(ip.payload, 2);
    }
    other.foreign = ip.protocol != protocol::udp && ip.protocol != protocol::icmp &&
                    ip.protocol != protocol::icmpv6 && ip.protocol != protocol::igmp &&
                    ip.protocol != protocol::no_next_header;
    const bool icmp = ip.protocol == (ip.v4 ? protocol::icmp : protocol::icmpv6);
    other.echo_request = icmp && ip.payload.size() >= 8 &&
                         ip.payload[0] == (ip.v4 ? icmp_echo_request : icmpv6_echo_request);
    return other;
}

}  // namespace

std::string_view describe(Oddity oddity) noexcept {
    switch (oddity) {
        case Oddity::not_ip: return "not an IP packet";
        case Oddity::truncated_ip: return "truncated IP packet";
        case Oddity::bad_ip_checksum: return "bad IP checksum";
        case Oddity::fragment: return "IP fragment whose packet did not become whole";
        case Oddity::truncated_tcp: return "truncated TCP header";
        case Oddity::bad_tcp_checksum: return "bad TCP checksum";
        case Oddity::signed_tcp: return "TCP segment with an MD5 signature (RFC 2385)";
        case Oddity::not_tcp: return "not TCP";
    }
    return "odd packet";
}

std::optional<Flow> peek_flow(ByteView packet) noexcept {
    constexpr std::size_t ports = 4;
    if (packet.size() >= ipv4_header_size && packet[0] >> 4 == 4) {
        const std::size_t header = std::size_t{packet[0] & 0xfU} * 4;
        if (packet[9] == protocol::tcp && packet.size() >= header + ports) {
            return Flow{{IpAddress::v4(read_u32(packet, 16)), read_u16(packet, header + 2)},
                        {IpAddress::v4(read_u32(packet, 12)), read_u16(packet, header)}};
        }
    } else if (packet.size() >= ipv6_header_size + ports && packet[0] >> 4 == 6) {
        std::size_t header = ipv6_header_size;
        if (packet[6] != protocol::tcp) {
            // Few have other headers in between.
            const auto opened = open_ip_packet(packet, false);
            if (!opened || opened->protocol != protocol::tcp || opened->payload.size() < ports) {
                return std::nullopt;
            }
            header = static_cast<std::size_t>(opened->payload.data() - packet.data());
        }
        std::array<std::uint8_t, 16> source{};
        std::array<std::uint8_t, 16> destination{};
        std::copy_n(packet.begin() + 8, source.size(), source.begin());
        std::copy_n(packet.begin() + 24, destination.size(), destination.begin());
        return Flow{{IpAddress::v6(destination), read_u16(packet, header + 2)},
                    {IpAddress::v6(source), read_u16(packet, header)}};
    }
    return std::nullopt;
}

Decoded decode_unsigned(ByteView packet) noexcept {
    const auto ip = open_ip_packet(packet, false);
    if (!ip) {
        return ip.error();
    }
    return ip->protocol == protocol::tcp ? decode_tcp(*ip, {.verify_checksums = false}, true)
                                         : Decoded(describe_other(*ip));
}

Decoded decode(ByteView packet, const DecodeOptions& options) noexcept {
    const auto ip = open_ip_packet(packet, options.verify_checksums);
    if (!ip) {
        return ip.error();
    }
    if (ip->protocol != protocol::tcp) {
        return describe_other(*ip);
    }
    return decode_tcp(*ip, options);
}

}  // namespace ghostpeer::wire
