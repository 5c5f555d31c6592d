#include "ghostpeer/wire/mangle.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "wire/ip_packet.hpp"
#include "wire/md5.hpp"
#include "wire/option_layout.hpp"
#include "wire/tcp_option.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::wire {

namespace {

constexpr std::size_t max_packet = 65535;
constexpr std::size_t data_offset_at = 12;
constexpr std::size_t tcp_checksum_at = 16;
constexpr std::size_t ip_checksum_at = 10;

bool is_v4(ByteView packet) noexcept { return packet[0] >> 4 == 4; }

std::size_t ip_header_size(ByteView packet) noexcept {
    return is_v4(packet) ? std::size_t{packet[0] & 0xfU} * 4 : ipv6_header_size;
}

void write_length(Bytes& packet, std::size_t total) noexcept {
    if (is_v4(packet)) {
        write_u16(packet.data() + 2, static_cast<std::uint16_t>(total));
        return;
    }
    const std::size_t payload = total - std::min(total, ipv6_header_size);
    write_u16(packet.data() + 4, static_cast<std::uint16_t>(payload));
}

void write_ip_checksum(std::uint8_t* header) noexcept {
    write_u16(header + ip_checksum_at, 0);
    const std::uint16_t sum = ones_complement_sum({header, std::size_t{header[0] & 0xfU} * 4});
    write_u16(header + ip_checksum_at, static_cast<std::uint16_t>(~sum));
}

/// One bit, because the complement of a right field may be right as well (0 and 0xffff).
void spoil(std::uint8_t* checksum) noexcept { checksum[1] ^= 1U; }

/// `behind`: something follows that is to be read, so that the padding may not end the options.
void put_options(Bytes& packet, Bytes area, bool behind) {
    area.resize(std::min((area.size() + 3) / 4 * 4, max_options_size),
                behind ? option::nop : option::end);
    const std::size_t tcp = ip_header_size(packet);
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(tcp + min_tcp_header), area.begin(),
                  area.end());
    packet[tcp + data_offset_at] =
        static_cast<std::uint8_t>((min_tcp_header + area.size()) / 4 << 4);
    write_length(packet, packet.size());
}

/// Behind the options that are there, where `reserved` bytes stay free; false: there is no room.
bool append_options(Bytes& packet, const Bytes& more, std::size_t reserved = 0) {
    const std::size_t tcp = ip_header_size(packet);
    const std::size_t header = std::size_t{packet[tcp + data_offset_at]} / 16 * 4;
    const std::size_t size = (more.size() + 3) / 4 * 4;
    if (header + size + reserved > min_tcp_header + max_options_size ||
        packet.size() + size + reserved > max_packet) {
        return false;
    }
    Bytes area = more;
    area.resize(size, option::nop);
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(tcp + header), area.begin(),
                  area.end());
    packet[tcp + data_offset_at] = static_cast<std::uint8_t>((header + size) / 4 << 4);
    write_length(packet, packet.size());
    return true;
}

/// RFC 2385, 2.0: over the addresses, the header without options and checksum, the payload, the
/// key.
void sign(Bytes& packet, const Segment& segment, const std::string& key) {
    constexpr std::size_t padding = 2;
    Bytes area(padding, option::nop);
    area.push_back(option::md5);
    area.push_back(static_cast<std::uint8_t>(option::md5_length));
    area.resize(padding + option::md5_length);
    if (!append_options(packet, area)) {
        return;
    }
    const std::size_t tcp = ip_header_size(packet);
    const std::size_t header = std::size_t{packet[tcp + data_offset_at]} / 16 * 4;
    const auto digest = signature(ByteView(packet).subspan(tcp), header, segment.source.address,
                                  segment.destination.address, key);
    std::copy(digest.begin(), digest.end(),
              packet.begin() + static_cast<std::ptrdiff_t>(tcp + header - digest.size()));
}

