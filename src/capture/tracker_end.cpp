// What is told of a conversation when nothing more of it comes, and the round trip.
#include "capture/tracker.hpp"
#include "capture/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace ghostpeer::capture {
namespace {

using wire::Flags;

constexpr std::array both{Side::client, Side::server};

}  // namespace

bool Tracker::lost(Side side) const { return half(side).resends.in_vain(); }

void Tracker::decide_end() {
    const End& client = told_.of(Side::client);
    const End& server = told_.of(Side::server);
    const bool only_syn =
        client.packets > 0 && server.packets == 0 && told_.roles == Roles::syn && !synchronized_;
    if (only_syn) {
        told_.ended = icmp_.count > 0 ? Ended::unreachable : Ended::unanswered;
        told_.ended_by = Side::client;
        return;
    }
    const Mark& client_rst = half(Side::client).rst;
    const Mark& server_rst = half(Side::server).rst;
    if (client_rst || server_rst) {
        const bool servers = server_rst && (!client_rst || server_rst.packet < client_rst.packet);
        told_.ended_by = servers ? Side::server : Side::client;
        const bool refused = servers && told_.roles == Roles::syn && !syn_ack_ &&
                             server.bytes == 0 && client.bytes == 0;
        const bool closed = client.fin && server.fin &&
                            half(Side::client).stream.acked() >= half(Side::client).stream.end();
        told_.ended = refused ? Ended::refused : closed ? Ended::closed : Ended::reset;
        return;
    }
    for (const Side side : both) {
        if (lost(side)) {
            told_.ended = Ended::lost;
            told_.ended_by = side;
            return;
        }
    }
    if (client.fin || server.fin) {
        const bool clients = !server.fin || (client.fin && half(Side::client).fin.packet <
                                                               half(Side::server).fin.packet);
        told_.ended_by = clients ? Side::client : Side::server;
        told_.ended = client.fin && server.fin ? Ended::closed : Ended::half_closed;
    }
}

void Tracker::tell_handshake(Findings& into) const {
    const Half& client = half(Side::client);
    const Half& server = half(Side::server);
    const auto span = [](const Half& one) { return one.last_syn - one.syns.first.at; };
    if (client.syns.count > 1) {
        into.add(OddityKind::syn_repeated, Side::client, client.syns.first,
                 {span(client), client.syns.count},
                 fmt::format("SYN sent {} times in {}", client.syns.count, say(span(client))));
    }
    if (told_.ended == Ended::unanswered) {
        into.add(OddityKind::syn_unanswered, Side::server, client.syns.first, {},
                 "SYN never answered");
    } else if (told_.ended == Ended::refused) {
        const Duration after = server.rst.at - client.last_syn;
        into.add(OddityKind::refused, Side::server, server.rst, {after, 0},
                 fmt::format("refused: RST {} after the SYN", say(after)));
    }
    if (server.syns.count > 1 && syn_ack_) {
        into.add(OddityKind::syn_ack_repeated, Side::server, server.syns.first,
                 {span(server), server.syns.count},
                 fmt::format("SYN+ACK sent {} times in {}", server.syns.count, say(span(server))));
    }
    for (const Side side : both) {
        if (half(side).syn_bytes > 0) {
            into.add(OddityKind::data_on_syn, side, half(side).syns.first,
                     {{}, half(side).syn_bytes},
                     fmt::format("{} on the SYN of the {}", say_bytes(half(side).syn_bytes),
                                 name(side)));
        }
    }
}

void Tracker::tell_options(Findings& into) const {
    for (const Side side : both) {
        const auto& options = told_.of(side).options;
        // Ethernet's, with IPv4 and with IPv6.
        const unsigned usual = told_.of(side).endpoint.address.is_v4() ? 1460 : 1440;
        if (options && options->mss && *options->mss < usual) {
            into.add(OddityKind::small_mss, side, half(side).syns.first, {{}, *options->mss},
                     fmt::format("MSS {} of the {}", *options->mss, name(side)));
        }
    }
    const auto& asked = told_.of(Side::client).options;
    const auto& given = told_.of(Side::server).options;
    if (!asked || !given) {
        return;
    }
    std::string missing;
    const auto lacks = [&](bool is_missing, const char* what) {
        if (is_missing) {
            missing += (missing.empty() ? "" : ", ") + std::string(what);
        }
    };
    lacks(asked->sack_permitted && !given->sack_permitted, "SACK");
    lacks(asked->timestamps && !given->timestamps, "timestamps");
    lacks(asked->window_scale && !given->window_scale, "window scaling");
    lacks(asked->mss && !given->mss, "MSS");
    if (!missing.empty()) {
        into.add(OddityKind::no_option, Side::server, half(Side::server).syns.first, {},
                 fmt::format("the server's SYN+ACK has no {}", missing));
    }
}

