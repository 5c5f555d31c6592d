#include "link/neighbour_frames.hpp"

#include "ghostpeer/wire/checksum.hpp"

#include <algorithm>
#include <cstdio>

namespace ghostpeer::link {
namespace {

constexpr std::uint16_t type_arp = 0x0806;
constexpr std::uint16_t type_ipv6 = 0x86dd;
constexpr std::size_t ethernet_size = 14;
constexpr std::size_t arp_size = 28;
constexpr std::size_t ipv6_size = 40;
constexpr std::uint32_t arp_request = 1;
constexpr std::uint32_t arp_reply = 2;
constexpr std::uint8_t icmpv6 = 58;
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t listener_query = 130;
constexpr std::uint8_t solicitation = 135;
constexpr std::uint8_t advertisement = 136;
constexpr std::uint8_t listener_report = 143;
constexpr std::uint8_t source_option = 1;  ///< link-layer address
constexpr std::uint8_t target_option = 2;
constexpr std::size_t nd_size = 24;  ///< of a solicitation or advertisement without options
constexpr MacAddress broadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr MacAddress nobody{};

using Ipv6Bytes = std::array<std::uint8_t, 16>;
constexpr Ipv6Bytes all_nodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr Ipv6Bytes all_mld_routers = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16};

[[nodiscard]] MacAddress mac_at(ByteView bytes, std::size_t at) {
    MacAddress mac{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), mac.size(), mac.begin());
    return mac;
}

[[nodiscard]] Ipv6Bytes ipv6_at(ByteView bytes, std::size_t at) {
    Ipv6Bytes address{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), address.size(), address.begin());
    return address;
}

template <class Bytes>
void put(Frame& frame, const Bytes& bytes) {
    frame.insert(frame.end(), bytes.begin(), bytes.end());
}

void put_u16(Frame& frame, std::uint32_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8));
    frame.push_back(static_cast<std::uint8_t>(value));
}

void put_u32(Frame& frame, std::uint32_t value) {
    put_u16(frame, value >> 16);
    put_u16(frame, value);
}

[[nodiscard]] Frame ethernet(const MacAddress& from, const MacAddress& to, std::uint16_t type) {
    Frame frame;
    frame.reserve(128);
    put(frame, to);
    put(frame, from);
    put_u16(frame, type);
    return frame;
}

// ARP ---------------------------------------------------------------------------------------------

[[nodiscard]] Frame arp(std::uint32_t operation, const MacAddress& own, std::uint32_t sender,
                        const MacAddress& to, const MacAddress& target_mac, std::uint32_t target) {
    Frame frame = ethernet(own, to, type_arp);
    put_u16(frame, 1);       // Ethernet
    put_u16(frame, 0x0800);  // IPv4
    frame.push_back(6);
    frame.push_back(4);
    put_u16(frame, operation);
    put(frame, own);
    put_u32(frame, sender);
    put(frame, target_mac);
    put_u32(frame, target);
    return frame;
}

[[nodiscard]] std::optional<NeighbourMessage> parse_arp(ByteView frame) {
    const ByteView arp = frame.subspan(ethernet_size);
    if (arp.size() < arp_size || read_u16(arp, 0) != 1 || read_u16(arp, 2) != 0x0800 ||
        arp[4] != 6 || arp[5] != 4) {
        return std::nullopt;
    }
    const std::uint32_t operation = read_u16(arp, 6);
    if (operation != arp_request && operation != arp_reply) {
        return std::nullopt;
    }
    NeighbourMessage message;
    message.source = mac_at(frame, 6);
    message.mac = mac_at(arp, 8);
    const std::uint32_t sender = read_u32(arp, 14);
    const auto target = wire::IpAddress::v4(read_u32(arp, 24));
    if (sender != 0) {
        message.sender = wire::IpAddress::v4(sender);
    }
    if (operation == arp_reply) {
        if (!message.sender) {
            return std::nullopt;
        }
        message.kind = NeighbourMessage::Kind::reply;
        message.target = *message.sender;
    } else {
        message.target = target;
    }
    return message;
}

// Neighbour discovery -----------------------------------------------------------------------------

