#include "tcp/flight.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::SeqNum;

namespace {

// Below this many dead segments at the front, moving the rest is not worth while.
constexpr std::size_t most_dead = 64;

std::ptrdiff_t places(std::size_t n) noexcept { return static_cast<std::ptrdiff_t>(n); }

}  // namespace

void Flight::count_in(const SentSegment& segment, std::uint32_t change) noexcept {
    sacked_ += segment.sacked ? change : 0;
    lost_ += segment.lost ? change : 0;
}

void Flight::push(SeqNum left, SeqNum right, Instant now) {
    SentSegment& made = segments_.emplace_back();
    made.left = left;
    made.right = right;
    made.sent_at = now;
}

void Flight::pop() noexcept {
    count_in(segments_[head_], UINT32_MAX);
    ++head_;
    if (head_ == segments_.size()) {
        segments_.clear();
        head_ = 0;
    } else if (head_ >= most_dead && head_ >= segments_.size() / 2) {
        segments_.erase(segments_.begin(), segments_.begin() + places(head_));
        head_ = 0;
    }
}

std::size_t Flight::find(SeqNum seq) const noexcept {
    const auto all = segments();
    const auto at = std::partition_point(
        all.begin(), all.end(), [seq](const SentSegment& segment) { return segment.left < seq; });
    return static_cast<std::size_t>(at - all.begin());
}

void Flight::mark_sacked(std::size_t index) noexcept {
    SentSegment& segment = segments_[head_ + index];
    highest_sacked_ = sacked_ == 0 ? segment.right : max(highest_sacked_, segment.right);
    count_in(segment, UINT32_MAX);
    segment.sacked = true;
    segment.lost = false;
    count_in(segment, 1);
}

void Flight::mark_lost(std::size_t index) noexcept {
    SentSegment& segment = segments_[head_ + index];
    count_in(segment, UINT32_MAX);
    segment.lost = true;
    count_in(segment, 1);
}

void Flight::mark_resent(std::size_t index, Instant now) noexcept {
    SentSegment& segment = segments_[head_ + index];
    count_in(segment, UINT32_MAX);
    segment.lost = false;
    segment.resent = true;
    segment.sent_at = now;
    count_in(segment, 1);
}

void Flight::unmark_lost() noexcept {
    for (SentSegment& segment : segments_) {
        segment.lost = false;
    }
    lost_ = 0;
}

void Flight::unmark_sacked() noexcept {
    for (SentSegment& segment : segments_) {
        segment.sacked = false;
    }
    sacked_ = 0;
}

void Flight::split(std::size_t index, std::uint32_t length) {
    SentSegment& first = segments_[head_ + index];
    SentSegment second = first;
    first.right = first.left + length;
    second.left = first.right;
    count_in(second, 1);
    segments_.insert(segments_.begin() + places(head_ + index + 1), second);
}

void Flight::merge(std::size_t index) {
    const std::size_t next = head_ + index + 1;
    count_in(segments_[next], UINT32_MAX);
    segments_[head_ + index].right = segments_[next].right;
    segments_[head_ + index].resent |= segments_[next].resent;
    segments_.erase(segments_.begin() + places(next));
}

}  // namespace ghostpeer::tcp
