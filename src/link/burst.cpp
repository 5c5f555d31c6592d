#include "link/burst.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "link/numbers.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace ghostpeer::link {

namespace {

using wire::Flags;
using wire::ones_complement_sum;

constexpr std::size_t max_ip_packet = 65535;
constexpr std::size_t v4_header_size = 20;
constexpr std::size_t v6_header_size = 40;
constexpr std::size_t min_tcp_header = 20;
constexpr std::size_t seq_at = 4;
constexpr std::size_t data_offset_at = 12;
constexpr std::size_t flags_at = 13;
constexpr std::size_t tcp_checksum_at = 16;

bool is_v4(ByteView packet) noexcept { return packet[0] >> 4 == 4; }

std::uint16_t pseudo_header(ByteView packet, std::size_t tcp) noexcept {
    const ByteView addresses = is_v4(packet) ? packet.subspan(12, 8) : packet.subspan(8, 32);
    const auto length = static_cast<std::uint32_t>(packet.size() - tcp);
    return ones_complement_sum(addresses, length + tcp_protocol);
}

/// The offset of the TCP header, for IP packets of the plain sort: no fragment, no IPv4 options
/// or IPv6 extension headers, lengths and checksum right.
std::optional<std::size_t> tcp_offset(ByteView packet) noexcept {
    if (packet.size() >= v4_header_size + min_tcp_header && packet[0] == 0x45 &&
        packet[9] == tcp_protocol && read_u16(packet, 2) == packet.size() &&
        read_u16(packet, 6) == 0x4000 &&
        ones_complement_sum(packet.first(v4_header_size)) == 0xffff) {
        return v4_header_size;
    }
    if (packet.size() >= v6_header_size + min_tcp_header && packet[0] >> 4 == 6 &&
        packet[6] == tcp_protocol && read_u16(packet, 4) == packet.size() - v6_header_size) {
        return v6_header_size;
    }
    return std::nullopt;
}

bool is_plain_data(ByteView packet, std::size_t tcp) noexcept {
    const std::size_t header_size = std::size_t{packet[tcp + data_offset_at]} / 16 * 4;
    return header_size >= min_tcp_header && tcp + header_size < packet.size() &&
           (packet[tcp + flags_at] & ~unsigned{Flags::psh}) == Flags::ack &&
           ones_complement_sum(packet.subspan(tcp), pseudo_header(packet, tcp)) == 0xffff;
}

}  // namespace

bool Burst::hold(ByteView packet) {
    const auto tcp = tcp_offset(packet);
    if (!tcp || !is_plain_data(packet, *tcp) || (!empty() && !continued_by(packet, *tcp))) {
        return false;
    }
    const bool push = (packet[*tcp + flags_at] & Flags::psh) != 0;
    if (empty()) {
        tcp_ = *tcp;
        payload_ = tcp_ + std::size_t{packet[tcp_ + data_offset_at]} / 16 * 4;
        segment_size_ = packet.size() - payload_;
        packet_.assign(packet.begin(), packet.end());
        complete_ = push;
        return true;
    }
    const ByteView payload = packet.subspan(payload_);
    packet_.insert(packet_.end(), payload.begin(), payload.end());
    packet_[tcp_ + flags_at] = packet[tcp_ + flags_at];
    complete_ = push || payload.size() < segment_size_;
    return true;
}

bool Burst::continued_by(ByteView packet, std::size_t tcp) const noexcept {
    if (complete_ || tcp != tcp_ || packet.size() <= payload_ ||
        packet.size() - payload_ > segment_size_ ||
        packet_.size() + packet.size() - payload_ > max_ip_packet ||
        is_v4(packet) != is_v4(packet_)) {
        return false;
    }
    const auto held = static_cast<std::uint32_t>(packet_.size() - payload_);
    if (read_u32(packet, tcp + seq_at) != read_u32(packet_, tcp + seq_at) + held) {
        return false;
    }
    // The kernel counts the IPv4 identifications up when it cuts the burst.
    const auto segments = held / static_cast<std::uint32_t>(segment_size_);
    constexpr std::size_t id_at = 4;
    if (is_v4(packet) &&
        static_cast<std::uint16_t>(read_u32(packet, id_at) >> 16) !=
            static_cast<std::uint16_t>((read_u32(packet_, id_at) >> 16) + segments)) {
        return false;
    }
    // All else but lengths, checksums, the sequence number and PSH must be the same.
    std::array<std::uint8_t, v6_header_size + 60> ours{};
    std::array<std::uint8_t, v6_header_size + 60> theirs{};
    std::copy_n(packet_.begin(), payload_, ours.begin());
    std::copy_n(packet.begin(), payload_, theirs.begin());
    for (auto* header : {&ours, &theirs}) {
        write_u16(*header, is_v4(packet) ? 2 : 4, 0);
        if (is_v4(packet)) {
            write_u16(*header, id_at, 0);
            write_u16(*header, 10, 0);
        }
        write_u32(*header, tcp + seq_at, 0);
        (*header)[tcp + flags_at] = 0;
        write_u16(*header, tcp + tcp_checksum_at, 0);
    }
    return ours == theirs;
}

ByteView Burst::packet() noexcept {
    if (packet_.size() <= payload_ + segment_size_) {
        return packet_;
    }
    if (is_v4(packet_)) {
        write_u16(packet_, 2, static_cast<std::uint32_t>(packet_.size()));
        write_u16(packet_, 10, 0);
        const unsigned sum = ones_complement_sum(ByteView(packet_).first(v4_header_size));
        write_u16(packet_, 10, ~sum);
    } else {
        write_u16(packet_, 4, static_cast<std::uint32_t>(packet_.size() - v6_header_size));
    }
    // The kernel sums the rest when it must, on top of the pseudo header.
    write_u16(packet_, tcp_ + tcp_checksum_at, pseudo_header(packet_, tcp_));
    return packet_;
}

VirtioHeader Burst::header(std::size_t link_header) const noexcept {
    if (packet_.size() <= payload_ + segment_size_) {
        return {};
    }
    return {.flags = VirtioHeader::needs_checksum,
            .gso_type = is_v4(packet_) ? VirtioHeader::gso_tcp_v4 : VirtioHeader::gso_tcp_v6,
            .header_length = static_cast<std::uint16_t>(link_header + payload_),
            .gso_size = static_cast<std::uint16_t>(segment_size_),
            .checksum_start = static_cast<std::uint16_t>(link_header + tcp_),
            .checksum_offset = tcp_checksum_at};
}

}  // namespace ghostpeer::link