/// A frame with an ICMPv6 message and its checksum. `extension`: what precedes it, a multiple of
/// eight bytes.
[[nodiscard]] Frame icmpv6_frame(const MacAddress& own, const MacAddress& to,
                                 const Ipv6Bytes& source, const Ipv6Bytes& destination,
                                 std::uint8_t hop_limit, const Frame& extension, Frame message) {
    const auto length = static_cast<std::uint32_t>(message.size());
    const std::uint16_t sum = wire::ones_complement_sum(
        message, wire::pseudo_header_sum(wire::IpAddress::v6(source),
                                         wire::IpAddress::v6(destination), icmpv6, length));
    write_u16(message, 2, static_cast<std::uint16_t>(~sum));
    Frame frame = ethernet(own, to, type_ipv6);
    put_u32(frame, 0x60000000);
    put_u16(frame, static_cast<std::uint32_t>(extension.size()) + length);
    frame.push_back(extension.empty() ? icmpv6 : hop_by_hop);
    frame.push_back(hop_limit);
    put(frame, source);
    put(frame, destination);
    put(frame, extension);
    put(frame, message);
    return frame;
}

[[nodiscard]] Frame nd_message(std::uint8_t type, std::uint32_t flags, const Ipv6Bytes& target) {
    Frame message{type, 0, 0, 0};
    put_u32(message, flags);
    put(message, target);
    return message;
}

void put_mac_option(Frame& message, std::uint8_t type, const MacAddress& mac) {
    message.push_back(type);
    message.push_back(1);  // of eight bytes
    put(message, mac);
}

[[nodiscard]] Frame solicit(const MacAddress& own, const Ipv6Bytes& source,
                            const wire::IpAddress& target) {
    Frame message = nd_message(solicitation, 0, target.bytes());
    if (source != Ipv6Bytes{}) {
        put_mac_option(message, source_option, own);
    }
    Ipv6Bytes group = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
    std::copy_n(target.bytes().begin() + 13, 3, group.begin() + 13);
    return icmpv6_frame(own, solicited_node_mac(target), source, group, 255, {},
                        std::move(message));
}

constexpr std::uint32_t solicited_flag = 0x40000000;
constexpr std::uint32_t override_flag = 0x20000000;

[[nodiscard]] Frame advertise(const MacAddress& own, const wire::IpAddress& address,
                              const MacAddress& to, const Ipv6Bytes& destination,
                              std::uint32_t flags) {
    Frame message = nd_message(advertisement, flags, address.bytes());
    put_mac_option(message, target_option, own);
    return icmpv6_frame(own, to, address.bytes(), destination, 255, {}, std::move(message));
}

constexpr MacAddress all_nodes_mac = {0x33, 0x33, 0, 0, 0, 1};

[[nodiscard]] std::optional<NeighbourMessage> parse_nd(ByteView frame) {
    ByteView ip = frame.subspan(ethernet_size);
    if (ip.size() < ipv6_size || ip[0] >> 4 != 6 || ip.size() < ipv6_size + read_u16(ip, 4)) {
        return std::nullopt;
    }
    ip = ip.first(ipv6_size + read_u16(ip, 4));
    std::size_t at = ipv6_size;
    std::uint8_t next = ip[6];
    if (next == hop_by_hop && ip.size() >= at + 8) {  // the router alert of MLD
        next = ip[at];
        at += (std::size_t{ip[at + 1]} + 1) * 8;
    }
    if (next != icmpv6 || ip.size() < at + nd_size) {
        return std::nullopt;
    }
    const ByteView message = ip.subspan(at);
    const auto source = ipv6_at(ip, 8);
    const auto sum =
        wire::pseudo_header_sum(wire::IpAddress::v6(source), wire::IpAddress::v6(ipv6_at(ip, 24)),
                                icmpv6, static_cast<std::uint32_t>(message.size()));
    if (wire::ones_complement_sum(message, sum) != 0xffff || message[1] != 0) {
        return std::nullopt;
    }
    NeighbourMessage found;
    found.source = found.mac = mac_at(frame, 6);
    if (message[0] == listener_query) {
        found.kind = NeighbourMessage::Kind::query;
        return found;
    }
    if ((message[0] != solicitation && message[0] != advertisement) || at != ipv6_size ||
        ip[7] != 255) {
        return std::nullopt;
    }
    const bool asks = message[0] == solicitation;
    found.kind = asks ? NeighbourMessage::Kind::request : NeighbourMessage::Kind::reply;
    found.target = wire::IpAddress::v6(ipv6_at(message, 8));
    if (source != Ipv6Bytes{}) {
        found.sender = wire::IpAddress::v6(source);
    }
    for (ByteView options = message.subspan(nd_size); options.size() >= 8;) {
        const std::size_t length = std::size_t{options[1]} * 8;
        if (length == 0 || length > options.size()) {
            return std::nullopt;
        }
        if (options[0] == (asks ? source_option : target_option)) {
            found.mac = mac_at(options, 2);
        }
        options = options.subspan(length);
    }
    return found;
}

}  // namespace

