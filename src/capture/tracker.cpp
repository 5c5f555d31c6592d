#include "capture/tracker.hpp"

#include "capture/hash.hpp"
#include "ghostpeer/tcp/classify.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ghostpeer::capture {

using wire::Flags;
using namespace std::chrono_literals;

Tracker::Tracker(std::uint32_t number, const TcpPacket& first, const Found& found,
                 std::uint16_t vlan) {
    told_.vlan = vlan;
    told_.number = number;
    told_.begin = found.at;
    told_.end = found.at;
    told_.first_packet = found.packet;
    choose_roles(first.segment);
}

void Tracker::choose_roles(const wire::Segment& first) {
    wire::Endpoint client = first.source;
    wire::Endpoint server = first.destination;
    bool turned = false;
    if (first.has(Flags::syn)) {
        turned = first.has(Flags::ack);
        told_.roles = turned ? Roles::syn_ack : Roles::syn;
    } else {
        told_.roles = Roles::ports;
        turned = client.port < server.port;
    }
    if (turned) {
        std::swap(client, server);
    }
    told_.of(Side::client).endpoint = client;
    told_.of(Side::server).endpoint = server;
}

Side Tracker::side_of(const wire::Segment& segment) const noexcept {
    return segment.source == told_.client() ? Side::client : Side::server;
}

bool Tracker::over() const noexcept {
    const End& client = told_.of(Side::client);
    const End& server = told_.of(Side::server);
    return client.rst || server.rst || (client.fin && server.fin);
}

bool Tracker::begins_anew(const TcpPacket& packet, Duration at) const noexcept {
    const wire::Segment& segment = packet.segment;
    if (!segment.has(Flags::syn) || segment.has(Flags::ack)) {
        return false;
    }
    const Side from = side_of(segment);
    const Half& own = half(from);
    const auto& isn = told_.of(from).isn;
    if (isn && *isn == segment.seq) {
        return false;
    }
    if (!own.stream.known()) {
        return synchronized_;  // a conversation that begins in the middle; else both open at once
    }
    // A SYN into the middle of a stream is an attack, or a test of one.
    constexpr std::int64_t near = 1 << 24;
    const std::int64_t away = own.stream.place_of(segment.seq) - own.stream.end();
    return over() || !synchronized_ || away > near || away < -near || at - told_.end > 10s;
}

bool Tracker::is_duplicate(const TcpPacket& packet, Side from, std::uint64_t payload_hash,
                           const Found& found) {
    const wire::Segment& segment = packet.segment;
    std::uint64_t hash = mix(static_cast<std::uint64_t>(from), payload_hash);
    hash = mix(hash, std::uint64_t{segment.seq.raw()} << 32U | segment.ack.raw());
    hash = mix(hash, std::uint64_t{segment.flags.bits} << 48U |
                         std::uint64_t{segment.window} << 32U | packet.length);
    hash = mix(hash, std::uint64_t{segment.ip_id} << 32U | segment.urgent);
    if (segment.options.timestamps) {
        hash = mix(hash, std::uint64_t{segment.options.timestamps->value} << 32U |
                             segment.options.timestamps->echo);
    }
    for (const wire::SackBlock& block : segment.options.sack) {
        hash = mix(hash, std::uint64_t{block.left.raw()} << 32U | block.right.raw());
    }
    const Fingerprint now{hash, found.at, found.link_key, segment.ttl};
    const bool is_one = std::any_of(recent_.begin(), recent_.end(), [&](const Fingerprint& one) {
        if (one.hash != hash || found.at < one.at) {
            return false;
        }
        // Another interface: other addresses below, or a router between. The same interface, where
        // a switch mirrors both of its ports: only the IP identification tells it apart from what
        // was sent twice.
        const bool elsewhere = one.link_key != now.link_key || one.ttl != now.ttl;
        return elsewhere ? found.at - one.at < 100ms
                         : found.framed && segment.ip_id != 0 && found.at - one.at < 1ms;
    });
    if (!is_one) {
        recent_[recent_next_] = now;
        recent_next_ = static_cast<std::uint8_t>((recent_next_ + 1) % recent_.size());
    }
    return is_one;
}

