#include "tcp/reassembly.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ghostpeer::tcp {

namespace {
// What a piece costs besides its bytes: nodes of both maps and the vector's own block.
constexpr std::size_t piece_overhead = 128;
}  // namespace

Reassembly::Range Reassembly::add(std::uint64_t at, wire::Bytes&& bytes, std::size_t limit) {
    const std::uint64_t end = at + bytes.size();
    auto range = ranges_.upper_bound(at);
    if (range != ranges_.begin() && std::prev(range)->second > at) {
        --range;
    }
    std::vector<Range> gaps;
    Range known;
    std::uint64_t from = at;
    for (; range != ranges_.end() && range->first < end; ++range) {
        if (known == Range{}) {
            known = {std::max(at, range->first), std::min(end, range->second)};
        }
        if (range->first > from) {
            gaps.push_back({from, range->first});
        }
        from = std::max(from, range->second);
    }
    if (from < end) {
        gaps.push_back({from, end});
    }
    const std::size_t size = bytes.size();
    for (const Range& gap : gaps) {
        const auto length = static_cast<std::size_t>(gap.right - gap.left);
        if (held_ + length + (pieces_.size() + 1) * piece_overhead > limit) {
            continue;
        }
        if (length == size) {
            keep(gap.left, std::move(bytes));
            break;
        }
        const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(gap.left - at);
        keep(gap.left, wire::Bytes(first, first + static_cast<std::ptrdiff_t>(length)));
    }
    return known;
}

void Reassembly::keep(std::uint64_t at, wire::Bytes&& bytes) {
    const std::uint64_t end = at + bytes.size();
    held_ += bytes.size();
    pieces_.emplace(at, std::move(bytes));
    note_range(at, end);
}

void Reassembly::note_range(std::uint64_t left, std::uint64_t right) {
    auto next = ranges_.lower_bound(left);
    if (next != ranges_.end() && next->first == right) {
        right = next->second;
        next = ranges_.erase(next);
    }
    if (next != ranges_.begin()) {
        const auto before = std::prev(next);
        if (before->second == left) {
            left = before->first;
            ranges_.erase(before);
        }
    }
    ranges_.emplace(left, right);

    std::array<std::uint64_t, 4> recent{left};
    std::size_t count = 1;
    for (std::size_t i = 0; i < recent_count_ && count < recent.size(); ++i) {
        if (recent_.at(i) < left || recent_.at(i) >= right) {
            recent.at(count++) = recent_.at(i);
        }
    }
    recent_ = recent;
    recent_count_ = count;
}

std::uint64_t Reassembly::take(std::uint64_t next, ByteQueue& into) {
    std::uint64_t taken = 0;
    while (!pieces_.empty() && pieces_.begin()->first <= next + taken) {
        const auto piece = pieces_.begin();
        const std::uint64_t old = next + taken - piece->first;
        held_ -= piece->second.size();
        if (fin_at && *fin_at >= next + taken && *fin_at < piece->first + piece->second.size()) {
            piece->second.resize(static_cast<std::size_t>(*fin_at - piece->first));
        }
        if (old == 0) {
            taken += piece->second.size();
            into.append(std::move(piece->second));
        } else if (old < piece->second.size()) {
            const auto rest = std::span(piece->second).subspan(static_cast<std::size_t>(old));
            taken += rest.size();
            into.append(std::span<const std::uint8_t>(rest));
        }
        pieces_.erase(piece);
    }
    const std::uint64_t now_at = next + taken;
    while (!ranges_.empty() && ranges_.begin()->second <= now_at) {
        ranges_.erase(ranges_.begin());
    }
    return taken;
}

std::vector<Reassembly::Range> Reassembly::report(std::size_t most) const {
    std::vector<Range> blocks;
    for (std::size_t i = 0; i < recent_count_ && blocks.size() < most; ++i) {
        auto range = ranges_.upper_bound(recent_.at(i));
        if (range == ranges_.begin()) {
            continue;
        }
        --range;
        const Range block{range->first, range->second};
        if (block.right > recent_.at(i) &&
            std::find(blocks.begin(), blocks.end(), block) == blocks.end()) {
            blocks.push_back(block);
        }
    }
    return blocks;
}

std::size_t Reassembly::heap_bytes() const noexcept {
    return sizeof(Reassembly) + held_ + pieces_.size() * piece_overhead;
}

}  // namespace ghostpeer::tcp
