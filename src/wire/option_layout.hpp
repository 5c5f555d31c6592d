// How the options of a segment are laid out in its header.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <cstddef>

namespace ghostpeer::wire {

inline constexpr std::size_t min_tcp_header = 20;
inline constexpr std::size_t max_options_size = 40;

/// "SACK permitted" and timestamps right behind it need no NOPs to be aligned.
[[nodiscard]] bool side_by_side(const Options& options) noexcept;

struct OptionLayout {
    bool aligned = true;          ///< Linux's way; else without NOPs in between
    std::size_t sack_blocks = 0;  ///< how many of the blocks fit
    std::size_t padding = 0;      ///< NOPs at the end
    std::size_t size = 0;         ///< bytes, padding included: a multiple of 4, at most 40
};

/// Aligned as Linux's tcp_options_write does, if that fits; packed if only that fits (other
/// stacks do so); with fewer SACK blocks if nothing fits.
[[nodiscard]] OptionLayout lay_out(const Options& options) noexcept;

}  // namespace ghostpeer::wire