void Tracker::begin_streams(const TcpPacket& packet, Side from) {
    const wire::Segment& segment = packet.segment;
    const bool syn = segment.has(Flags::syn);
    Stream& own = half(from).stream;
    if (!own.known() && !segment.has(Flags::rst)) {  // the numbers of an RST may be nobody's
        own.begin(segment.seq, syn ? 0 : 1);
    }
    Stream& others = half(other(from)).stream;
    if (!others.known() && segment.has(Flags::ack) && !segment.has(Flags::rst)) {
        others.begin(segment.ack, 1);
    }
}

tcp::Kind Tracker::kind_of(const TcpPacket& packet, Side from) const {
    const wire::Segment& segment = packet.segment;
    const Stream& stream = half(from).stream;
    const tcp::ClassifyContext context{synchronized_, stream.next(),
                                       half(other(from)).offered_zero};
    const tcp::Kind kind = tcp::classify(segment, context);
    const bool nothing_open = stream.acked() >= stream.end();
    if (kind == tcp::Kind::data && packet.length == 1 && nothing_open && synchronized_ &&
        segment.seq == stream.next() - 1) {
        return context.window_closed ? tcp::Kind::window_probe : tcp::Kind::keepalive_probe;
    }
    return kind;
}

Segment Tracker::describe(const TcpPacket& packet, Side from, const Found& found) {
    const wire::Segment& segment = packet.segment;
    Segment told;
    told.packet = found.packet;
    told.at = found.at;
    told.from = from;
    told.flags = segment.flags;
    told.seq = segment.seq;
    told.ack = segment.ack;
    told.window = segment.window;
    told.options = segment.options;
    told.urgent = segment.urgent;
    told.ttl = segment.ttl;
    told.tos = segment.tos;
    told.dont_fragment = segment.dont_fragment;
    told.ip_id = segment.ip_id;
    told.length = packet.length;
    told.kind = kind_of(packet, from);
    told.ack_place = segment.has(Flags::ack) ? half(other(from)).stream.place_of(segment.ack) : 0;
    const auto& own = half(from).scale;
    const bool scales = own && half(other(from)).scale && !segment.has(Flags::syn);
    constexpr std::uint8_t most = 14;  // RFC 7323, 2.3
    told.offered = std::uint64_t{segment.window} << (scales ? std::min(*own, most) : 0U);
    return told;
}

void Tracker::note_handshake(const wire::Segment& segment, Side from, const Mark& mark) {
    Half& own = half(from);
    End& end = told_.of(from);
    if (segment.has(Flags::syn)) {
        own.syns.add(mark);
        own.last_syn = mark.at;
        if (!end.isn) {
            end.isn = segment.seq;
            end.options = segment.options;
            end.syn_window = segment.window;
            own.scale = segment.options.window_scale;
        }
        if (segment.has(Flags::ack) && !syn_ack_ && from == Side::server) {
            syn_ack_ = mark;
        }
    } else if (syn_ack_ && !handshake_ && from == Side::client && segment.has(Flags::ack)) {
        handshake_ = mark;
        // What was sent twice tells no round trip.
        if (half(Side::server).syns.count == 1) {
            told_.rtt_client = mark.at - syn_ack_.at;
            const Tally& syns = half(Side::client).syns;
            if (syns.count == 1) {
                told_.rtt_server = syn_ack_.at - syns.first.at;
                told_.rtt = *told_.rtt_server + *told_.rtt_client;
            }
        }
    }
    synchronized_ = synchronized_ || !segment.has(Flags::syn) || segment.has(Flags::ack);
}

