#include "capture/packet.hpp"

#include "wire/ip_packet.hpp"
#include "wire/tcp_header.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::capture {
namespace {

using wire::ByteView;

constexpr std::size_t largest_length = 65535;

/// How long an IP packet says that it is, with its header; 0: it does not say (offload).
[[nodiscard]] std::size_t told_length(ByteView ip) noexcept {
    if (ip[0] >> 4 == 4) {
        return wire::read_u16(ip, 2);
    }
    const std::size_t payload = wire::read_u16(ip, 4);
    return payload == 0 ? 0 : wire::ipv6_header_size + payload;
}

void tell_length(wire::Bytes& ip) noexcept {
    const std::size_t header = ip[0] >> 4 == 4 ? 0 : wire::ipv6_header_size;
    const std::size_t at = ip[0] >> 4 == 4 ? 2 : 4;
    wire::write_u16(ip, at, static_cast<std::uint32_t>(ip.size() - header));
}

}  // namespace

OpenedPacket PacketOpener::open(ByteView ip, std::uint64_t on_wire, Duration at) {
    const std::size_t least =
        ip.empty() || ip[0] >> 4 != 6 ? wire::ipv4_header_size : wire::ipv6_header_size;
    if (ip.size() < least) {
        return on_wire > ip.size() ? NoSegment::cut : NoSegment::malformed;
    }
    if (ip[0] >> 4 != 4 && ip[0] >> 4 != 6) {
        return NoSegment::malformed;
    }
    const std::size_t told = told_length(ip);
    const std::uint64_t length = told == 0 ? on_wire : told;
    if (told != 0 && told <= ip.size()) {
        if (wire::open_ip_fragment(ip)) {
            const Instant now(at);
            static_cast<void>(fragments_.expire(now));
            if (fragments_.add(ip, now) != wire::Reassembly::Result::whole) {
                return NoSegment::other;
            }
            auto opened = open_whole(fragments_.packet(), 0);
            if (auto* tcp = std::get_if<TcpPacket>(&opened)) {
                tcp->reassembled = true;
            }
            return opened;
        }
        return open_whole(ip, 0);
    }
    const std::size_t here = std::min<std::uint64_t>({ip.size(), length, largest_length});
    if (here < least) {
        return NoSegment::malformed;
    }
    patched_.assign(ip.begin(), ip.begin() + static_cast<std::ptrdiff_t>(here));
    tell_length(patched_);
    if (wire::open_ip_fragment(patched_)) {
        return NoSegment::other;  // a part of a part: nothing can be made of it
    }
    return open_whole(patched_, length - here);
}

OpenedPacket PacketOpener::open_whole(ByteView ip, std::uint64_t missing) {
    const auto opened = wire::open_ip_packet(ip, false);
    const NoSegment spoiled = missing > 0 ? NoSegment::cut : NoSegment::malformed;
    if (!opened) {
        return opened.error() == wire::Oddity::fragment ? NoSegment::other : spoiled;
    }
    if (opened->protocol != wire::protocol::tcp) {
        if (auto report = wire::decode_icmp_error(ip)) {
            return IcmpPacket{*report, opened->source};
        }
        return NoSegment::other;
    }
    auto decoded = wire::decode_tcp(*opened, {false});
    auto* const segment = std::get_if<wire::Segment>(&decoded);
    if (segment == nullptr) {
        const auto* const oddity = std::get_if<wire::Oddity>(&decoded);
        return oddity != nullptr && *oddity == wire::Oddity::signed_tcp ? NoSegment::signed_tcp
                                                                        : spoiled;
    }
    const std::uint64_t length = segment->payload.size() + missing;
    return TcpPacket{std::move(*segment),
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(length, 0x7fffffff)),
                     false};
}

}  // namespace ghostpeer::capture
