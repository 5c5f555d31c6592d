// Both ways to open, and the segments that open (RFC 9293, 3.10.1 and 3.10.7.2).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/clock.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::tcp {

using wire::Flags;
using wire::Segment;

namespace {

constexpr std::uint32_t likely_full = 536;  // Linux: TCP_MSS_DEFAULT
constexpr std::uint16_t smallest_mss = 48;  // Linux: TCP_MIN_SND_MSS
constexpr std::uint8_t largest_scale = 14;  // RFC 7323, 2.3
constexpr std::uint32_t largest_field = 65535;
constexpr std::uint32_t least_full = 88;       // Linux: TCP_MIN_MSS
constexpr std::uint32_t timestamp_bytes = 12;  // with padding
constexpr std::uint16_t option_space = 40;     // Linux: MAX_TCP_OPTION_SPACE
constexpr std::uint8_t fast_open_kind = 34;    // RFC 7413, 4.1.1

}  // namespace

/// What both ways to open have in common.
void Tcb::start(const Config& config, const Environment& environment) {
    const bool fixed = window_fixed_;
    const std::uint32_t fixed_window = fixed_window_;
    *this = Tcb();
    window_fixed_ = fixed;
    fixed_window_ = fixed_window;
    config_ = &config;
    snd_.iss = environment.iss;
    snd_.una = environment.iss;
    snd_.nxt = environment.iss + 1;
    ts_offset_ = environment.timestamp_offset;
    link_mss_ = std::max(environment.link_mss, smallest_mss);
    snd_.mss = environment.default_mss;
    size_buffer();
}

/// Room for full segments in half of Linux's `tcp_rmem` default of 128 KiB, the other half being
/// for what they weigh (tcp_select_initial_window).
void Tcb::size_buffer() noexcept {
    const std::uint32_t announced = config_->mss != 0 ? config_->mss : link_mss_;
    const std::uint32_t full =
        timestamps_ && announced > timestamp_bytes ? announced - timestamp_bytes : announced;
    constexpr std::uint32_t room = 65536;
    buffer_ = config_->window.value_or(std::min(room / full * full, largest_field));
    const std::uint32_t likely = std::min({buffer_ / 2, full, likely_full});
    rcv_.mss = static_cast<std::uint16_t>(std::max(likely, least_full));
}

void Tcb::open_passive(const Config& config, const Environment& environment, const Segment& syn,
                       Instant now, Output& out) {
    start(config, environment);
    state_ = State::listen;
    receive_syn(syn, now);
    if (config.fast_open && environment.fast_open == FastOpen::good_cookie) {
        take_data_of_syn(syn);
    }
    gives_cookie_ = config.fast_open && environment.fast_open == FastOpen::asked;
    enter(State::syn_received, out);
    send_syn_ack(now, false, out);
    arm(Timer::retransmit, now + rto());
}

void Tcb::open_active(const Config& config, const Environment& environment, Instant now,
                      Output& out) {
    start(config, environment);
    active_ = true;
    scaling_ = config.window_scale.has_value();
    rcv_.scale = std::min(config.window_scale.value_or(0), largest_scale);
    sack_ = config.sack;
    timestamps_ = config.timestamps && config.offer_timestamps;
    enter(State::syn_sent, out);
    syn_waits_ = config.fast_open;
    if (!syn_waits_) {
        send_syn(now, false, out);
        arm(Timer::retransmit, now + rto());
    }
}

/// Its cookie says that its sender is where it says (RFC 7413, 4.2.2).
void Tcb::take_data_of_syn(const Segment& syn) {
    const auto taken = std::min<std::size_t>(syn.payload.size(), within_limits(buffer_));
    unread_.append(std::span(syn.payload).first(taken));
    bytes_received_ += taken;
    rcv_.nxt += static_cast<std::uint32_t>(taken);
    last_ack_sent_ = rcv_.nxt;
}

/// Takes the other side's numbers and options from its SYN or SYN-ACK.
void Tcb::receive_syn(const Segment& syn, Instant now) {
    negotiate(syn);
    if (state_ == State::listen) {
        size_buffer();
    }
    rcv_.irs = syn.seq;
    rcv_.nxt = syn.seq + 1;
    snd_.wl1 = syn.seq;
    snd_.wl2 = snd_.iss;
    snd_.wnd = syn.window;
    snd_.max_wnd = syn.window;
    last_ack_sent_ = rcv_.nxt;
    right_edge_ = rcv_.nxt + rcv_.wnd;
    if (timestamps_) {
        ts_recent_ = syn.options.timestamps->value;
        ts_recent_at_ = clock_seconds(now);
    }
}

