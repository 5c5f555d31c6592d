#include "capture/habits.hpp"

#include "capture/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ghostpeer::capture {
namespace {

using wire::Flags;
using namespace std::chrono_literals;

constexpr Duration shortest_silence = 2s;
constexpr Duration shortest_idle = 30s;

[[nodiscard]] std::string times(std::uint64_t count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

}  // namespace

// Windows --------------------------------------------------------------------------------------

void Windows::offer(const Seen& seen) {
    const Segment& segment = seen.segment;
    if (segment.flags.has(Flags::rst) || !segment.flags.has(Flags::ack)) {
        return;
    }
    most_ = std::max(most_, segment.offered);
    if (segment.offered == 0 && !zero_) {
        zero_ = seen.mark();
        ++times_;
    } else if (segment.offered > 0 && zero_) {
        if (segment.at - zero_.at >= length_) {
            longest_ = zero_;
            length_ = segment.at - zero_.at;
        }
        zero_ = {};
    }
    if (!seen.scaled || segment.flags.has(Flags::syn)) {
        return;
    }
    const std::int64_t edge = segment.ack_place + static_cast<std::int64_t>(segment.offered);
    // Scaling rounds: what is less than a large segment is no change of mind.
    constexpr std::int64_t rounding = 2048;
    if (has_edge_ && seen.acknowledges && edge + rounding < edge_) {
        shrinks_.add(seen.mark());
        most_shrunk_ = std::max(most_shrunk_, static_cast<std::uint64_t>(edge_ - edge));
        edge_ = edge;
    }
    edge_ = has_edge_ ? std::max(edge_, edge) : edge;
    has_edge_ = true;
}

void Windows::finish(Side side, Duration end, bool over, Findings& into) const {
    if (zero_ && (end - zero_.at >= length_ || !longest_)) {
        into.add(OddityKind::zero_window, side, zero_, {end - zero_.at, times_},
                 fmt::format("zero window of the {} for {}, to the {}", name(side),
                             say(end - zero_.at), over ? "conversation's end" : "capture's end"));
    } else if (longest_) {
        into.add(OddityKind::zero_window, side, longest_, {length_, times_},
                 fmt::format("zero window of the {} for {}{}", name(side), say(length_),
                             times_ > 1 ? fmt::format(" (the longest of {})", times_) : ""));
    }
    if (shrinks_.count > 0) {
        into.add(OddityKind::window_shrinks, side, shrinks_.first, {{}, most_shrunk_},
                 fmt::format("the {} takes back window that it had offered, {} at most", name(side),
                             say_bytes(most_shrunk_)));
    }
}

// Resends --------------------------------------------------------------------------------------

void Resends::sent(const Seen& seen) {
    const Segment& segment = seen.segment;
    if (segment.flags.has(Flags::rst) || segment.flags.has(Flags::syn)) {
        return;
    }
    const bool probe = segment.kind == tcp::Kind::keepalive_probe;
    const bool carries = segment.length > 0 || segment.flags.has(Flags::fin);
    if (probe) {
        if (probes_++ == 0) {
            probe_ = seen.mark();
        }
    } else if (carries) {
        if (!oldest_) {
            oldest_ = seen.mark();
        }
        if (segment.retransmission) {
            if (stalls_++ == 0) {
                stalled_ = oldest_;
            }
        }
        in_vain_ += segment.retransmission ? 1 : 0;
    }
    if (!unanswered_ && (carries || probe)) {
        unanswered_ = seen.mark();
    }
    if (segment.flags.has(Flags::fin)) {
        if (fins_++ == 0) {
            fin_ = seen.mark();
        }
    }
}

void Resends::answered(const Seen& seen, Findings& into) {
    const Side side = other(seen.from());
    if (probes_ > 0) {
        if (!seen.segment.flags.has(Flags::rst)) {
            answered_probes_.add(probe_, probes_);
        } else if (probes_ > 1) {
            into.add(OddityKind::keepalives_unanswered, side, probe_,
                     {seen.segment.at - probe_.at, probes_},
                     fmt::format("{} keepalives of the {}, then an RST", probes_, name(side)));
        }
        probes_ = 0;
    }
    if (seen.acknowledges || seen.segment.flags.has(Flags::rst)) {
        tell_stop(side, seen.segment.at, false, into);
        oldest_ = {};
    }
    fin_acked_ = fin_acked_ || (fins_ > 0 && seen.all_acked);
    in_vain_ = 0;
    unanswered_ = {};
}

void Resends::tell_stop(Side side, Duration until, bool for_good, Findings& into) {
    constexpr std::uint32_t many = 3;
    if (stalls_ >= (for_good ? 2U : many)) {
        into.add(OddityKind::acks_stop, other(side), stalled_, {until - stalled_.at, stalls_},
                 fmt::format("the {}'s ACKs stop for {}: what the {} had sent was sent again {}{}",
                             name(other(side)), say(until - stalled_.at), name(side),
                             times(stalls_), for_good ? ", to the end" : ""));
    }
    stalls_ = 0;
    stalled_ = {};
}

void Resends::finish(Side side, Duration end, Findings& into) {
    tell_stop(side, end, true, into);
    if (probes_ > 1) {
        into.add(OddityKind::keepalives_unanswered, side, probe_, {end - probe_.at, probes_},
                 fmt::format("keepalives of the {} unanswered: {}", name(side), probes_));
    }
    if (answered_probes_.count > 0) {
        into.add(
            OddityKind::keepalives, side, answered_probes_.first, {{}, answered_probes_.count},
            fmt::format("keepalives of the {}: {}, answered", name(side), answered_probes_.count));
    }
    if (fins_ > 1 && !fin_acked_) {
        into.add(
            OddityKind::fin_unanswered, side, fin_, {end - fin_.at, fins_},
            fmt::format("FIN of the {} sent {}, never acknowledged", name(side), times(fins_)));
    }
}

bool Resends::in_vain() const noexcept { return in_vain_ >= 2 || probes_ >= 2; }

// Silences -------------------------------------------------------------------------------------

void Silences::see(const Seen& seen, bool window_closed, Findings& into) {
    const Segment& segment = seen.segment;
    const Side from = seen.from();
    if (begun_ && segment.at - last_packet_ >= shortest_idle) {
        tell_idle(into);
        idle_ = seen.mark();
        idle_length_ = segment.at - last_packet_;
        asks_ = from;
        asked_ = 1;
        refused_ = false;
    } else if (idle_ && from == asks_) {
        ++asked_;
    } else if (idle_ && segment.flags.has(Flags::rst)) {
        refused_ = true;
        tell_idle(into);
        idle_ = {};
    } else {
        idle_ = {};
    }
    begun_ = true;
    last_packet_ = segment.at;
    busy_ = busy_ || window_closed || segment.retransmission;
    if (!seen.progress) {
        return;
    }
    if (progress_ && !busy_ && segment.at - progress_.at >= shortest_silence) {
        keep(
            {segment.at - progress_.at, progress_, last_, bytes_, from, segment.flags.bits, false});
    }
    progress_ = seen.mark();
    last_ = from;
    bytes_ = seen.spoken + segment.fresh;
    busy_ = window_closed;
}

void Silences::keep(const One& one) {
    auto* const shortest =
        std::min_element(longest_.begin(), longest_.end(),
                         [](const One& a, const One& b) { return a.length < b.length; });
    if (shortest->length < one.length) {
        *shortest = one;
    }
}

void Silences::tell_idle(Findings& into) {
    if (!idle_ || (asked_ < 2 && !refused_)) {
        return;
    }
    into.add(OddityKind::idle_timeout, asks_, idle_, {idle_length_, asked_},
             refused_ ? fmt::format("an RST for the {} when it goes on after {} idle: probably a "
                                    "timeout of the {}, a NAT or a firewall",
                                    name(asks_), say(idle_length_), name(other(asks_)))
                      : fmt::format("probably a NAT timeout: silence for the {} after {} idle",
                                    name(asks_), say(idle_length_)));
}

void Silences::finish(Duration end, bool over, Findings& into) {
    tell_idle(into);
    if (progress_ && !busy_ && !over && end - progress_.at >= shortest_silence) {
        keep({end - progress_.at, progress_, last_, bytes_, other(last_), 0, true});
    }
    for (const One& one : longest_) {
        if (one.length == Duration{}) {
            continue;
        }
        const Flags flags{one.flags};
        const char* const deed = flags.has(Flags::rst)   ? "resets"
                                 : flags.has(Flags::fin) ? "closes"
                                                         : "goes on";
        into.add(OddityKind::silence, one.broke, one.after, {one.length, one.bytes},
                 fmt::format("silence {} after {} of the {}{}", say(one.length),
                             say_bytes(one.bytes), name(one.last),
                             one.at_end ? ", to the end"
                                        : fmt::format(", then the {} {}", name(one.broke), deed)));
    }
}

}  // namespace ghostpeer::capture
