#include "event/members.hpp"
#include "event/table_places.hpp"
#include "event/tables.hpp"

#include "ghostpeer/wire/format.hpp"

#include <algorithm>

namespace ghostpeer::event {

template <>
struct Described<wire::Timestamps> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&wire::Timestamps::value>("val", "TSval of RFC 7323"),
            field<&wire::Timestamps::echo>("ecr", "TSecr of RFC 7323")};
        return fields;
    }
};

namespace {

/// A number counted from the initial one of its side. It is read before the number on the wire,
/// which then makes an initial number of it.
[[nodiscard]] wire::SeqNum below_zero(std::int64_t relative) {
    return wire::SeqNum(0U - static_cast<std::uint32_t>(relative));
}

struct Sequence {
    using Owner = Segment;
    static std::int64_t get(const Segment& segment) {
        return wire::relative_number(segment.segment.seq, segment.base.seq);
    }
    static void set(Segment& segment, std::int64_t value) { segment.base.seq = below_zero(value); }
};
struct RawSequence {
    using Owner = Segment;
    static std::uint32_t get(const Segment& segment) { return segment.segment.seq.raw(); }
    static void set(Segment& segment, std::uint32_t value) {
        segment.segment.seq = wire::SeqNum(value);
        segment.base.seq += value;
    }
};
struct Acknowledgement {
    using Owner = Segment;
    static std::int64_t get(const Segment& segment) {
        return segment.segment.has(wire::Flags::ack)
                   ? wire::relative_number(segment.segment.ack, segment.base.ack)
                   : 0;
    }
    static void set(Segment& segment, std::int64_t value) { segment.base.ack = below_zero(value); }
};
struct RawAcknowledgement {
    using Owner = Segment;
    static std::uint32_t get(const Segment& segment) { return segment.segment.ack.raw(); }
    static void set(Segment& segment, std::uint32_t value) {
        segment.segment.ack = wire::SeqNum(value);
        if (segment.segment.has(wire::Flags::ack)) {
            segment.base.ack += value;
        } else {
            segment.base.ack = wire::SeqNum();
        }
    }
};
struct Length {
    using Owner = Segment;
    static std::size_t get(const Segment& segment) { return segment.segment.payload.size(); }
    static bool set(Segment& segment, std::size_t value) {
        constexpr std::size_t most = 65'535;  // what an IP packet may carry
        if (value > most) {
            return false;
        }
        segment.segment.payload.assign(value, 0);
        return true;
    }
};

/// The payload's beginning. It is written and read without a copy of its own.
struct PayloadStart {
    static void write(Json& json, std::string_view name, const void* owner) {
        const wire::Bytes& payload = static_cast<const Segment*>(owner)->segment.payload;
        if (!payload.empty()) {
            json.key(name);
            json.hexadecimal(payload.data(), std::min(payload.size(), payload_kept));
        }
    }
    static bool read(Reading& reading, const JsonTree::Value& from, void* owner) {
        wire::Bytes& payload = static_cast<Segment*>(owner)->segment.payload;
        wire::Bytes start;
        if (!read_hexadecimal(reading, from, start)) {
            return false;
        }
        if (start.size() > payload.size()) {
            return reading.fail("is longer than `len` says");
        }
        std::copy(start.begin(), start.end(), payload.begin());
        return true;
    }
};

// Options ----------------------------------------------------------------------------------------

struct Sack {
    using Owner = Segment;
    using Blocks = std::vector<std::array<std::int64_t, 2>>;
    static Blocks get(const Segment& segment) {
        Blocks blocks;
        for (const wire::SackBlock& block : segment.segment.options.sack) {
            blocks.push_back({wire::relative_number(block.left, segment.base.ack),
                              wire::relative_number(block.right, segment.base.ack)});
        }
        return blocks;
    }
    static void set(Segment& segment, const Blocks& blocks) {
        for (const auto& [left, right] : blocks) {
            segment.segment.options.sack.push_back(
                {segment.base.ack + static_cast<std::uint32_t>(left),
                 segment.base.ack + static_cast<std::uint32_t>(right)});
        }
    }
};

struct Skipped {
    using Owner = Segment;
    using Kinds = std::vector<std::uint16_t>;  // octets would be written as hexadecimal
    static Kinds get(const Segment& segment) {
        const auto& kinds = segment.segment.options.skipped;
        return {kinds.begin(), std::find(kinds.begin(), kinds.end(), 0)};
    }
    static bool set(Segment& segment, const Kinds& kinds) {
        auto& skipped = segment.segment.options.skipped;
        const bool good = std::all_of(kinds.begin(), kinds.end(), [](std::uint16_t kind) {
            return kind > 0 && kind <= UINT8_MAX;
        });
        if (kinds.size() > skipped.size() || !good) {
            return false;
        }
        std::transform(kinds.begin(), kinds.end(), skipped.begin(),
                       [](std::uint16_t kind) { return static_cast<std::uint8_t>(kind); });
        return true;
    }
};

[[nodiscard]] std::span<const Field> option_fields() {
    using wire::Options;
    static constexpr std::array fields{
        field<&Segment::segment, &wire::Segment::options, &Options::mss>("mss", "bytes"),
        field<&Segment::segment, &wire::Segment::options, &Options::window_scale>("window_scale",
                                                                                  "the shift"),
        rare<&Segment::segment, &wire::Segment::options, &Options::sack_permitted>("sack_permitted",
                                                                                   "true"),
        field<&Segment::segment, &wire::Segment::options, &Options::timestamps>(
            "timestamps", "value and echo reply"),
        rare_derived<Sack>("sack", "pairs of left and right, right exclusive, relative like ack"),
        rare_derived<Skipped>("skipped", "kinds of the first four others, which the peer skips")};
    return fields;
}

// Forged packets ---------------------------------------------------------------------------------

[[nodiscard]] Forgery& forgery_of(Segment& segment) {
    // Its only owner while it is being read.
    auto forgery = segment.forgery ? std::const_pointer_cast<Forgery>(segment.forgery)
                                   : std::make_shared<Forgery>();
    segment.forgery = forgery;
    return *forgery;
}

struct Changes {
    using Owner = Segment;
    using Words = std::vector<std::string_view>;
    static std::optional<Words> get(const Segment& segment) {
        return segment.forgery && !segment.forgery->changes.empty()
                   ? std::optional(segment.forgery->changes)
                   : std::nullopt;
    }
    static void set(Segment& segment, Words&& value) {
        forgery_of(segment).changes = std::move(value);
    }
};

/// A field of the IP header, told where it is not what it mostly is.
template <auto member, std::uint8_t usual>
struct IpField {
    using Owner = Segment;
    static std::optional<std::uint8_t> get(const Segment& segment) {
        const std::uint8_t value = segment.segment.*member;
        return value != usual ? std::optional(value) : std::nullopt;
    }
    static void set(Segment& segment, std::uint8_t value) { segment.segment.*member = value; }
};

struct Identification {
    using Owner = Segment;
    static std::optional<std::uint16_t> get(const Segment& segment) {
        const std::uint16_t id = segment.segment.ip_id;
        return id != 0 ? std::optional(id) : std::nullopt;
    }
    static void set(Segment& segment, std::uint16_t value) { segment.segment.ip_id = value; }
};

template <auto member>
struct Lie {
    using Owner = Segment;
    using Value = typename MemberOf<decltype(member)>::Value;
    static Value get(const Segment& segment) {
        return segment.forgery ? segment.forgery->distortion.*member : Value{};
    }
    template <typename Read>
    static void set(Segment& segment, Read&& value) {
        forgery_of(segment).distortion.*member = std::forward<Read>(value);
    }
};

struct Urgent {
    using Owner = Segment;
    static std::optional<std::uint16_t> get(const Segment& segment) {
        return segment.segment.urgent != 0 || segment.segment.has(wire::Flags::urg)
                   ? std::optional(segment.segment.urgent)
                   : std::nullopt;
    }
    static void set(Segment& segment, std::uint16_t value) { segment.segment.urgent = value; }
};

// ICMP -------------------------------------------------------------------------------------------

struct AlwaysOut {
    using Owner = Icmp;
    static Direction get(const Icmp& /*icmp*/) { return Direction::out; }
    static bool set(Icmp& /*icmp*/, Direction value) { return value == Direction::out; }
};
struct NextMtu {
    using Owner = Icmp;
    static std::optional<std::uint16_t> get(const Icmp& icmp) {
        return icmp.kind == wire::IcmpKind::fragmentation_needed ? std::optional(icmp.mtu)
                                                                 : std::nullopt;
    }
    static void set(Icmp& icmp, std::uint16_t value) { icmp.mtu = value; }
};
struct QuotedSequence {
    using Owner = Icmp;
    static std::int64_t get(const Icmp& icmp) {
        return wire::relative_number(icmp.quoted.seq, icmp.base.seq);
    }
    static void set(Icmp& icmp, std::int64_t value) { icmp.base.seq = below_zero(value); }
};
struct QuotedRawSequence {
    using Owner = Icmp;
    static std::uint32_t get(const Icmp& icmp) { return icmp.quoted.seq.raw(); }
    static void set(Icmp& icmp, std::uint32_t value) {
        icmp.quoted.seq = wire::SeqNum(value);
        icmp.base.seq += value;
    }
};

[[nodiscard]] std::span<const Field> quoted_fields() {
    static constexpr std::array fields{
        field<&Icmp::quoted, &wire::Segment::source>("src", "the program's end"),
        field<&Icmp::quoted, &wire::Segment::destination>("dst", "the peer's"),
        field<&Icmp::quoted, &wire::Segment::flags>("flags", "letters in the order SFRPAUEC"),
        derived<QuotedSequence>("seq", "relative, as a segment's"),
        derived<QuotedRawSequence>("raw_seq", "the 32 bits on the wire")};
    return fields;
}

}  // namespace

