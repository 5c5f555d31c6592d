#include "ghostpeer/tcp/tcb.hpp"

#include "tcp/clock.hpp"
#include "tcp/read_rate.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::tcp {

Tcb::Tcb() noexcept = default;
Tcb::~Tcb() = default;
Tcb::Tcb(Tcb&&) noexcept = default;
Tcb& Tcb::operator=(Tcb&&) noexcept = default;

void Tcb::enter(State to, Output& out) {
    if (state_ == to) {
        return;
    }
    const bool graceful = state_ == State::time_wait || state_ == State::last_ack;
    out.changes.push_back({state_, to});
    state_ = to;
    if (to == State::closed) {
        // The numbers stay: callers may still build segments of a connection that is gone.
        send_.reset();
        reassembly_.reset();
        read_rate_.reset();
        if (!graceful) {
            unread_ = ByteQueue();
        }
        ack_due_ = AckDue::none;
        arm(Timer::none, never);
        delayed_ack_at_ = never;
    }
}

void Tcb::arm(Timer timer, Instant at) noexcept {
    timer_ = timer;
    timer_at_ = at;
}

SendBuffer& Tcb::send_buffer() {
    if (!send_) {
        send_ = std::make_unique<SendBuffer>();
    }
    return *send_;
}

Reassembly& Tcb::reassembly_buffer() {
    if (!reassembly_) {
        reassembly_ = std::make_unique<Reassembly>();
    }
    return *reassembly_;
}

void Tcb::release_idle_buffers() {
    if (send_ && send_->bytes.empty() && snd_.una == snd_.nxt && (!fin_queued_ || fin_sent_)) {
        if (!fin_queued_ && send_->awaits_report()) {
            send_->flight = Flight();
        } else {
            send_.reset();
        }
    }
    if (reassembly_ && reassembly_->idle()) {
        reassembly_.reset();
    }
}

std::optional<Instant> Tcb::next_deadline() const noexcept {
    const Instant at = std::min(timer_at_, delayed_ack_at_);
    if (at == never) {
        return std::nullopt;
    }
    return at;
}

void Tcb::consume(std::size_t n) {
    read_ = read_ || n > 0;
    unread_.drop_front(n);
}

std::size_t Tcb::send_room() const noexcept {
    if (config_ == nullptr || fin_queued_ || state_ == State::closed) {
        return 0;
    }
    const std::size_t queued = send_ ? send_->bytes.size() : 0;
    return config_->send_buffer > queued ? config_->send_buffer - queued : 0;
}

std::uint32_t Tcb::timestamp_now(Instant now) const noexcept {
    return clock_milliseconds(now) + ts_offset_;
}

std::size_t Tcb::heap_bytes() const noexcept {
    std::size_t bytes = unread_.heap_bytes();
    if (send_) {
        bytes += sizeof(SendBuffer) + send_->bytes.heap_bytes() + send_->flight.heap_bytes();
    }
    if (read_rate_) {
        bytes += sizeof(ReadRate);
    }
    if (reassembly_) {
        bytes += reassembly_->heap_bytes();
    }
    return bytes;
}

}  // namespace ghostpeer::tcp
