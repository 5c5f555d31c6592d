// The window that is offered (RFC 9293, 3.8.6; RFC 7323, 2).
#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

namespace {
constexpr std::uint64_t largest_field = 65535;
}  // namespace

std::uint64_t Tcb::free_buffer() const noexcept {
    const std::uint64_t unread = unread_.size();
    return buffer_ > unread ? buffer_ - unread : 0;
}

bool Tcb::may_open_window() const noexcept {
    // Silly windows are avoided by moving the right edge in steps of a segment or half the buffer
    // (RFC 9293, 3.8.6.2.2).
    const std::uint32_t step = std::min<std::uint32_t>(buffer_ / 2, link_mss_);
    return free_buffer() >= std::uint64_t{acceptable_window()} + step;
}

std::uint16_t Tcb::window_to_offer() const noexcept {
    const std::uint64_t unit = std::uint64_t{1} << rcv_.scale;
    const auto field = [&](std::uint64_t bytes) {
        return static_cast<std::uint16_t>(std::min(bytes >> rcv_.scale, largest_field));
    };
    // A window that is not to be closed must not become so by rounding.
    if (window_fixed_) {
        const std::uint16_t least = fixed_window_ > 0 ? 1 : 0;
        return std::max(field(fixed_window_), least);
    }
    const std::uint64_t offered = acceptable_window();
    const std::uint64_t least = unread_.empty() && buffer_ > 0 ? unit : 0;
    const std::uint64_t opened = std::max(free_buffer() / unit * unit, least);
    if (may_open_window() && opened > offered) {
        return field(opened);
    }
    // What was offered is not taken back, and so is rounded up; but a reader that has stopped must
    // not be given ever more by rounding. What rounding down takes back is accepted all the same
    // (RFC 7323, 2.4).
    const std::uint64_t up = (offered + unit - 1) / unit * unit;
    return field(unread_.size() + up < buffer_ + unit ? up : offered);
}

void Tcb::commit_window(std::uint16_t field) noexcept {
    rcv_.wnd = std::uint32_t{field} << rcv_.scale;
    const wire::SeqNum edge = rcv_.nxt + rcv_.wnd;
    right_edge_ = window_fixed_ ? edge : max(right_edge_, edge);
    window_closed_ = field == 0;
    announce_window_ = false;
}

std::uint32_t Tcb::acceptable_window() const noexcept {
    return rcv_.nxt < right_edge_ ? forward_distance(rcv_.nxt, right_edge_) : 0;
}

/// What can be kept of the acceptable window: one that was fixed at will may promise more than
/// there is memory for.
std::uint32_t Tcb::room_for_payload() const noexcept {
    const std::uint32_t window = acceptable_window();
    if (!window_fixed_) {
        return window;
    }
    const std::size_t most = std::max(buffer_, fixed_window_);
    const std::size_t unread = unread_.size();
    return most > unread ? static_cast<std::uint32_t>(std::min<std::size_t>(window, most - unread))
                         : 0;
}

std::uint32_t Tcb::within_limits(std::uint32_t room) const noexcept {
    const std::size_t unread = unread_.size();
    std::size_t most = config_->most_unread > unread ? config_->most_unread - unread : 0;
    if (config_->memory != nullptr) {
        most = std::min(most, config_->memory->room_for(unread));
    }
    return static_cast<std::uint32_t>(std::min<std::size_t>(room, most));
}

void Tcb::set_window(std::optional<std::uint32_t> bytes, bool announce) {
    window_fixed_ = bytes.has_value();
    fixed_window_ = std::min(bytes.value_or(0), 1U << 30);
    announce_window_ = announce && state_ != State::closed;
}

void Tcb::send_window_update(Instant now, Output& out) {
    // Once the other side has finished, no window means anything to it.
    if (!synchronized() || fin_received_ || state_ == State::time_wait) {
        return;
    }
    const std::uint64_t wnd = std::uint64_t{window_to_offer()} << rcv_.scale;
    bool due = announce_window_ && wnd != rcv_.wnd;
    announce_window_ = false;
    if (window_fixed_) {
        due = due || (window_closed_ && wnd > 0);
    } else {
        // Twice what is left is worth a segment: Linux (tcp_cleanup_rbuf).
        due = due || (may_open_window() && wnd > rcv_.wnd && wnd / 2 >= rcv_.wnd);
    }
    if (due) {
        emit(make_segment(acceptable_seq(), wire::Flags::ack, now), Reason::window_update, false,
             out);
    }
}

}  // namespace ghostpeer::tcp