/// Between the IP header and TCP's.
void put_ip_options(Bytes& packet, const Distortion& lie) {
    constexpr std::size_t most = 40;
    if (is_v4(packet)) {
        Bytes area = lie.ip_options;
        area.resize(std::min((area.size() + 3) / 4 * 4, most));
        if (packet.size() + area.size() <= max_packet) {
            packet.insert(packet.begin() + ipv4_header_size, area.begin(), area.end());
            packet[0] = static_cast<std::uint8_t>(0x40U | (ipv4_header_size + area.size()) / 4);
        }
        return;
    }
    Bytes chain;
    std::uint8_t next = protocol::tcp;
    for (auto one = lie.extensions.rbegin(); one != lie.extensions.rend(); ++one) {
        constexpr std::size_t unit = 8;
        const std::size_t size = (2 + one->content.size() + unit - 1) / unit * unit;
        Bytes header{next, static_cast<std::uint8_t>(size / unit - 1)};
        header.insert(header.end(), one->content.begin(), one->content.end());
        header.resize(size);
        chain.insert(chain.begin(), header.begin(), header.end());
        next = one->kind;
    }
    if (packet.size() + chain.size() <= max_packet) {
        packet[6] = next;
        packet.insert(packet.begin() + ipv6_header_size, chain.begin(), chain.end());
    }
}

void write_tcp_checksum(Bytes& packet, const Segment& segment, std::size_t total) noexcept {
    const std::size_t tcp = ip_header_size(packet);
    // What lies beyond the length that is told takes no part; a header cut short has no checksum.
    const std::size_t end = total < tcp + min_tcp_header ? packet.size() : total;
    const auto bytes = ByteView(packet).first(std::min(end, packet.size())).subspan(tcp);
    write_u16(packet.data() + tcp + tcp_checksum_at, 0);
    const std::uint16_t pseudo =
        pseudo_header_sum(segment.source.address, segment.destination.address, protocol::tcp,
                          static_cast<std::uint32_t>(bytes.size()));
    const std::uint16_t sum = ones_complement_sum(bytes, pseudo);
    write_u16(packet.data() + tcp + tcp_checksum_at, static_cast<std::uint16_t>(~sum));
}

Bytes distorted(const Segment& segment, const Distortion& lie) {
    Segment plain = segment;
    if (lie.options) {
        plain.options = {};
        const std::size_t room = max_packet - ipv6_header_size - min_tcp_header - max_options_size;
        plain.payload.resize(std::min(plain.payload.size(), room));
    }
    Bytes packet = encode(plain);
    if (packet.empty()) {
        return packet;
    }
    if (lie.options) {
        put_options(packet, *lie.options, lie.md5_key.has_value());
    }
    if (!lie.more_options.empty()) {
        static_cast<void>(
            append_options(packet, lie.more_options, lie.md5_key ? signature_room : 0));
    }
    if (lie.md5_key) {
        sign(packet, segment, *lie.md5_key);
    }
    const std::size_t tcp = ip_header_size(packet);
    std::uint8_t& offset = packet[tcp + data_offset_at];
    if (lie.data_offset) {
        offset = static_cast<std::uint8_t>((*lie.data_offset & 0xfU) << 4 | (offset & 0xfU));
    }
    if (lie.reserved) {
        offset = static_cast<std::uint8_t>((offset & 0xf0U) | (*lie.reserved & 0xfU));
    }
    const std::size_t between = packet.size();
    write_tcp_checksum(packet, segment, lie.total_length.value_or(between));
    if (lie.wrong_tcp_checksum) {
        spoil(packet.data() + tcp + tcp_checksum_at);
    }
    if (!lie.ip_options.empty() || !lie.extensions.empty()) {
        put_ip_options(packet, lie);
    }
    write_length(packet, lie.total_length.value_or(packet.size()));
    if (is_v4(packet)) {
        write_ip_checksum(packet.data());
        if (lie.wrong_ip_checksum) {
            spoil(packet.data() + ip_checksum_at);
        }
    }
    return packet;
}

// Fragments ------------------------------------------------------------------------------------

/// What each fragment of a packet begins with.
struct HeaderOfAll {
    std::size_t size = 0;
    std::size_t next_at = 6;  ///< IPv6: where what comes next is announced
};

/// Of IPv6 with all that routers on the way look at: up to the last hop-by-hop or routing header
/// (RFC 8200, 4.5).
HeaderOfAll header_of_all(ByteView packet) noexcept {
    constexpr std::uint8_t hop_by_hop = 0;
    constexpr std::uint8_t routing = 43;
    constexpr std::uint8_t destination = 60;
    HeaderOfAll found{ip_header_size(packet)};
    if (is_v4(packet)) {
        return found;
    }
    std::size_t at = found.size;
    std::uint8_t kind = packet[found.next_at];
    while ((kind == hop_by_hop || kind == routing || kind == destination) &&
           at + 2 <= packet.size()) {
        const std::size_t end = at + (std::size_t{packet[at + 1]} + 1) * 8;
        if (end > packet.size()) {
            break;
        }
        if (kind != destination) {
            found = {end, at};
        }
        kind = packet[std::exchange(at, end)];
    }
    return found;
}

