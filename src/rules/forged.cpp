#include "rules/forged.hpp"

#include "ghostpeer/wire/codec.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ghostpeer::rules {

using wire::Flags;
using wire::SeqNum;

namespace {

void apply_options(const profile::SegmentFields& fields, const Evaluate& value,
                   wire::Options& options) {
    if (fields.mss) {
        options.mss = *fields.mss;
    }
    if (fields.window_scale) {
        options.window_scale = *fields.window_scale;
    }
    if (fields.sack_permitted) {
        options.sack_permitted = *fields.sack_permitted;
    }
    if (fields.no_timestamps) {
        options.timestamps.reset();
    }
    if (fields.tsval || fields.tsecr) {
        wire::Timestamps& timestamps =
            options.timestamps ? *options.timestamps : options.timestamps.emplace();
        if (fields.tsval) {
            timestamps.value = value(*fields.tsval);
        }
        if (fields.tsecr) {
            timestamps.echo = value(*fields.tsecr);
        }
    }
    if (fields.sack) {
        options.sack.clear();
        for (const profile::SackEdges& block : *fields.sack) {
            options.sack.push_back({SeqNum(value(block.left)), SeqNum(value(block.right))});
        }
    }
    // The header has room for no more; what is told is what leaves.
    constexpr std::size_t beside_timestamps = 3;
    if (options.timestamps && options.sack.size() > beside_timestamps) {
        options.sack.resize(beside_timestamps);
    }
}

/// What is told of a segment has the options that are added to it, unless there is no room.
void note_more(const wire::Bytes& more, bool is_signed, wire::Options& options) {
    constexpr std::size_t largest_header = 60;
    const std::size_t size = wire::tcp_header_size(options) + (more.size() + 3) / 4 * 4;
    if (size + (is_signed ? wire::signature_room : 0) > largest_header) {
        return;
    }
    const wire::Options added = wire::read_options(more);
    auto* const free = std::find(options.skipped.begin(), options.skipped.end(), 0);
    const auto room = static_cast<std::size_t>(options.skipped.end() - free);
    std::copy_n(added.skipped.begin(), std::min(room, added.skipped.size()), free);
}

}  // namespace

void apply(const profile::SegmentFields& fields, const Evaluate& value, bool has_key,
           wire::Segment& segment, wire::Distortion& distortion) {
    if (fields.seq) {
        segment.seq = SeqNum(value(*fields.seq));
    }
    if (fields.ack) {
        segment.ack = SeqNum(value(*fields.ack));
        segment.flags.bits |= Flags::ack;
    }
    if (fields.urgent) {
        segment.urgent = *fields.urgent;
        segment.flags.bits |= Flags::urg;
    }
    segment.flags = fields.flags.value_or(segment.flags);
    segment.window = fields.window.value_or(segment.window);
    segment.tos = fields.tos.value_or(segment.tos);
    if (fields.ecn) {
        segment.tos = static_cast<std::uint8_t>((segment.tos & 0xfcU) | *fields.ecn);
    }
    segment.ttl = fields.ttl.value_or(segment.ttl);
    if (fields.payload) {
        segment.payload = *fields.payload;
    }
    if (fields.options) {
        distortion.options = fields.options;
        segment.options = wire::read_options(*fields.options);
    } else {
        apply_options(fields, value, segment.options);
    }
    const auto overwrite = [](auto& with, const auto& what) {
        if (what) {
            with = what;
        }
    };
    if (fields.from) {
        segment.source.address = fields.from->address.value_or(segment.source.address);
        segment.source.port = fields.from->port.value_or(segment.source.port);
    }
    if (std::find(fields.names.begin(), fields.names.end(), "fast_open") != fields.names.end()) {
        constexpr std::uint8_t kind = 34;  // RFC 7413, 4.1.1
        auto& others = segment.options.skipped;
        std::fill(std::remove(others.begin(), others.end(), kind), others.end(), std::uint8_t{0});
    }
    if (!fields.more_options.empty()) {
        distortion.more_options = fields.more_options;
        const bool is_signed = fields.md5_key || distortion.md5_key || (has_key && !fields.from);
        note_more(fields.more_options, is_signed, segment.options);
    }
    overwrite(distortion.md5_key, fields.md5_key);
    if (!fields.ip_options.empty()) {
        distortion.ip_options = fields.ip_options;
    }
    if (!fields.extensions.empty()) {
        distortion.extensions = fields.extensions;
    }
    overwrite(distortion.data_offset, fields.data_offset);
    overwrite(distortion.reserved, fields.reserved);
    overwrite(distortion.total_length, fields.total_length);
}

void corrupt(profile::Corrupt::What what, Forged& forged) {
    using What = profile::Corrupt::What;
    switch (what) {
        case What::tcp_checksum: forged.forgery.distortion.wrong_tcp_checksum = true; break;
        case What::ip_checksum: forged.forgery.distortion.wrong_ip_checksum = true; break;
        case What::payload: forged.segment.payload.front() ^= 1U; break;
    }
    forged.corrupted = true;
    forged.forgery.changes.push_back(profile::name(what));
}

bool more_than_a_fragment(const wire::Segment& segment, const wire::Distortion& distortion,
                          const std::string& key) {
    wire::Distortion how = distortion;
    how.md5_key = key.empty() ? how.md5_key : how.md5_key.value_or(key);
    return wire::fragment(wire::encode(segment, how), how.fragment, 0).size() > 1;
}

std::optional<wire::Segment> as_read(const wire::Segment& segment,
                                     const wire::Distortion& distortion, const std::string& key) {
    wire::Distortion how = distortion;
    how.md5_key = key.empty() ? how.md5_key : how.md5_key.value_or(key);
    auto decoded = wire::decode(wire::encode(segment, how), {true, key});
    auto* read = std::get_if<wire::Segment>(&decoded);
    return read != nullptr ? std::optional(std::move(*read)) : std::nullopt;
}

std::size_t lost_of(const wire::FragmentFates& fates, std::size_t fragments) {
    const std::set<std::uint16_t> lost(fates.lost.begin(), fates.lost.end());
    return fragments > 1 ? static_cast<std::size_t>(std::count_if(
                               lost.begin(), lost.end(),
                               [&](std::uint16_t number) { return number <= fragments; }))
                         : 0;
}

bool is_of_version(const profile::SegmentFields& fields, bool v4) noexcept {
    return !fields.from || !fields.from->address || fields.from->address->is_v4() == v4;
}

tcp::Reason reason_of(const wire::Segment& segment) noexcept {
    if (segment.has(Flags::rst)) {
        return tcp::Reason::rst;
    }
    if (segment.has(Flags::syn)) {
        return segment.has(Flags::ack) ? tcp::Reason::syn_ack : tcp::Reason::syn;
    }
    if (segment.has(Flags::fin)) {
        return tcp::Reason::fin;
    }
    return segment.payload.empty() ? tcp::Reason::ack : tcp::Reason::data;
}

}  // namespace ghostpeer::rules
