// What routers say of the path, and what silence says (RFC 1191, RFC 8201, RFC 5927; RFC 4821).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::SeqNum;

namespace {
constexpr std::uint16_t least_segment = 48;   // Linux: TCP_MIN_SND_MSS, tcp_mtu_probe_floor
constexpr std::uint32_t base_mss = 1024;      // Linux: tcp_base_mss
constexpr unsigned patience = 3;              // Linux: tcp_retries1
constexpr std::uint32_t close_enough = 8;     // Linux: tcp_probe_threshold
constexpr std::uint32_t segments_behind = 4;  // to tell soon of its loss
constexpr std::uint32_t enough_window = 11;   // segments; Linux: tcp_mtu_probe
}  // namespace

bool Tcb::quotes_outstanding(SeqNum quoted) const noexcept {
    return state_ != State::closed && state_ != State::listen && state_ != State::time_wait &&
           quoted >= snd_.una && quoted < snd_.nxt;
}

bool Tcb::on_path_mss(SeqNum quoted, std::uint16_t mss, Instant now) {
    const std::uint16_t wanted = std::max(mss, least_segment);
    if (!quotes_outstanding(quoted)) {
        return false;
    }
    link_mss_ = std::min(link_mss_, wanted);
    if (wanted >= snd_.mss || !synchronized()) {
        return true;
    }
    snd_.mss = wanted;
    if (!send_ || snd_.una == snd_.nxt) {
        return true;
    }
    // What was too large is sent again at once; the network is not congested, so the congestion
    // window stays: Linux (tcp_simple_retransmit).
    Flight& flight = send_->flight;
    const std::uint32_t before = flight.lost();
    for (std::size_t i = 0; i < flight.count(); ++i) {
        const SentSegment& segment = flight.segments()[i];
        if (!segment.sacked && !segment.lost && segment.length() > payload_limit()) {
            flight.mark_lost(i);
        }
    }
    if (flight.lost() > before && send_->recovery == Recovery::none) {
        begin_recovery(Recovery::timeout);
        send_->undo = {};
        arm(Timer::retransmit, now + rto());
    }
    return true;
}

/// Large segments may vanish where nobody tells: after some timeouts in a row shorter ones are
/// tried (RFC 4821, 7.7; Linux: tcp_mtu_probing).
void Tcb::suspect_black_hole() noexcept {
    if (!config_->mtu_probing || retries_ <= patience) {
        return;
    }
    failed_mss_ = std::max(failed_mss_, snd_.mss);
    const std::uint32_t options = snd_.mss - payload_limit();
    const std::uint32_t payload = payload_limit() > base_mss
                                      ? base_mss
                                      : std::max<std::uint32_t>(payload_limit() / 2, least_segment);
    snd_.mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(snd_.mss, payload + options));
}

/// Was it longer than what is known to pass, so that its loss says nothing of congestion (RFC 4821,
/// 7.5)?
bool Tcb::probes_path(const SentSegment& segment) const noexcept {
    return config_->mtu_probing && !segment.resent && segment.length() > payload_limit();
}

/// The black hole may be gone, or smaller than it seemed: one longer segment at a time tries, half
/// way up to what has failed (RFC 4821, 7.3).
void Tcb::probe_path(Instant now, Output& out) {
    const Flight& flight = send_->flight;
    const std::uint32_t limit = std::min(failed_mss_, link_mss_);
    if (limit < snd_.mss + close_enough || !tells_of_no_loss() ||
        congestion_.bytes() < std::max(enough_window * snd_.mss, in_flight() + snd_.mss) ||
        std::min(unsent(), usable_window()) < limit + segments_behind * snd_.mss ||
        std::any_of(flight.segments().begin(), flight.segments().end(),
                    [this](const SentSegment& segment) { return probes_path(segment); })) {
        return;
    }
    const auto step = static_cast<std::uint16_t>((limit - snd_.mss) / 2);
    snd_.mss += step;
    static_cast<void>(send_next(payload_limit(), now, out));
    snd_.mss -= step;
}

void Tcb::on_unreachable(SeqNum quoted, bool route, Output& out) {
    // A handshake that the network refuses has failed; of one that the other side began, only
    // what says that there is no way back is believed. Later it is advice that may pass (RFC 5461;
    // Linux: tcp_v4_err, tcp_req_err).
    if (quotes_outstanding(quoted) &&
        (state_ == State::syn_sent || (state_ == State::syn_received && route))) {
        enter(State::closed, out);
    }
}

}  // namespace ghostpeer::tcp
