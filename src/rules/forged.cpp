#include "rules/forged.hpp"

#include "ghostpeer/wire/codec.hpp"

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

}  // namespace

void apply(const profile::SegmentFields& fields, const Evaluate& value, wire::Segment& segment,
           wire::Distortion& distortion) {
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
    overwrite(distortion.data_offset, fields.data_offset);
    overwrite(distortion.reserved, fields.reserved);
    overwrite(distortion.total_length, fields.total_length);
}

std::optional<wire::Segment> as_read(const wire::Segment& segment,
                                     const wire::Distortion& distortion) {
    auto decoded = wire::decode(wire::encode(segment, distortion));
    auto* read = std::get_if<wire::Segment>(&decoded);
    return read != nullptr ? std::optional(std::move(*read)) : std::nullopt;
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
