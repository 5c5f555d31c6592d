#include "ghostpeer/wire/reassembly.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "wire/ip_packet.hpp"
#include "wire/option_layout.hpp"

#include <algorithm>
#include <iterator>

namespace ghostpeer::wire {

namespace {

constexpr std::size_t largest_payload = 65535;
// What the maps take beside the bytes.
constexpr std::size_t part_cost = 96;
constexpr std::size_t packet_cost = 256;

enum class Fit : std::uint8_t { fresh, known, overlap };

Fit fit(const std::map<std::size_t, Bytes>& parts, std::size_t from, std::size_t to) {
    auto next = parts.upper_bound(from);
    std::size_t covered = from;
    if (next != parts.begin()) {
        const auto& [at, bytes] = *std::prev(next);
        covered = std::max(covered, at + bytes.size());
    }
    if (covered == from) {
        return next == parts.end() || next->first >= to ? Fit::fresh : Fit::overlap;
    }
    for (; next != parts.end() && next->first == covered; ++next) {
        covered += next->second.size();
    }
    return covered >= to ? Fit::known : Fit::overlap;
}

/// RFC 3168, 5.3: congestion that one fragment met is the packet's. Where others say that the
/// sender knows no ECN, one of them lies.
std::optional<std::uint8_t> joint_codepoint(unsigned seen, std::uint8_t first) noexcept {
    constexpr std::uint8_t ce = 3;
    constexpr unsigned saw_not_ect = 1U << 0U;
    constexpr unsigned saw_ce = 1U << ce;
    if ((seen & saw_ce) == 0) {
        return first;
    }
    return (seen & saw_not_ect) == 0 ? std::optional(ce) : std::nullopt;
}

/// The headers of a fragment as those of the whole packet; lengths are still to be set.
Bytes head_of_whole(const IpFragment& ip) {
    Bytes head(ip.head.begin(), ip.head.end());
    if (ip.v4) {
        constexpr std::uint8_t dont_fragment = 0x40;
        head[6] &= dont_fragment;
        head[7] = 0;
    } else {
        head[ip.next_header_at] = ip.next_header;
    }
    return head;
}

void finish_whole(Bytes& packet, std::uint8_t codepoint) {
    if (packet[0] >> 4 == 6) {
        write_u16(packet.data() + 4, static_cast<std::uint16_t>(packet.size() - ipv6_header_size));
        packet[1] = static_cast<std::uint8_t>((packet[1] & 0xcfU) | codepoint << 4U);
        return;
    }
    constexpr std::size_t checksum_at = 10;
    const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
    packet[1] = static_cast<std::uint8_t>((packet[1] & 0xfcU) | codepoint);
    write_u16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
    write_u16(packet.data() + checksum_at, 0);
    const unsigned sum = ones_complement_sum(ByteView(packet).first(header));
    write_u16(packet.data() + checksum_at, static_cast<std::uint16_t>(~sum));
}

}  // namespace

struct Reassembly::Piece {
    IpFragment ip;
    Key key;
    std::size_t from = 0;
    std::size_t to = 0;

