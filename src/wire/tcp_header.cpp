#include "wire/tcp_header.hpp"
#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "wire/ip_packet.hpp"
#include "wire/option_layout.hpp"

#include <tins/tcp.h>

#include <algorithm>
#include <array>

namespace ghostpeer::wire {

namespace {

/// Where the options end: at the end-of-options byte, else at the end of the area, or before one
/// whose length cannot be: libtins trusts the lengths that it reads.
struct OptionsEnd {
    std::size_t at = 0;
    bool well_formed = true;
};

OptionsEnd end_of_options(ByteView area) noexcept {
    std::size_t at = 0;
    while (at < area.size() && area[at] != Tins::TCP::EOL) {
        if (area[at] == Tins::TCP::NOP) {
            ++at;
            continue;
        }
        const std::size_t left = area.size() - at;
        if (left < 2 || area[at + 1] < 2 || area[at + 1] > left) {
            return {at, false};
        }
        at += area[at + 1];
    }
    return {at, true};
}

/// libtins reads options beyond the end-of-options byte; RFC 9293, 3.1, makes them padding.
Tins::TCP parse_header(ByteView header, std::size_t options_end) {
    const auto size = static_cast<std::uint32_t>(header.size());
    if (min_tcp_header + options_end == header.size()) {
        return {header.data(), size};
    }
    std::array<std::uint8_t, min_tcp_header + max_options_size> copy{};
    std::copy(header.begin(), header.end(), copy.begin());
    std::fill(copy.begin() + static_cast<std::ptrdiff_t>(min_tcp_header + options_end), copy.end(),
              std::uint8_t{Tins::TCP::NOP});
    return {copy.data(), size};
}

std::vector<SackBlock> read_sack(ByteView data) {
    std::vector<SackBlock> blocks;
    blocks.reserve(data.size() / 8);
    for (std::size_t at = 0; at < data.size(); at += 8) {
        blocks.push_back({SeqNum(read_u32(data, at)), SeqNum(read_u32(data, at + 4))});
    }
    return blocks;
}

/// False for a known option of a wrong length. The last of several of a kind counts, as in
/// Linux's tcp_parse_options.
bool read_option(const Tins::TCP::option& option, Options& into) {
    const ByteView data(option.data_ptr(), option.data_size());
    switch (option.option()) {
        case Tins::TCP::MSS:
            if (data.size() != 2) {
                return false;
            }
            into.mss = read_u16(data, 0);
            return true;
        case Tins::TCP::WSCALE:
            if (data.size() != 1) {
                return false;
            }
            into.window_scale = data[0];
            return true;
        case Tins::TCP::SACK_OK:
            if (!data.empty()) {
                return false;
            }
            into.sack_permitted = true;
            return true;
        case Tins::TCP::SACK:
            if (data.empty() || data.size() % 8 != 0) {
                return false;
            }
            into.sack = read_sack(data);
            return true;
        case Tins::TCP::TSOPT:
            if (data.size() != 8) {
                return false;
            }
            into.timestamps = Timestamps{read_u32(data, 0), read_u32(data, 4)};
            return true;
        default: return true;
    }
}

Decoded read_tcp(const IpPacket& ip, bool verify_checksum) {
    const ByteView bytes = ip.payload;
    if (bytes.size() < min_tcp_header) {
        return Oddity::truncated_tcp;
    }
    const std::size_t header_size = std::size_t{bytes[12]} / 16 * 4;
    if (header_size < min_tcp_header || header_size > bytes.size()) {
        return Oddity::truncated_tcp;
    }
    if (verify_checksum) {
        const std::uint16_t pseudo = pseudo_header_sum(ip.source, ip.destination, protocol::tcp,
                                                       static_cast<std::uint32_t>(bytes.size()));
        if (ones_complement_sum(bytes, pseudo) != 0xffff) {
            return Oddity::bad_tcp_checksum;
        }
    }
    // Only the header is given to libtins, so the payload is copied once, below.
    const ByteView header = bytes.first(header_size);
    const OptionsEnd options_end = end_of_options(header.subspan(min_tcp_header));
    if (!options_end.well_formed) {
        return Oddity::bad_tcp_options;
    }
    const Tins::TCP tcp = parse_header(header, options_end.at);
    Decoded decoded(std::in_place_type<Segment>);
    auto& segment = *std::get_if<Segment>(&decoded);
    for (const Tins::TCP::option& option : tcp.options()) {
        if (!read_option(option, segment.options)) {
            return Oddity::bad_tcp_options;
        }
    }
    segment.source = {ip.source, tcp.sport()};
    segment.destination = {ip.destination, tcp.dport()};
    segment.seq = SeqNum(tcp.seq());
    segment.ack = SeqNum(tcp.ack_seq());
    segment.flags.bits = static_cast<std::uint8_t>(tcp.flags() & 0xff);
    segment.window = tcp.window();
    segment.urgent = tcp.urg_ptr();
    segment.ttl = ip.ttl;
    segment.tos = ip.tos;
    segment.dont_fragment = ip.dont_fragment;
    const ByteView payload = bytes.subspan(header_size);
    segment.payload.assign(payload.begin(), payload.end());
    return decoded;
}

}  // namespace

Decoded decode_tcp(const IpPacket& ip, bool verify_checksum) noexcept {
    try {
        return read_tcp(ip, verify_checksum);
    } catch (...) {
        // The lengths have been checked, so this is a case that libtins knows and this file not.
        return Oddity::bad_tcp_options;
    }
}

Options read_options(ByteView area) noexcept {
    try {
        area = area.first(std::min(area.size(), max_options_size));
        Bytes header(min_tcp_header, 0);
        header.insert(header.end(), area.begin(), area.end());
        header.resize((header.size() + 3) / 4 * 4);
        header[12] = static_cast<std::uint8_t>(header.size() / 4 << 4);
        Options options;
        const Tins::TCP tcp = parse_header(header, end_of_options(area).at);
        for (const Tins::TCP::option& option : tcp.options()) {
            static_cast<void>(read_option(option, options));
        }
        return options;
    } catch (...) {
        return {};
    }
}

}  // namespace ghostpeer::wire
