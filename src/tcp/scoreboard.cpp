#include "tcp/scoreboard.hpp"

#include <algorithm>

namespace ghostpeer::tcp {

using wire::forward_distance;
using wire::SackBlock;
using wire::SeqNum;

bool Scoreboard::add(const SackBlock& block, SeqNum una, SeqNum nxt) {
    // As distances from SND.UNA: comparisons of the numbers alone would let blocks through that
    // span half of the sequence space.
    const std::uint32_t left = forward_distance(una, block.left);
    const std::uint32_t right = forward_distance(una, block.right);
    if (left >= right || right > forward_distance(una, nxt)) {
        return false;
    }
    // The ranges that overlap or touch the block are merged into it.
    const auto first = std::find_if(ranges_.begin(), ranges_.end(), [&](const SackBlock& range) {
        return range.right >= block.left;
    });
    SackBlock merged = block;
    std::uint32_t swallowed = 0;
    auto last = first;
    for (; last != ranges_.end() && last->left <= block.right; ++last) {
        merged.left = min(merged.left, last->left);
        merged.right = max(merged.right, last->right);
        swallowed += forward_distance(last->left, last->right);
    }
    const std::uint32_t covered = forward_distance(merged.left, merged.right);
    if (covered == swallowed) {
        return false;
    }
    if (first == last) {
        if (ranges_.size() >= max_ranges) {
            return false;
        }
        ranges_.insert(first, merged);
    } else {
        *first = merged;
        ranges_.erase(first + 1, last);
    }
    bytes_ += covered - swallowed;
    return true;
}

void Scoreboard::advance(SeqNum una) {
    auto range = ranges_.begin();
    for (; range != ranges_.end() && range->right <= una; ++range) {
        bytes_ -= forward_distance(range->left, range->right);
    }
    ranges_.erase(ranges_.begin(), range);
    if (!ranges_.empty() && ranges_.front().left < una) {
        bytes_ -= forward_distance(ranges_.front().left, una);
        ranges_.front().left = una;
    }
    if (ranges_.empty()) {
        clear();
    }
}

void Scoreboard::clear() noexcept {
    std::vector<SackBlock>().swap(ranges_);
    bytes_ = 0;
}

bool Scoreboard::first_is_lost(std::uint32_t mss) const noexcept {
    return ranges_.size() >= 3 || bytes_ > 2 * mss;
}

std::uint32_t Scoreboard::missing(SeqNum from, SeqNum to) const noexcept {
    if (to <= from) {
        return 0;
    }
    std::uint32_t count = forward_distance(from, to);
    for (const SackBlock& range : ranges_) {
        const SeqNum left = max(range.left, from);
        const SeqNum right = min(range.right, to);
        if (left < right) {
            count -= forward_distance(left, right);
        }
    }
    return count;
}

std::optional<SackBlock> Scoreboard::next_hole(SeqNum from, SeqNum to) const noexcept {
    SeqNum right = to;
    for (const SackBlock& range : ranges_) {
        if (range.right <= from) {
            continue;
        }
        if (range.left > from) {
            right = min(right, range.left);
            break;
        }
        from = range.right;
    }
    if (from >= to) {
        return std::nullopt;
    }
    return SackBlock{from, right};
}

}  // namespace ghostpeer::tcp