    [[nodiscard]] static std::optional<Piece> of(ByteView packet) noexcept;
};

std::optional<Reassembly::Piece> Reassembly::Piece::of(ByteView packet) noexcept {
    const auto ip = open_ip_fragment(packet);
    if (!ip) {
        return std::nullopt;
    }
    const std::uint8_t protocol_of_v4 = ip->v4 ? ip->next_header : std::uint8_t{0};
    Piece piece{*ip, {ip->source, ip->destination, ip->id, protocol_of_v4}, ip->offset, 0};
    if (ip->more && ip->v4) {
        // ip_frag_queue cuts off what no fragment but the last can have.
        piece.ip.data = ip->data.first(ip->data.size() / 8 * 8);
    }
    piece.to = piece.from + piece.ip.data.size();
    const std::size_t headers = ip->head.size() - (ip->v4 ? 0 : ipv6_header_size);
    if (headers + piece.to > largest_payload || piece.ip.data.empty() ||
        (ip->more && piece.ip.data.size() % 8 != 0)) {
        return std::nullopt;
    }
    // RFC 7112, 5. Linux wants the TCP header, too (ipv6frag_thdr_truncated).
    const bool lacks_headers = !ip->v4 && ip->offset == 0 && ip->more &&
                               ip->next_header == protocol::tcp && ip->data.size() < min_tcp_header;
    return lacks_headers ? std::nullopt : std::optional(piece);
}

Reassembly::Result Reassembly::add(ByteView fragment, Instant now) noexcept {
    whole_.clear();
    try {
        const auto piece = Piece::of(fragment);
        return piece ? take(*piece, now) : Result::refused;
    } catch (...) {
        return Result::refused;  // out of memory
    }
}

Reassembly::Result Reassembly::take(const Piece& piece, Instant now) {
    const IpFragment& ip = piece.ip;
    if (piece.from == 0 && !ip.more) {
        // RFC 6946: a packet of one fragment has nothing to do with others of its identification.
        whole_ = head_of_whole(ip);
        whole_.insert(whole_.end(), ip.data.begin(), ip.data.end());
        finish_whole(whole_, ip.tos & 3U);
        return Result::whole;
    }
    auto packet = pending_.find(piece.key);
    const bool first = packet == pending_.end();
    const std::size_t cost = ip.data.size() + part_cost + (first ? packet_cost : 0) +
                             (piece.from == 0 ? ip.head.size() : 0);
    if (bytes_ + cost > limits_.bytes) {
        return Result::refused;
    }
    if (first) {
        packet = pending_.try_emplace(piece.key).first;
        const Instant expires = now + (ip.v4 ? limits_.patience_v4 : limits_.patience_v6);
        packet->second.expires = expires;
        next_expiry_ = std::min(next_expiry_.value_or(expires), expires);
    }
    Pending& pending = packet->second;
    const Fit where = fit(pending.parts, piece.from, piece.to);
    // No two fragments may tell of different ends.
    const bool two_ends = pending.last_is_here
                              ? piece.to > pending.end || (!ip.more && piece.to != pending.end)
                              : !ip.more && piece.to < pending.end;
    if (where == Fit::overlap || two_ends) {
        forget(packet);
        return Result::refused;
    }
    pending.codepoints = static_cast<std::uint8_t>(pending.codepoints | 1U << (ip.tos & 3U));
    if (where == Fit::known) {
        return Result::held;
    }
    pending.cost += cost;
    bytes_ += cost;
    pending.parts.try_emplace(piece.from, ip.data.begin(), ip.data.end());
    pending.end = std::max(pending.end, piece.to);
    pending.last_is_here = pending.last_is_here || !ip.more;
    pending.size += ip.data.size();
    if (piece.from == 0) {
        pending.head = head_of_whole(ip);
        pending.codepoint = ip.tos & 3U;
    }
    return pending.last_is_here && pending.size == pending.end ? join(packet) : Result::held;
}

Reassembly::Result Reassembly::join(Packets::iterator packet) {
    const Pending& pending = packet->second;
    const auto codepoint = joint_codepoint(pending.codepoints, pending.codepoint);
    const bool fits =
        pending.head.size() - (packet->first.source.is_v4() ? 0 : ipv6_header_size) + pending.end <=
        largest_payload;
    if (codepoint && fits) {
        whole_ = pending.head;
        for (const auto& [at, part] : pending.parts) {
            whole_.insert(whole_.end(), part.begin(), part.end());
        }
        finish_whole(whole_, *codepoint);
    }
    forget(packet);
    return whole_.empty() ? Result::refused : Result::whole;
}

Reassembly::Packets::iterator Reassembly::forget(Packets::iterator packet) noexcept {
    bytes_ -= packet->second.cost;
    return pending_.erase(packet);
}

std::size_t Reassembly::expire(Instant now) noexcept {
    if (!next_expiry_ || now < *next_expiry_) {
        return 0;
    }
    std::size_t given_up = 0;
    next_expiry_.reset();
    for (auto packet = pending_.begin(); packet != pending_.end();) {
        const Instant expires = packet->second.expires;
        if (expires <= now) {
            packet = forget(packet);
            ++given_up;
        } else {
            next_expiry_ = std::min(next_expiry_.value_or(expires), expires);
            ++packet;
        }
    }
    return given_up;
}

}  // namespace ghostpeer::wire
