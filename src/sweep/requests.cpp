#include "sweep/requests.hpp"

#include "ghostpeer/wire/codec.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

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

[[nodiscard]] std::optional<Payload> payload_of(std::string_view packet) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(packet.data());
    // Whether its checksums are right, the record says.
    const auto decoded = wire::decode({bytes, packet.size()}, {.verify_checksums = false});
    const auto* segment = std::get_if<wire::Segment>(&decoded);
    if (segment == nullptr || segment->payload.empty()) {
        return std::nullopt;
    }
    return Payload{segment->source.port,
                   segment->seq.raw(),
                   {segment->payload.begin(), segment->payload.end()}};
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