void Tracker::tell_end(Findings& into, Duration end) const {
    for (const Side side : both) {
        const Half& own = half(side);
        const Half& others = half(other(side));
        if (!own.rst || told_.ended == Ended::refused) {
            continue;
        }
        const bool first = !others.rst || own.rst.packet < others.rst.packet;
        // Of the two FINs the one that was answered so.
        const bool after_others = others.fin && others.fin.packet < own.rst.packet;
        const bool after_own = own.fin && own.fin.packet < own.rst.packet;
        if (after_others || after_own) {
            const Mark& fin = after_others ? others.fin : own.fin;
            into.add(
                OddityKind::rst_after_fin, side, own.rst, {own.rst.at - fin.at, 0},
                fmt::format("RST of the {} {} after {} FIN", name(side), say(own.rst.at - fin.at),
                            after_others ? fmt::format("the {}'s", name(other(side)))
                                         : std::string("its own")));
        } else if (first) {
            const std::uint64_t bytes = told_.of(Side::client).bytes + told_.of(Side::server).bytes;
            into.add(
                OddityKind::reset, side, own.rst, {own.rst.at - told_.begin, bytes},
                fmt::format("RST of the {} {} after the beginning, {} of it and {} of the {} "
                            "had passed",
                            name(side), say(own.rst.at - told_.begin), say_bytes(own.spoken_at_rst),
                            say_bytes(told_.of(other(side)).bytes), name(other(side))));
        }
        const End& told = told_.of(side);
        if (told.ttl && told.rst_ttl && *told.ttl != *told.rst_ttl) {
            const int by = std::abs(int{*told.ttl} - int{*told.rst_ttl});
            into.add(OddityKind::rst_other_ttl, side, own.rst, {{}, static_cast<std::uint64_t>(by)},
                     fmt::format("a middlebox: TTL of the RST differs from the {}'s by {}",
                                 name(side), by));
        }
    }
    if (told_.ended == Ended::half_closed && told_.ended_by) {
        const Mark& fin = half(*told_.ended_by).fin;
        into.add(OddityKind::half_closed, told_.ended_by, fin, {told_.end - fin.at, 0},
                 fmt::format("FIN of the {} alone: the {} never closes", name(*told_.ended_by),
                             name(other(*told_.ended_by))));
    }
    if (told_.ended == Ended::open) {
        const Duration quiet = std::max(end - told_.end, Duration{});
        into.add(OddityKind::still_open, std::nullopt, {told_.last_packet, told_.end}, {quiet, 0},
                 quiet >= std::chrono::seconds(1)
                     ? fmt::format("still open, nothing in the capture's last {}", say(quiet))
                     : std::string("still open at the capture's end"));
    }
}

void Tracker::tell_side(Side side, Findings& into) const {
    const Half& own = half(side);
    const End& told = told_.of(side);
    const auto tell = [&](const Tally& tally, OddityKind kind, std::string words) {
        if (tally.count > 0) {
            into.add(kind, side, tally.first, {{}, tally.count}, std::move(words));
        }
    };
    const auto whose = name(side);
    const auto s = [](const Tally& tally) { return tally.count == 1 ? "" : "s"; };
    if (own.with_numbers > 0) {
        tell(own.again, OddityKind::retransmissions,
             fmt::format("retransmissions {:.1f} % of the {}'s segments ({})",
                         100.0 * static_cast<double>(told.retransmissions) /
                             static_cast<double>(own.with_numbers),
                         whose, told.retransmissions));
    }
    constexpr std::uint64_t small = 4096;
    if (own.spoke && told.most_window < small && told_.of(Side::client).isn && !told.rst) {
        into.add(OddityKind::small_window, side,
                 own.syns.first ? own.syns.first : Mark{told_.first_packet, told_.begin},
                 {{}, told.most_window},
                 fmt::format("the {} never offers more window than {}", whose,
                             say_bytes(told.most_window)));
    }
    tell(own.overtaken, OddityKind::out_of_order,
         fmt::format("{} segment{} of the {} late, overtaken by others", own.overtaken.count,
                     s(own.overtaken), whose));
    tell(own.urgent, OddityKind::urgent,
         fmt::format("{} urgent segment{} of the {}", own.urgent.count, s(own.urgent), whose));
    if (own.ttl_count > 1) {
        into.add(OddityKind::ttl_varies, side, own.other_ttl, {{}, own.ttl_count},
                 fmt::format("TTL of the {} varies: {} and {}", whose, own.ttls[0], own.ttls[1]));
    }
    tell(own.after_close, OddityKind::data_after_close,
         fmt::format("data of the {} after its own {}", whose, own.fin ? "FIN" : "RST"));
    tell(own.strange_acks, OddityKind::strange_ack,
         fmt::format("the {} acknowledges what was never sent", whose));
    tell(own.strange_sequences, OddityKind::strange_sequence,
         fmt::format("{} segment{} of the {} far outside its stream", own.strange_sequences.count,
                     s(own.strange_sequences), whose));
    tell(own.different, OddityKind::different_bytes,
         fmt::format("the {} sends other bytes at the same place again", whose));
    if (own.stream.not_seen() > 0 && told.packets > 0) {
        into.add(OddityKind::not_captured, side, own.not_seen.first, {{}, own.stream.not_seen()},
                 fmt::format("{} of the {} acknowledged, but not in the capture",
                             say_bytes(own.stream.not_seen()), whose));
    }
    tell(own.cut, OddityKind::payload_cut,
         fmt::format("{} of the {}'s payload cut by the snap length", say_bytes(own.cut.count),
                     whose));
    tell(own.offloaded, OddityKind::offload,
         fmt::format("{} packet{} of the {} larger than the MSS (segmentation offload)",
                     own.offloaded.count, s(own.offloaded), whose));
    tell(own.fragments, OddityKind::fragments,
         fmt::format("{} packet{} of the {} came in fragments", own.fragments.count,
                     s(own.fragments), whose));
}

