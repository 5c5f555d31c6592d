#include "sweep/requests.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace ghostpeer::sweep {
namespace {

// The classic format of pcap, as show/pcap.cpp writes it: raw IP, the host's order of bytes.
// libpcap would come into the executable for this alone.
constexpr std::size_t file_header = 24;
constexpr std::size_t record_header = 16;
constexpr std::uint32_t magic_micro = 0xa1b2c3d4;
constexpr std::uint32_t magic_nano = 0xa1b23c4d;
constexpr std::size_t most_bytes = 16 * 1024 * 1024;

[[nodiscard]] std::uint32_t host_word(std::string_view bytes, std::size_t at) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}
[[nodiscard]] unsigned byte(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}
[[nodiscard]] std::uint32_t wire_word(std::string_view bytes, std::size_t at) {
    return byte(bytes, at) << 24U | byte(bytes, at + 1) << 16U | byte(bytes, at + 2) << 8U |
           byte(bytes, at + 3);
}
[[nodiscard]] std::uint16_t wire_half(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte(bytes, at) << 8U | byte(bytes, at + 1));
}

/// The TCP segment in a packet; empty: there is none.
[[nodiscard]] std::string_view segment_of(std::string_view packet) {
    constexpr std::size_t least_ipv4 = 20;
    constexpr std::size_t ipv6 = 40;
    constexpr unsigned tcp = 6;
    if (packet.size() < least_ipv4) {
        return {};
    }
    if (byte(packet, 0) >> 4U == 4) {
        const std::size_t header = (byte(packet, 0) & 15U) * 4;
        const std::size_t total = std::min<std::size_t>(wire_half(packet, 2), packet.size());
        return byte(packet, 9) == tcp && header <= total ? packet.substr(header, total - header)
                                                         : std::string_view();
    }
    if (byte(packet, 0) >> 4U == 6 && packet.size() >= ipv6 && byte(packet, 6) == tcp) {
        return packet.substr(ipv6, wire_half(packet, 4));
    }
    return {};
}

[[nodiscard]] std::optional<Payload> payload_of(std::string_view packet) {
    constexpr std::size_t least_header = 20;
    constexpr std::size_t offset_at = 12;
    const std::string_view segment = segment_of(packet);
    if (segment.size() < least_header) {
        return std::nullopt;
    }
    const std::size_t header = (byte(segment, offset_at) >> 4U) * 4;
    if (header < least_header || header >= segment.size()) {
        return std::nullopt;
    }
    return Payload{wire_half(segment, 0), wire_word(segment, 4),
                   std::string(segment.substr(header))};
}

[[nodiscard]] bool only_asks(std::string_view request) {
    constexpr std::array<std::string_view, 4> words{"GET ", "HEAD ", "OPTIONS ", "TRACE "};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return request.starts_with(word); });
}

}  // namespace

std::vector<Payload> payloads_in(std::string_view capture) {
    std::vector<Payload> payloads;
    if (capture.size() < file_header ||
        (host_word(capture, 0) != magic_micro && host_word(capture, 0) != magic_nano)) {
        return payloads;
    }
    capture.remove_prefix(file_header);
    while (capture.size() >= record_header) {
        const std::size_t length = host_word(capture, 8);
        capture.remove_prefix(record_header);
        if (length > capture.size()) {
            break;
        }
        if (auto payload = payload_of(capture.substr(0, length))) {
            payloads.push_back(std::move(*payload));
        }
        capture.remove_prefix(length);
    }
    return payloads;
}

std::vector<std::string> delivered(const RunRecord& record, const std::vector<Payload>& payloads) {
    std::map<std::tuple<std::uint16_t, std::uint32_t, std::size_t>, const std::string*> known;
    for (const Payload& payload : payloads) {
        known.try_emplace({payload.source, payload.sequence, payload.bytes.size()}, &payload.bytes);
    }
    // By connection: pieces by their place, which may have come in any order.
    std::map<std::uint64_t, std::map<std::int64_t, const std::string*>> pieces;
    for (const SegmentSeen& segment : record.segments) {
        if (!segment.in || segment.length == 0 || segment.fate != event::Fate::accepted) {
            continue;
        }
        const auto found = known.find({segment.from_port, segment.raw_seq, segment.length});
        if (found != known.end()) {
            pieces[segment.conn].try_emplace(segment.seq, found->second);
        }
    }
    std::vector<std::string> requests;
    for (const auto& [conn, parts] : pieces) {
        std::string text;
        for (const auto& [seq, part] : parts) {
            const std::int64_t next = 1 + static_cast<std::int64_t>(text.size());
            if (seq > next) {
                break;  // what lies between has not come
            }
            const auto known_bytes = static_cast<std::size_t>(next - seq);
            if (known_bytes < part->size()) {
                text += part->substr(known_bytes);
            }
        }
        requests.push_back(std::move(text));
    }
    return requests;
}

std::uint64_t count_repeated(const std::vector<std::string>& requests) {
    std::uint64_t repeated = 0;
    for (std::size_t later = 1; later < requests.size(); ++later) {
        if (requests[later].empty() || only_asks(requests[later])) {
            continue;
        }
        for (std::size_t earlier = 0; earlier < later; ++earlier) {
            // The first may have gone on, or have had others before it; one that was cut short is
            // no request.
            const bool same = requests[earlier].find(requests[later]) != std::string::npos;
            if (same) {
                ++repeated;
                break;
            }
        }
    }
    return repeated;
}

std::uint64_t count_repeated(const RunRecord& record, const std::filesystem::path& file) {
    if (record.attempts < 2) {
        return 0;
    }
    std::ifstream stream(file, std::ios::binary);
    std::string capture(most_bytes, '\0');
    stream.read(capture.data(), static_cast<std::streamsize>(capture.size()));
    capture.resize(static_cast<std::size_t>(stream.gcount()));
    return count_repeated(delivered(record, payloads_in(capture)));
}

}  // namespace ghostpeer::sweep
