#include "wire/tcp_header.hpp"

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "wire/md5.hpp"
#include "wire/option_layout.hpp"
#include "wire/tcp_option.hpp"

#include <algorithm>

namespace ghostpeer::wire {

namespace {

std::vector<SackBlock> read_sack(ByteView data) {
    std::vector<SackBlock> blocks;
    blocks.reserve(data.size() / 8);
    for (std::size_t at = 0; at < data.size(); at += 8) {
        blocks.push_back({SeqNum(read_u32(data, at)), SeqNum(read_u32(data, at + 4))});
    }
    return blocks;
}

/// One of a wrong length counts as unknown. The last of several of a kind counts. Both as in
/// Linux's tcp_parse_options.
void read_option(std::uint8_t kind, ByteView data, Options& into) {
    if (kind == option::mss && data.size() == 2) {
        into.mss = read_u16(data, 0);
    } else if (kind == option::window_scale && data.size() == 1) {
        into.window_scale = data[0];
    } else if (kind == option::sack_permitted && data.empty()) {
        into.sack_permitted = true;
    } else if (kind == option::sack && !data.empty() && data.size() % 8 == 0) {
        into.sack = read_sack(data);
    } else if (kind == option::timestamps && data.size() == 8) {
        into.timestamps = Timestamps{read_u32(data, 0), read_u32(data, 4)};
    } else if (const auto free = std::find(into.skipped.begin(), into.skipped.end(), option::end);
               free != into.skipped.end()) {
        *free = kind;
    }
}

/// Reads to the end-of-options byte, else to the end of the area, or to an option whose length
/// cannot be: what stands before it counts (RFC 9293, 3.1: MUST-7; Linux: tcp_parse_options).
/// True for an area with a signature.
bool read_area(ByteView area, Options& into) {
    bool is_signed = false;
    std::size_t at = 0;
    while (at < area.size() && area[at] != option::end) {
        if (area[at] == option::nop) {
            ++at;
            continue;
        }
        const std::size_t left = area.size() - at;
        if (left < 2 || area[at + 1] < 2 || area[at + 1] > left) {
            break;
        }
        const std::size_t length = area[at + 1];
        is_signed = is_signed || (area[at] == option::md5 && length == option::md5_length);
        read_option(area[at], area.subspan(at + 2, length - 2), into);
        at += length;
    }
    return is_signed;
}

/// The first signature of a header's options, where there is one.
[[nodiscard]] ByteView signature_in(ByteView area) noexcept {
    constexpr std::size_t head = 2;
    for (std::size_t at = 0; at < area.size() && area[at] != option::end;) {
        if (area[at] == option::nop) {
            ++at;
            continue;
        }
        if (area.size() - at < head || area[at + 1] < head || area[at + 1] > area.size() - at) {
            break;
        }
        if (area[at] == option::md5 && area[at + 1] == option::md5_length) {
            return area.subspan(at + head, option::md5_length - head);
        }
        at += area[at + 1];
    }
    return {};
}

[[nodiscard]] bool is_signed_with(std::string_view key, const IpPacket& ip,
                                  std::size_t header_size) {
    const ByteView seen =
        signature_in(ip.payload.subspan(min_tcp_header, header_size - min_tcp_header));
    const auto right = signature(ip.payload, header_size, ip.source, ip.destination, key);
    return std::equal(seen.begin(), seen.end(), right.begin(), right.end());
}

Decoded read_tcp(const IpPacket& ip, const DecodeOptions& how, bool any_signature) {
    const ByteView bytes = ip.payload;
    if (bytes.size() < min_tcp_header) {
        return Oddity::truncated_tcp;
    }
    const std::size_t header_size = std::size_t{bytes[12]} / 16 * 4;
    if (header_size < min_tcp_header || header_size > bytes.size()) {
        return Oddity::truncated_tcp;
    }
    if (how.verify_checksums) {
        const std::uint16_t pseudo = pseudo_header_sum(ip.source, ip.destination, protocol::tcp,
                                                       static_cast<std::uint32_t>(bytes.size()));
        if (ones_complement_sum(bytes, pseudo) != 0xffff) {
            return Oddity::bad_tcp_checksum;
        }
    }
    Decoded decoded(std::in_place_type<Segment>);
    auto& segment = *std::get_if<Segment>(&decoded);
    const bool is_signed =
        read_area(bytes.subspan(min_tcp_header, header_size - min_tcp_header), segment.options);
    if (!any_signature && (is_signed == how.md5_key.empty() ||
                           (is_signed && !is_signed_with(how.md5_key, ip, header_size)))) {
        return Oddity::signed_tcp;
    }
    segment.source = {ip.source, read_u16(bytes, 0)};
    segment.destination = {ip.destination, read_u16(bytes, 2)};
    segment.seq = SeqNum(read_u32(bytes, 4));
    segment.ack = SeqNum(read_u32(bytes, 8));
    segment.flags.bits = bytes[13];
    segment.window = read_u16(bytes, 14);
    segment.urgent = read_u16(bytes, 18);
    segment.ttl = ip.ttl;
    segment.tos = ip.tos;
    segment.dont_fragment = ip.dont_fragment;
    segment.ip_id = ip.id;
    segment.flow_label = ip.flow_label;
    const ByteView payload = bytes.subspan(header_size);
    segment.payload.assign(payload.begin(), payload.end());
    return decoded;
}

/// Writes one byte after another.
class Writer {
  public:
    explicit Writer(std::uint8_t* at) noexcept : at_(at) {}