void Tcb::negotiate(const Segment& syn) {
    const wire::Options& offered = syn.options;
    // An MSS of 0 counts as none: Linux (tcp_parse_options).
    const std::uint16_t theirs = offered.mss.value_or(0) != 0 ? *offered.mss : snd_.mss;
    const std::uint16_t ours = std::min(link_mss_, std::max(config_->send_mss, smallest_mss));
    snd_.mss = std::clamp(theirs, smallest_mss, ours);
    scaling_ = config_->window_scale.has_value() && offered.window_scale.has_value();
    snd_.scale = scaling_ ? std::min(*offered.window_scale, largest_scale) : std::uint8_t{0};
    rcv_.scale = scaling_ ? std::min(*config_->window_scale, largest_scale) : std::uint8_t{0};
    sack_ = config_->sack && offered.sack_permitted;
    timestamps_ = config_->timestamps && offered.timestamps.has_value();
    negotiate_ecn(syn);
}

void Tcb::send_syn(Instant now, bool again, Output& out) {
    Segment segment;
    segment.seq = snd_.iss;
    segment.flags.bits = Flags::syn;
    if (config_->ecn == Ecn::on && !again) {
        // Some drop such a SYN; the next one does without (RFC 3168, 6.1.1.1).
        segment.flags.bits |= Flags::ece | Flags::cwr;
    }
    if (timestamps_) {
        segment.options.timestamps = {timestamp_now(now), 0};
    }
    // One that is sent again goes without (RFC 7413, 4.2.1): the data may be what is not let pass.
    if (config_->fast_open && !again && send_ && snd_.mss > option_space) {
        const auto queued = send_->bytes.view();
        const auto fit = std::min<std::size_t>(queued.size(), snd_.mss - option_space);
        segment.payload.assign(queued.begin(), queued.begin() + static_cast<std::ptrdiff_t>(fit));
        send_->on_syn = static_cast<std::uint16_t>(fit);
    }
    emit_opening(std::move(segment), Reason::syn, again, out);
}

/// Of the SYN, and of none or some of the data on it.
bool Tcb::acknowledges_opening(wire::SeqNum ack) const noexcept {
    return ack > snd_.iss && ack <= snd_.iss + 1 + (send_ ? send_->on_syn : 0U);
}

/// What is not acknowledged has never been sent: a listener without Fast Open leaves it out.
void Tcb::take_ack_of_opening(wire::SeqNum ack) {
    const std::uint32_t taken = forward_distance(snd_.nxt, ack);
    if (taken > 0) {
        send_->bytes.drop_front(taken);
        bytes_acknowledged_ += taken;
        snd_.nxt = ack;
    }
    snd_.una = ack;
}

void Tcb::send_syn_ack(Instant now, bool again, Output& out) {
    Segment segment;
    segment.seq = snd_.iss;
    segment.ack = rcv_.nxt;
    segment.flags.bits = Flags::syn | Flags::ack | (ecn_ ? Flags::ece : std::uint8_t{0});
    if (gives_cookie_) {
        // Whoever sends it puts the cookie in. As by Linux, once.
        gives_cookie_ = false;
        segment.options.skipped = {fast_open_kind};
    }
    if (timestamps_) {
        segment.options.timestamps = {timestamp_now(now), ts_recent_};
    }
    emit_opening(std::move(segment), Reason::syn_ack, again, out);
}

void Tcb::emit_opening(Segment&& segment, Reason reason, bool again, Output& out) {
    // The window of a SYN is never scaled (RFC 7323, 2.2).
    const std::uint32_t window = window_fixed_ ? fixed_window_ : buffer_;
    segment.window = static_cast<std::uint16_t>(std::min(window, largest_field));
    if (config_->announce_mss) {
        segment.options.mss = config_->mss != 0 ? config_->mss : link_mss_;
    }
    if (scaling_) {
        segment.options.window_scale = rcv_.scale;
    }
    segment.options.sack_permitted = sack_;
    rcv_.wnd = segment.window;
    right_edge_ = rcv_.nxt + rcv_.wnd;
    window_closed_ = segment.window == 0;
    opening_again_ = opening_again_ || again || (active_ && reason == Reason::syn_ack);
    emit(std::move(segment), reason, again, out);
}

}  // namespace ghostpeer::tcp
