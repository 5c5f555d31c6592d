#include "capture/stream.hpp"

#include <algorithm>

namespace ghostpeer::capture {
namespace {

/// Larger than any window (RFC 7323, 2.3: 1 GiB), with room for what a capture has missed.
constexpr std::int64_t far_away = std::int64_t{3} << 29U;

}  // namespace

void Stream::begin(wire::SeqNum seq, std::int64_t place) noexcept {
    known_ = true;
    next_ = seq;
    end_ = place;
    acked_ = place;
    holes_.clear();
}

std::int64_t Stream::place_of(wire::SeqNum seq) const noexcept { return end_ + (seq - next_); }

Carried Stream::take(wire::SeqNum seq, std::uint32_t payload, std::uint32_t numbers) {
    Carried carried;
    carried.place = place_of(seq);
    const std::int64_t to = carried.place + numbers;
    if (carried.place > end_ + far_away || carried.place < end_ - far_away) {
        carried.far = true;
        return carried;
    }
    if (numbers == 0) {
        return carried;
    }
    carried.filled = fill(carried.place, std::min(to, end_));
    carried.late = carried.filled > 0;
    if (to > end_) {
        if (carried.place > end_) {
            carried.ahead = true;
            holes_.emplace_back(end_, carried.place);
        }
        const auto beyond = static_cast<std::uint32_t>(to - std::max(end_, carried.place));
        carried.fresh = std::min(beyond, payload);
        next_ = seq + numbers;
        end_ = to;
        forget_acknowledged();
    } else {
        carried.again = carried.filled == 0;
    }
    bound_holes();
    return carried;
}

/// What arrives in the middle of a hole makes two of it, so there may be one too many of either
/// kind.
void Stream::bound_holes() {
    if (holes_.size() > most_holes) {
        holes_.erase(holes_.begin(),
                     holes_.begin() + static_cast<std::ptrdiff_t>(holes_.size() - most_holes));
    }
}

std::uint64_t Stream::fill(std::int64_t from, std::int64_t to) {
    std::uint64_t filled = 0;
    for (std::size_t i = 0; from < to && i < holes_.size();) {
        const Hole hole = holes_[i];
        const std::int64_t begin = std::max(hole.first, from);
        const std::int64_t end = std::min(hole.second, to);
        if (begin >= end) {
            ++i;
            continue;
        }
        filled += static_cast<std::uint64_t>(end - begin);
        const auto at = holes_.erase(holes_.begin() + static_cast<std::ptrdiff_t>(i));
        auto next = at;
        if (end < hole.second) {
            next = holes_.insert(next, Hole(end, hole.second));
        }
        if (hole.first < begin) {
            next = holes_.insert(next, Hole(hole.first, begin));
        }
        i = static_cast<std::size_t>(next - holes_.begin()) + (hole.first < begin ? 1 : 0) +
            (end < hole.second ? 1 : 0);
    }
    return filled;
}

bool Stream::acknowledge(wire::SeqNum ack) {
    const std::int64_t place = place_of(ack);
    if (place <= acked_ || is_strange_ack(ack)) {
        return false;
    }
    acked_ = place;
    forget_acknowledged();
    return true;
}

void Stream::forget_acknowledged() {
    std::erase_if(holes_, [&](const Hole& hole) {
        const bool acknowledged = hole.second <= acked_;
        lost_ += acknowledged ? static_cast<std::uint64_t>(hole.second - hole.first) : 0;
        return acknowledged;
    });
}

std::uint64_t Stream::not_seen() const noexcept {
    return lost_ + (acked_ > end_ ? static_cast<std::uint64_t>(acked_ - end_) : 0);
}

bool Stream::is_strange_ack(wire::SeqNum ack) const noexcept {
    return place_of(ack) > end_ + far_away || place_of(ack) < end_ - far_away;
}

}  // namespace ghostpeer::capture
