#include "packets/packets.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "wire/icmp_kinds.hpp"
#include "wire/ip_packet.hpp"

#include <tins/icmp.h>
#include <tins/icmpv6.h>
#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>

#include <algorithm>

namespace ghostpeer::packets {

using namespace wire;

namespace {

constexpr std::uint8_t udp_lite = 136;
constexpr std::size_t icmp_header_size = 8;
// How much of the packet an error quotes: RFC 1812, 4.3.2.3 and RFC 4443, 2.4(c).
constexpr std::size_t max_icmp_error = 576;
constexpr std::size_t max_icmpv6_error = 1280;
constexpr std::uint8_t internetwork_control = 0xc0;  // RFC 1812, 4.3.2.5

bool has_ports(std::uint8_t number) noexcept {
    return number == protocol::tcp || number == protocol::udp || number == udp_lite;
}

/// Neither 0.0.0.0 nor multicast, reserved or broadcast.
bool is_unicast(const IpAddress& address) noexcept {
    if (address.is_v4()) {
        const std::uint32_t number = address.v4_host_order();
        return number != 0 && number < 0xe0000000;
    }
    return address != IpAddress{} && address.bytes()[0] != 0xff;
}

Tins::IP ipv4_answer(const IpPacket& to) {
    return {Tins::IPv4Address(to.source.to_string()),
            Tins::IPv4Address(to.destination.to_string())};
}

Tins::IPv6 ipv6_answer(const IpPacket& to) {
    return {Tins::IPv6Address(to.source.bytes().data()),
            Tins::IPv6Address(to.destination.bytes().data())};
}

template <typename Ip, typename Icmp>
Bytes serialize(Ip& ip, Icmp& icmp, ByteView data) {
    icmp.inner_pdu(Tins::RawPDU(data.data(), static_cast<std::uint32_t>(data.size())));
    ip.inner_pdu(icmp);
    return ip.serialize();
}

template <typename Ip, typename Icmp>
Bytes echo_answer(Ip ip, Icmp icmp, const IpPacket& request) {
    icmp.sequence(read_u16(request.payload, 6));
    return serialize(ip, icmp, request.payload.subspan(icmp_header_size));
}

bool right_checksum(const IpPacket& ip) noexcept {
    const std::uint16_t pseudo =
        ip.v4 ? std::uint16_t{0}
              : pseudo_header_sum(ip.source, ip.destination, ip.protocol,
                                  static_cast<std::uint32_t>(ip.payload.size()));
    return ones_complement_sum(ip.payload, pseudo) == 0xffff;
}

/// `detail`: the second half of the header, if the message has something to say there; `from`:
/// who sends it, else the host that was asked.
Bytes make_error(IcmpNumbers numbers, std::uint32_t detail, const IpPacket& about,
                 const std::optional<IpAddress>& from = {}) {
    const auto high = static_cast<std::uint16_t>(detail >> 16U);
    const auto low = static_cast<std::uint16_t>(detail);
    if (about.v4) {
        Tins::IP ip = ipv4_answer(about);
        ip.ttl(64);
        ip.tos(internetwork_control);
        if (from) {
            ip.src_addr(Tins::IPv4Address(from->to_string()));
        }
        Tins::ICMP icmp(static_cast<Tins::ICMP::Flags>(numbers.v4.type));
        icmp.code(numbers.v4.code);
        icmp.id(high);
        icmp.mtu(low);
        const std::size_t room = max_icmp_error - ipv4_header_size - icmp_header_size;
        return serialize(ip, icmp, about.packet.first(std::min(about.packet.size(), room)));
    }
    Tins::IPv6 ip = ipv6_answer(about);
    ip.hop_limit(64);
    if (from) {
        ip.src_addr(Tins::IPv6Address(from->bytes().data()));
    }
    Tins::ICMPv6 icmp(static_cast<Tins::ICMPv6::Types>(numbers.v6.type));
    icmp.code(numbers.v6.code);
    // Its 32 bits lie where an echo has its identifier and sequence number.
    icmp.identifier(high);
    icmp.sequence(low);
    const std::size_t room = max_icmpv6_error - ipv6_header_size - icmp_header_size;
    return serialize(ip, icmp, about.packet.first(std::min(about.packet.size(), room)));
}

/// RFC 4861, 4.5: the next hop, where the packet went to, and the packet in an option.
Bytes make_v6_redirect(const IpAddress& gateway, const IpPacket& about,
                       const std::optional<IpAddress>& from) {
    constexpr std::uint8_t of_a_neighbour = 255;
    constexpr std::size_t option_header = 8;
    constexpr std::uint8_t redirected_header = 4;
    const std::size_t room =
        (max_icmpv6_error - ipv6_header_size - icmp_header_size - 32 - option_header) / 8 * 8;
    const auto quoted = about.packet.first(std::min(about.packet.size(), room));
    const std::size_t units = (quoted.size() + option_header + 7) / 8;
    Bytes data(gateway.bytes().begin(), gateway.bytes().end());
    data.insert(data.end(), about.destination.bytes().begin(), about.destination.bytes().end());
    data.push_back(redirected_header);
    data.push_back(static_cast<std::uint8_t>(units));
    data.resize(data.size() + 6);
    data.insert(data.end(), quoted.begin(), quoted.end());
    data.resize(32 + 8 * units);
    // As any other error whose body this is: the library would write options of its own.
    Bytes packet = make_error({{}, {137, 0}}, 0, about, from);
    packet.resize(ipv6_header_size + icmp_header_size);
    packet.insert(packet.end(), data.begin(), data.end());
    packet[7] = of_a_neighbour;
    write_u16(packet.data() + 4, static_cast<std::uint16_t>(packet.size() - ipv6_header_size));
    std::uint8_t* const icmp = packet.data() + ipv6_header_size;
    write_u16(icmp + 2, 0);
    const auto body = ByteView(packet).subspan(ipv6_header_size);
    const std::uint16_t pseudo =
        pseudo_header_sum(from.value_or(about.destination), about.source, protocol::icmpv6,
                          static_cast<std::uint32_t>(body.size()));
    write_u16(icmp + 2, static_cast<std::uint16_t>(~ones_complement_sum(body, pseudo)));
    return packet;
}

Bytes make_echo_reply(const IpPacket& request) {
    const std::uint16_t id = read_u16(request.payload, 4);
    if (request.v4) {
        Tins::IP ip = ipv4_answer(request);
        ip.ttl(64);
        ip.tos(request.tos);
        Tins::ICMP icmp(Tins::ICMP::ECHO_REPLY);
        icmp.id(id);
        return echo_answer(std::move(ip), std::move(icmp), request);
    }
    Tins::IPv6 ip = ipv6_answer(request);
    ip.hop_limit(64);
    ip.traffic_class(request.tos);
    Tins::ICMPv6 icmp(Tins::ICMPv6::ECHO_REPLY);
    icmp.identifier(id);
    return echo_answer(std::move(ip), std::move(icmp), request);
}

}  // namespace

std::optional<Bytes> icmp_error(const IcmpMessage& message, ByteView packet) noexcept {
    const auto ip = open_ip_packet(packet, true);
    const auto fits = [&](const std::optional<IpAddress>& address) {
        return !address || address->is_v4() == ip->v4;
    };
    if (!ip || !has_ports(ip->protocol) || ip->payload.size() < 8 || !is_unicast(ip->source) ||
        !is_unicast(ip->destination) || !exists(message.kind, ip->v4) || !fits(message.from) ||
        !fits(message.gateway)) {
        return std::nullopt;
    }
    std::uint32_t detail = 0;
    if (message.kind == IcmpKind::fragmentation_needed) {
        detail = message.mtu;
    } else if (has_pointer(message.kind)) {
        const bool unknown_protocol = message.kind == IcmpKind::protocol_unreachable;
        detail = ip->v4             ? (unknown_protocol ? 0 : message.pointer << 24U)
                 : unknown_protocol ? static_cast<std::uint32_t>(ip->protocol_at)
                                    : message.pointer;
    } else if (is_redirect(message.kind) && ip->v4 && message.gateway) {
        detail = message.gateway->v4_host_order();
    }
    try {
        return is_redirect(message.kind) && !ip->v4
                   ? make_v6_redirect(message.gateway.value_or(ip->destination), *ip, message.from)
                   : make_error(numbers(message.kind), detail, *ip, message.from);
    } catch (...) {
        return std::nullopt;
    }
}

std::optional<Bytes> protocol_unreachable(ByteView packet) noexcept {
    // The second one: a parameter problem, unrecognized next header (RFC 4443, 3.4).
    constexpr IcmpNumbers message{{3, 2}, {4, 1}};
    const auto ip = open_ip_packet(packet, true);
    if (!ip || !is_unicast(ip->source) || !is_unicast(ip->destination)) {
        return std::nullopt;
    }
    try {
        return make_error(message, ip->v4 ? 0 : static_cast<std::uint16_t>(ip->protocol_at), *ip);
    } catch (...) {
        return std::nullopt;
    }
}

std::optional<Bytes> echo_reply(ByteView packet) noexcept {
    const auto ip = open_ip_packet(packet, true);
    if (!ip || ip->protocol != (ip->v4 ? protocol::icmp : protocol::icmpv6) ||
        ip->payload.size() < icmp_header_size || !is_unicast(ip->source) ||
        !is_unicast(ip->destination)) {
        return std::nullopt;
    }
    const std::uint8_t request = ip->v4 ? icmp_echo_request : icmpv6_echo_request;
    if (ip->payload[0] != request || ip->payload[1] != 0 || !right_checksum(*ip)) {
        return std::nullopt;
    }
    try {
        return make_echo_reply(*ip);
    } catch (...) {
        return std::nullopt;
    }
}

}  // namespace ghostpeer::packets