void Tracker::count(const Segment& segment, const Carried& carried, Half& half, End& end) {
    const bool syn = segment.flags.has(Flags::syn);
    const bool fin = segment.flags.has(Flags::fin);
    ++end.packets;
    end.largest = std::max(end.largest, segment.length);
    half.with_numbers += segment.length > 0 || fin ? 1 : 0;
    end.segments_with_data += segment.length > 0 ? 1 : 0;
    const std::uint64_t news =
        carried.fresh + std::min<std::uint64_t>(carried.filled, segment.length);
    end.bytes += news;
    end.bytes_again += segment.length - std::min<std::uint64_t>(segment.length, news);
    if (segment.retransmission && !syn) {  // those of SYNs are told with the handshake
        ++end.retransmissions;
        half.again.add({segment.packet, segment.at});
    }
}

void Tracker::note_traits(const TcpPacket& packet, const Segment& segment, Half& half, End& end) {
    const Mark mark{segment.packet, segment.at};
    const bool rst = segment.flags.has(Flags::rst);
    if (end.packets == 1) {
        end.tos = segment.tos;
        end.dont_fragment = segment.dont_fragment;
    }
    auto& ttl = rst ? end.rst_ttl : end.ttl;
    if (!ttl) {
        ttl = segment.ttl;
    }
    const auto known = half.ttls.begin() + half.ttl_count;
    if (!rst && half.ttl_count < half.ttls.size() &&
        std::find(half.ttls.begin(), known, segment.ttl) == known) {
        half.ttls[half.ttl_count++] = segment.ttl;
        if (half.ttl_count == 2) {
            half.other_ttl = mark;
        }
    }
    const auto& others = told_.of(other(segment.from)).options;
    if (others && others->mss && segment.length > *others->mss) {
        half.offloaded.add(mark);
    }
    if (segment.flags.has(Flags::urg)) {
        half.urgent.add(mark);
    }
    if (segment.late) {
        half.overtaken.add(mark);
    }
    if (packet.segment.payload.size() < packet.length) {
        half.cut.add(mark, packet.length - packet.segment.payload.size());
    }
    if (packet.reassembled) {
        half.fragments.add(mark);
    }
    if (segment.flags.has(Flags::syn)) {
        half.syn_bytes = std::max(half.syn_bytes, segment.length);
    } else if (segment.flags.has(Flags::ack) && !rst) {
        end.least_window =
            half.spoke ? std::min(end.least_window, segment.offered) : segment.offered;
        end.most_window = std::max(end.most_window, segment.offered);
        half.spoke = true;
    }
    if ((segment.fresh > 0 && half.fin) ||
        (segment.length > 0 && !segment.retransmission && half.rst)) {
        half.after_close.add(mark);
    }
    if (rst && !half.rst) {
        half.rst = mark;
        half.spoken_at_rst = end.bytes;
        end.rst = true;
    }
    if (segment.flags.has(Flags::fin) && !half.fin) {
        half.fin = mark;
        end.fin = true;
    }
}

void Tracker::note_bytes(const Segment& segment, std::uint64_t hash, Half& half) {
    for (const Sent& sent : half.sent) {
        if (sent.length == segment.length && sent.place == segment.place && sent.hash != hash) {
            half.different.add({segment.packet, segment.at});
        }
    }
    half.sent[half.sent_next] = {segment.place, segment.length, hash};
    half.sent_next = static_cast<std::uint8_t>((half.sent_next + 1) % half.sent.size());
}

