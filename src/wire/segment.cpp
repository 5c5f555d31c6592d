#include "ghostpeer/wire/segment.hpp"

#include "wire/option_layout.hpp"

#include <algorithm>

namespace ghostpeer::wire {

namespace {

constexpr std::size_t max_sack_blocks = 4;

std::size_t aligned_size(const Options& options, std::size_t sack_blocks) noexcept {
    std::size_t size = options.mss ? 4 : 0;
    size += options.timestamps ? 12 : 0;
    size += options.sack_permitted && !side_by_side(options) ? 4 : 0;
    size += options.window_scale ? 4 : 0;
    return size + (sack_blocks > 0 ? 4 + 8 * sack_blocks : 0);
}

std::size_t packed_size(const Options& options, std::size_t sack_blocks) noexcept {
    std::size_t size = options.mss ? 4 : 0;
    size += options.sack_permitted ? 2 : 0;
    size += options.timestamps ? 10 : 0;
    size += options.window_scale ? 3 : 0;
    return size + (sack_blocks > 0 ? 2 + 8 * sack_blocks : 0);
}

}  // namespace

bool side_by_side(const Options& options) noexcept {
    const auto* const sack =
        std::find(options.order.begin(), options.order.end(), SynOption::sack_permitted);
    return options.sack_permitted && options.timestamps && sack != options.order.end() &&
           sack + 1 != options.order.end() && sack[1] == SynOption::timestamps;
}

OptionLayout lay_out(const Options& options) noexcept {
    // Without SACK blocks the aligned layout takes at most 24 bytes, so the loop ends by zero.
    std::size_t blocks = std::min(options.sack.size(), max_sack_blocks);
    for (;; --blocks) {
        if (const std::size_t size = aligned_size(options, blocks); size <= max_options_size) {
            return {.aligned = true, .sack_blocks = blocks, .padding = 0, .size = size};
        }
        if (const std::size_t size = packed_size(options, blocks); size <= max_options_size) {
            const std::size_t padding = (4 - size % 4) % 4;
            return {.aligned = false,
                    .sack_blocks = blocks,
                    .padding = padding,
                    .size = size + padding};
        }
    }
}

std::size_t tcp_header_size(const Options& options) noexcept {
    return min_tcp_header + lay_out(options).size;
}

std::size_t packet_size(const Segment& segment) noexcept {
    const bool v4 = segment.source.address.is_v4() && segment.destination.address.is_v4();
    return (v4 ? 20U : 40U) + tcp_header_size(segment.options) + segment.payload.size();
}

}  // namespace ghostpeer::wire