/// The header of a fragment (RFC 791, 3.2; RFC 8200, 4.5); `offset` in bytes.
Bytes fragment_header(ByteView packet, std::size_t offset, std::size_t size, bool more,
                      std::uint32_t id) {
    constexpr std::uint16_t more_fragments = 0x2000;
    constexpr std::uint8_t fragment_extension = 44;
    const auto units = static_cast<std::uint16_t>(offset / 8);
    const HeaderOfAll whole = header_of_all(packet);
    Bytes header(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(whole.size));
    if (is_v4(packet)) {
        const bool wrong = ones_complement_sum(header) != 0xffff;
        write_u16(header.data() + 2, static_cast<std::uint16_t>(header.size() + size));
        write_u16(header.data() + 4, static_cast<std::uint16_t>(id));
        write_u16(header.data() + 6,
                  static_cast<std::uint16_t>(units | (more ? more_fragments : 0U)));
        write_ip_checksum(header.data());
        if (wrong) {
            spoil(header.data() + ip_checksum_at);
        }
        return header;
    }
    const std::size_t before = header.size();
    const std::uint8_t next = std::exchange(header[whole.next_at], fragment_extension);
    write_u16(header.data() + 4, static_cast<std::uint16_t>(before - ipv6_header_size + 8 + size));
    header.resize(before + 8);
    std::uint8_t* extension = header.data() + before;
    extension[0] = next;
    write_u16(extension + 2, static_cast<std::uint16_t>(unsigned{units} << 3U | (more ? 1U : 0U)));
    write_u16(extension + 4, static_cast<std::uint16_t>(id >> 16));
    write_u16(extension + 6, static_cast<std::uint16_t>(id));
    return header;
}

std::vector<Bytes> cut(ByteView packet, std::size_t size, std::uint32_t id, std::size_t overlap) {
    const std::size_t least = packet.empty() ? 0 : ip_header_size(packet);
    const bool plain = packet.size() > least && (packet[0] >> 4 == 4 || packet[0] >> 4 == 6);
    const std::size_t header_size = plain ? header_of_all(packet).size : 0;
    if (!plain || packet.size() - header_size <= size) {
        return {Bytes(packet.begin(), packet.end())};
    }
    std::vector<Bytes> fragments;
    const ByteView data = packet.subspan(header_size);
    for (std::size_t next = 0; next < data.size(); next += size) {
        const std::size_t at = next - std::min(next, overlap);
        const auto part = data.subspan(at, std::min(size + next - at, data.size() - at));
        const bool more = at + part.size() < data.size();
        Bytes fragment = fragment_header(packet, at, part.size(), more, id);
        fragment.insert(fragment.end(), part.begin(), part.end());
        fragments.push_back(std::move(fragment));
    }
    return fragments;
}

}  // namespace

Bytes encode(const Segment& segment, const Distortion& distortion) noexcept {
    try {
        return distorted(segment, distortion);
    } catch (...) {
        return {};  // out of memory: an empty packet, which no link sends
    }
}

std::vector<Bytes> fragment(ByteView packet, std::uint16_t size, std::uint32_t id,
                            std::uint16_t overlap) noexcept {
    try {
        return cut(packet, std::max<std::size_t>(size / 8U * 8U, 8), id, overlap / 8U * 8U);
    } catch (...) {
        return {};
    }
}

std::vector<SentFragment> plan(std::vector<Bytes>&& fragments, const FragmentFates& fates) {
    std::vector<SentFragment> sent;
    if (fragments.size() == 1) {
        sent.push_back({std::move(fragments.front()), {}});  // it is whole
        return sent;
    }
    const auto has = [](const std::vector<std::uint16_t>& numbers, std::size_t number) {
        return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    };
    for (std::size_t i = 0; i < fragments.size(); ++i) {
        const std::size_t number = fates.reversed ? fragments.size() - i : i + 1;
        if (has(fates.lost, number)) {
            continue;
        }
        const auto late = std::find_if(fates.late.begin(), fates.late.end(),
                                       [&](const auto& one) { return one.number == number; });
        SentFragment one{std::move(fragments[number - 1]),
                         late != fates.late.end() ? late->by : Duration::zero()};
        if (has(fates.twice, number)) {
            sent.push_back(one);
        }
        sent.push_back(std::move(one));
    }
    return sent;
}

}  // namespace ghostpeer::wire
