// ICMP errors that arrive.
#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "wire/icmp_kinds.hpp"
#include "wire/ip_packet.hpp"

namespace ghostpeer::wire {

namespace {

constexpr std::size_t error_header_size = 8;

bool has_right_checksum(const IpPacket& ip) noexcept {
    const std::uint16_t pseudo =
        ip.v4 ? std::uint16_t{0}
              : pseudo_header_sum(ip.source, ip.destination, ip.protocol,
                                  static_cast<std::uint32_t>(ip.payload.size()));
    return ones_complement_sum(ip.payload, pseudo) == 0xffff;
}

/// The kind of an error by its type and code, the first of those that have the same; nothing for
/// what is none of a connection's.
std::optional<IcmpKind> kind_of(bool v4, std::uint8_t type, std::uint8_t code) noexcept {
    for (std::size_t i = 0; i < icmp_kind_count; ++i) {
        const auto kind = static_cast<IcmpKind>(i);
        const IcmpTypeAndCode& known = v4 ? numbers(kind).v4 : numbers(kind).v6;
        if (known.type != no_icmp_type && known.type == type && known.code == code) {
            return is_unreachable(kind) || kind == IcmpKind::fragmentation_needed
                       ? std::optional(kind)
                       : std::nullopt;
        }
    }
    const auto unreachable = v4 ? numbers(IcmpKind::port_unreachable).v4.type
                                : numbers(IcmpKind::port_unreachable).v6.type;
    return type == unreachable ? std::optional(IcmpKind::port_unreachable) : std::nullopt;
}

/// The segment at the start of a quotation, of which an error owes 8 bytes behind the IP header.
std::optional<IcmpReport> read_quotation(bool v4, ByteView quoted) noexcept {
    constexpr std::size_t owed = 8;
    const std::size_t least = (v4 ? ipv4_header_size : ipv6_header_size) + owed;
    if (quoted.size() < least || quoted[0] >> 4 != (v4 ? 4 : 6)) {
        return std::nullopt;
    }
    const std::size_t header = v4 ? std::size_t{quoted[0] & 0xfU} * 4 : ipv6_header_size;
    const bool first_fragment = !v4 || (read_u16(quoted, 6) & 0x1fffU) == 0;
    if (quoted[v4 ? 9 : 6] != protocol::tcp || header < (v4 ? ipv4_header_size : header) ||
        quoted.size() < header + owed || !first_fragment) {
        return std::nullopt;
    }
    const auto flow = peek_flow(quoted);  // which looks from the receiver's end
    if (!flow) {
        return std::nullopt;
    }
    IcmpReport report;
    report.flow = {flow->remote, flow->local};
    report.seq = SeqNum(read_u32(quoted, header + 4));
    return report;
}

}  // namespace

std::optional<IcmpReport> decode_icmp_error(ByteView packet) noexcept {
    const auto ip = open_ip_packet(packet, true);
    if (!ip || ip->protocol != (ip->v4 ? protocol::icmp : protocol::icmpv6) ||
        ip->payload.size() < error_header_size || !has_right_checksum(*ip)) {
        return std::nullopt;
    }
    const auto kind = kind_of(ip->v4, ip->payload[0], ip->payload[1]);
    auto report = read_quotation(ip->v4, ip->payload.subspan(error_header_size));
    // Only the host that sent the segment is told of it.
    if (!kind || !report || report->flow.local.address != ip->destination) {
        return std::nullopt;
    }
    report->kind = *kind;
    if (*kind == IcmpKind::fragmentation_needed) {
        report->mtu = ip->v4 ? read_u16(ip->payload, 6) : read_u32(ip->payload, 4);
    }
    return report;
}

}  // namespace ghostpeer::wire