std::string to_string(const MacAddress& mac) {
    std::array<char, 18> text{};
    (void)std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
                        mac[2], mac[3], mac[4], mac[5]);
    return text.data();
}

MacAddress solicited_node_mac(const wire::IpAddress& address) {
    const auto& bytes = address.bytes();
    return {0x33, 0x33, 0xff, bytes[13], bytes[14], bytes[15]};
}

std::optional<NeighbourMessage> parse_neighbour_message(ByteView frame) {
    if (frame.size() < ethernet_size) {
        return std::nullopt;
    }
    switch (read_u16(frame, 12)) {
        case type_arp: return parse_arp(frame);
        case type_ipv6: return parse_nd(frame);
        default: return std::nullopt;
    }
}

Frame make_probe(const MacAddress& own, const wire::IpAddress& target) {
    if (target.is_v4()) {
        return arp(arp_request, own, 0, broadcast, nobody, target.v4_host_order());
    }
    return solicit(own, {}, target);
}

Frame make_request(const MacAddress& own, const wire::IpAddress& sender,
                   const wire::IpAddress& target) {
    if (target.is_v4()) {
        return arp(arp_request, own, sender.v4_host_order(), broadcast, nobody,
                   target.v4_host_order());
    }
    return solicit(own, sender.bytes(), target);
}

Frame make_announcement(const MacAddress& own, const wire::IpAddress& address) {
    if (address.is_v4()) {
        const std::uint32_t number = address.v4_host_order();
        return arp(arp_request, own, number, broadcast, nobody, number);
    }
    return advertise(own, address, all_nodes_mac, all_nodes, override_flag);
}

Frame make_reply(const MacAddress& own, const wire::IpAddress& address,
                 const NeighbourMessage& request) {
    if (address.is_v4()) {
        const std::uint32_t asker = request.sender ? request.sender->v4_host_order() : 0;
        return arp(arp_reply, own, address.v4_host_order(), request.source, request.mac, asker);
    }
    if (!request.sender) {
        return advertise(own, address, all_nodes_mac, all_nodes, override_flag);
    }
    return advertise(own, address, request.mac, request.sender->bytes(),
                     solicited_flag | override_flag);
}

Frame make_listener_report(const MacAddress& own, const std::vector<wire::IpAddress>& addresses) {
    Frame message{listener_report, 0, 0, 0, 0, 0};
    put_u16(message, static_cast<std::uint32_t>(addresses.size()));
    for (const wire::IpAddress& address : addresses) {
        constexpr std::uint8_t change_to_exclude = 4;  // RFC 3810, 5.2.12: exclude nobody
        put(message, Frame{change_to_exclude, 0, 0, 0});
        put(message, Frame{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff});
        message.insert(message.end(), address.bytes().begin() + 13, address.bytes().end());
    }
    // Hop-by-hop: router alert for MLD (RFC 2711), and a PadN.
    const Frame router_alert{icmpv6, 0, 5, 2, 0, 0, 1, 0};
    return icmpv6_frame(own, {0x33, 0x33, 0, 0, 0, 0x16}, {}, all_mld_routers, 1, router_alert,
                        std::move(message));
}

}  // namespace ghostpeer::link