    void put_u8(std::uint8_t value) noexcept { *at_++ = value; }
    void put_u16(std::uint16_t value) noexcept {
        write_u16(at_, value);
        at_ += 2;
    }
    void put_u32(std::uint32_t value) noexcept {
        put_u16(static_cast<std::uint16_t>(value >> 16));
        put_u16(static_cast<std::uint16_t>(value));
    }
    /// Kind and length, the length counting both.
    void begin_option(std::uint8_t kind, std::size_t length) noexcept {
        put_u8(kind);
        put_u8(static_cast<std::uint8_t>(length));
    }
    void put_nops(std::size_t count) noexcept { at_ = std::fill_n(at_, count, option::nop); }

  private:
    std::uint8_t* at_;
};

void write_options(Writer& out, const Options& options, const OptionLayout& layout) noexcept {
    const auto align = [&](std::size_t count) { out.put_nops(layout.aligned ? count : 0); };
    const bool joined = side_by_side(options);
    for (const SynOption what : options.order) {
        if (what == SynOption::mss && options.mss) {
            out.begin_option(option::mss, 4);
            out.put_u16(*options.mss);
        } else if (what == SynOption::sack_permitted && options.sack_permitted) {
            align(joined ? 0 : 2);
            out.begin_option(option::sack_permitted, 2);
        } else if (what == SynOption::timestamps && options.timestamps) {
            align(joined ? 0 : 2);
            out.begin_option(option::timestamps, 10);
            out.put_u32(options.timestamps->value);
            out.put_u32(options.timestamps->echo);
        } else if (what == SynOption::window_scale && options.window_scale) {
            align(1);
            out.begin_option(option::window_scale, 3);
            out.put_u8(*options.window_scale);
        }
    }
    if (layout.sack_blocks > 0) {
        align(2);
        out.begin_option(option::sack, 2 + 8 * layout.sack_blocks);
        for (const SackBlock& block : std::span(options.sack).first(layout.sack_blocks)) {
            out.put_u32(block.left.raw());
            out.put_u32(block.right.raw());
        }
    }
    out.put_nops(layout.padding);
}

}  // namespace

Decoded decode_tcp(const IpPacket& ip, const DecodeOptions& how, bool any_signature) noexcept {
    try {
        return read_tcp(ip, how, any_signature);
    } catch (...) {
        return Oddity::truncated_tcp;  // out of memory
    }
}

Options read_options(ByteView area) noexcept {
    try {
        Options options;
        static_cast<void>(read_area(area.first(std::min(area.size(), max_options_size)), options));
        return options;
    } catch (...) {
        return {};  // out of memory
    }
}

void write_tcp_header(std::uint8_t* at, const Segment& segment) noexcept {
    const OptionLayout layout = lay_out(segment.options);
    Writer out(at);
    out.put_u16(segment.source.port);
    out.put_u16(segment.destination.port);
    out.put_u32(segment.seq.raw());
    out.put_u32(segment.ack.raw());
    out.put_u8(static_cast<std::uint8_t>((min_tcp_header + layout.size) / 4 << 4));
    out.put_u8(segment.flags.bits);
    out.put_u16(segment.window);
    out.put_u16(0);
    out.put_u16(segment.urgent);
    write_options(out, segment.options, layout);
}

}  // namespace ghostpeer::wire