std::span<const Field> Described<profile::Place>::fields() noexcept {
    static constexpr std::array fields{
        field<&profile::Place::file>("file", "the profile's, as it was named"),
        field<&profile::Place::line>("line", "from 1")};
    return fields;
}

std::span<const Field> segment_fields() noexcept {
    using wire::Distortion;
    static constexpr std::array fields{
        field<&Segment::direction>("dir", "seen from the peer: in came from the program"),
        field<&Segment::kind>("kind", "of in: what the segment is for"),
        field<&Segment::reason>("reason", "of out: why the peer sends it"),
        field<&Segment::segment, &wire::Segment::source>("src", "the segment's own source"),
        field<&Segment::segment, &wire::Segment::destination>("dst", "its destination"),
        field<&Segment::segment, &wire::Segment::flags>("flags", "letters in the order SFRPAUEC"),
        derived<Sequence>("seq", "relative to the initial number of its side"),
        derived<Acknowledgement>("ack", "relative to that of the other; 0 without the ACK flag"),
        derived<RawSequence>("raw_seq", "the 32 bits on the wire"),
        derived<RawAcknowledgement>("raw_ack", "the 32 bits on the wire"),
        derived<Length>("len", "payload bytes"),
        field<&Segment::segment, &wire::Segment::window>("win", "the header's window field"),
        field<&Segment::window>("window", "the window in bytes, scaled"),
        part<Segment, option_fields>("options", "the TCP options that it has"),
        field<&Segment::fate>("fate", "what became of it"),
        rare<&Segment::retransmission>("retransmission", "true for a segment sent again"),
        field<&Segment::rule>("rule", "the rule that decided the fate"),
        field<&Segment::until>("until",
                               "of delayed: when it moves on; absent where it waits for an event"),
        field<&Segment::on_the_way>("on_the_way", "what the link did to it; of dropped: why"),
        rare<&Segment::queued>("queued", "how long it waited in the link's queue"),
        derived<Urgent>("urgent", "the urgent pointer, where it is not 0 or URG is set"),
        derived<Changes>("changes", "what a rule overwrote, spoiled or did"),
        derived<IpField<&wire::Segment::ttl, 64>>("ttl", "where it is not 64: hop limit in IPv6"),
        derived<IpField<&wire::Segment::tos, 0>>("tos", "where it is not 0: traffic class in IPv6"),
        derived<Identification>("ip_id", "the identification of IPv4, where it is not 0"),
        derived<ToldIfFalse<&Segment::segment, &wire::Segment::dont_fragment>>(
            "df", "false: an IPv4 packet that may be fragmented"),
        derived<Lie<&Distortion::options>>("raw_options", "the option area that replaced it"),
        derived<Lie<&Distortion::data_offset>>("data_offset", "where the packet lies about it"),
        derived<Lie<&Distortion::reserved>>("reserved", "where the packet lies about it"),
        derived<Lie<&Distortion::total_length>>("total_length", "where the packet lies about it"),
        rare_derived<Lie<&Distortion::fragment>>("fragment", "bytes in each fragment but the last"),
        Field{"payload", "the first bytes of the payload", false, &Codec<wire::Bytes>::type,
              PayloadStart::write, PayloadStart::read},
        rare<&Segment::state>("state", "the peer's, as the segment came or left; absent: closed"),
        rare<&Segment::received>("received", "of in: payload bytes that have come in order"),
        rare<&Segment::acknowledged>("acknowledged", "of in: bytes the program acknowledged"),
        derived<ToldIfFalse<&Segment::base, &wire::NumberBase::relative>>(
            "relative", "false: no SYN was seen that numbers could be relative to")};
    static_assert(fields.size() <= most_fields);
    return fields;
}

std::span<const Field> icmp_fields() noexcept {
    static constexpr std::array fields{
        derived<AlwaysOut>("dir", "out"),
        field<&Icmp::kind>("kind", "as profiles spell it"),
        field<&Icmp::source>("src", "an address without a port"),
        field<&Icmp::destination>("dst", "an address without a port"),
        derived<NextMtu>("mtu", "of frag-needed"),
        part<Icmp, quoted_fields>("quoted", "the segment of the program that it is about"),
        field<&Icmp::fate>("fate", "sent, dropped or undelivered"),
        field<&Icmp::rule>("rule", "the rule that made it, or that dropped it"),
        field<&Icmp::on_the_way>("on_the_way", "what the link did to it; of dropped: why"),
        derived<ToldIfFalse<&Icmp::base, &wire::NumberBase::relative>>(
            "relative", "false: no SYN was seen that numbers could be relative to")};
    return fields;
}

}  // namespace ghostpeer::event