void Tracker::tell_icmp(Findings& into) const {
    for (const Icmp& icmp : icmp_errors_) {
        into.add(OddityKind::icmp, icmp.about, {icmp.packet, icmp.at}, {{}, icmp_.count},
                 fmt::format("ICMP {}{} from {} for the {}", wire::name(icmp.kind),
                             icmp.kind == wire::IcmpKind::fragmentation_needed
                                 ? fmt::format(" (MTU {})", icmp.mtu)
                                 : "",
                             icmp.from.to_string(), name(icmp.about)));
    }
}

void Tracker::tell_capture(Findings& into, Duration end) const {
    const Mark begin{told_.first_packet, told_.begin};
    if (told_.roles == Roles::ports) {
        into.add(OddityKind::begins_in_middle, std::nullopt, begin, {},
                 "begins in the middle: no SYN");
    }
    for (const Side side : both) {
        if (told_.of(side).packets == 0 && told_.ended != Ended::unanswered &&
            told_.ended != Ended::unreachable) {
            into.add(OddityKind::one_direction, other(side), begin, {},
                     fmt::format("only what the {} sent was captured", name(other(side))));
        }
    }
    if (duplicates_.count > 0) {
        into.add(OddityKind::duplicates, std::nullopt, duplicates_.first, {{}, duplicates_.count},
                 fmt::format("{} packet{} captured twice", duplicates_.count,
                             duplicates_.count == 1 ? "" : "s"));
    }
    if (told_.cut_at_packet) {
        into.add(OddityKind::bound, std::nullopt, {*told_.cut_at_packet, end}, {},
                 fmt::format("too long to be kept whole: from packet {} on, segments or bytes are "
                             "missing",
                             *told_.cut_at_packet));
    }
}

/// What is sent twice tells no round trip (Karn).
void Tracker::note_asked(const Segment& segment, Half& half) {
    if (segment.retransmission) {
        half.asked = {};
    } else if (segment.fresh > 0 && !half.asked && !segment.flags.has(Flags::syn)) {
        half.asked = {segment.packet, segment.at};
        half.asked_to = segment.place + static_cast<std::int64_t>(segment.length);
    }
}

void Tracker::note_answered(const Segment& segment, Half& others) {
    if (others.asked && segment.flags.has(Flags::ack) && segment.ack_place >= others.asked_to) {
        const Duration after = segment.at - others.asked.at;
        others.answered = std::min(others.answered.value_or(after), after);
        others.asked = {};
    }
}

/// A server may let a client wait for its SYN-ACK: what it acknowledges sooner later on tells more.
void Tracker::correct_round_trip() {
    const auto correct = [](std::optional<Duration>& part, const Half& asking) {
        if (part && asking.answered) {
            part = std::min(*part, *asking.answered);
        }
    };
    correct(told_.rtt_server, half(Side::client));
    correct(told_.rtt_client, half(Side::server));
    if (told_.rtt && told_.rtt_server && told_.rtt_client) {
        told_.rtt = *told_.rtt_server + *told_.rtt_client;
    }
}

Conversation Tracker::finish(Duration end, std::optional<Perspective> from) {
    decide_end();
    correct_round_trip();
    Findings into(oddities_);
    const bool over = told_.ended != Ended::open && told_.ended != Ended::lost &&
                      told_.ended != Ended::half_closed;
    // What matters most comes first, where not all of it is kept.
    tell_handshake(into);
    tell_end(into, end);
    silences_.finish(told_.end, over, into);
    for (const Side side : both) {
        half(side).resends.finish(side, told_.end, into);
        half(side).windows.finish(side, told_.end, over, into);
    }
    tell_icmp(into);
    tell_options(into);
    tell_capture(into, end);
    tell_side(Side::client, into);
    tell_side(Side::server, into);
    std::stable_sort(oddities_.begin(), oddities_.end(),
                     [](const Oddity& a, const Oddity& b) { return a.packet < b.packet; });
    oddities_.shrink_to_fit();
    told_.oddities = std::move(oddities_);
    find_perspective(told_);
    if (from) {
        told_.perspective = *from;
        told_.perspective_reason = "as --from says";
    }
    return std::move(told_);
}

}  // namespace ghostpeer::capture