bool Tracker::take(TcpPacket& packet, const Found& found, Budget& budget) {
    const wire::Segment& raw = packet.segment;
    const Side from = side_of(raw);
    const Mark mark{found.packet, found.at};
    const std::uint64_t bytes = hash(raw.payload);
    if (is_duplicate(packet, from, bytes, found)) {
        duplicates_.add(mark);
        return false;
    }
    Half& own = half(from);
    Half& others = half(other(from));
    End& end = told_.of(from);
    told_.end = std::max(told_.end, found.at);
    told_.last_packet = found.packet;
    begin_streams(packet, from);
    note_handshake(raw, from, mark);

    Segment segment = describe(packet, from, found);
    const bool rst = raw.has(Flags::rst);
    const bool probe =
        segment.kind == tcp::Kind::keepalive_probe || segment.kind == tcp::Kind::window_probe;
    const auto numbers =
        static_cast<std::uint32_t>(rst || probe ? 0U
                                                : packet.length + (raw.has(Flags::syn) ? 1U : 0U) +
                                                      (raw.has(Flags::fin) ? 1U : 0U));
    const Carried carried =
        own.stream.known() ? own.stream.take(raw.seq, packet.length, numbers) : Carried{};
    segment.place = carried.place;
    segment.retransmission = carried.again;
    segment.ahead = carried.ahead;
    segment.late = carried.late;
    segment.fresh = carried.fresh;
    if (carried.far && !rst) {
        own.strange_sequences.add(mark);
    }
    bool acknowledges = false;
    bool nothing_open = false;
    if (raw.has(Flags::ack) && others.stream.known()) {
        if (others.stream.is_strange_ack(raw.ack)) {
            own.strange_acks.add(mark);
        } else {
            const std::uint64_t missed = others.stream.not_seen();
            acknowledges = others.stream.acknowledge(raw.ack);
            if (others.stream.not_seen() > missed) {
                others.not_seen.add(mark);
            }
        }
        nothing_open = others.stream.acked() >= others.stream.end();
        segment.duplicate_ack = segment.kind == tcp::Kind::ack && !acknowledges && !nothing_open &&
                                segment.ack_place == others.stream.acked();
    }
    const bool progress = carried.fresh > 0 || rst || carried.late ||
                          ((raw.has(Flags::syn) || raw.has(Flags::fin)) && !carried.again);
    const bool scaled = told_.of(Side::client).isn && told_.of(Side::server).isn;
    const Seen seen{segment, progress, acknowledges, scaled, end.bytes, nothing_open};
    Findings into(oddities_, most_oddities / 2);
    silences_.see(seen, others.offered_zero || own.offered_zero, into);
    count(segment, carried, own, end);
    own.windows.offer(seen);
    if (raw.has(Flags::ack) && !rst) {
        own.offered_zero = segment.offered == 0;
    }
    note_answered(segment, others);
    note_asked(segment, own);
    others.resends.answered(seen, into);
    own.resends.sent(seen);
    note_traits(packet, segment, own, end);
    if (packet.length > 0 && raw.payload.size() == packet.length && !probe) {
        note_bytes(segment, bytes, own);
    }
    if (keep_) {
        store(std::move(segment), packet, budget);
    }
    return true;
}

void Tracker::store(Segment segment, TcpPacket& packet, Budget& budget) {
    if (budget.segments == 0) {
        if (!told_.cut_at_packet) {
            told_.cut_at_packet = segment.packet;
        }
        return;
    }
    --budget.segments;
    if (packet.segment.payload.size() <= budget.payload) {
        segment.payload = std::move(packet.segment.payload);
        budget.payload -= segment.payload.size();
    } else if (!told_.cut_at_packet) {
        told_.cut_at_packet = segment.packet;
    }
    told_.segments.push_back(std::move(segment));
}

void Tracker::take(const IcmpPacket& packet, const Found& found, Budget& budget) {
    const Side about = packet.report.flow.local == told_.client() ? Side::client : Side::server;
    const Icmp icmp{found.packet,       found.at,          about,
                    packet.report.kind, packet.report.mtu, packet.from};
    icmp_.add({found.packet, found.at});
    constexpr std::size_t most = 4;
    if (icmp_errors_.size() < most) {
        icmp_errors_.push_back(icmp);
    }
    if (keep_ && budget.segments > 0) {
        --budget.segments;
        told_.icmp.push_back(icmp);
    }
    told_.end = std::max(told_.end, found.at);
    told_.last_packet = found.packet;
}

}  // namespace ghostpeer::capture
