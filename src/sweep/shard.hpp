// A part of a plan that is run on several machines.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

/// Every Nth run of a plan, the Kth of N first.
struct Shard {
    std::size_t index = 1;
    std::size_t count = 1;
    [[nodiscard]] bool has(std::size_t number) const { return (number - 1) % count == index - 1; }
};

/// A variable of the environment; null: it is not set.
using Lookup = std::function<const char*(const char*)>;

/// `2/4`; `auto`, as whoever started this machine has said in the environment; `auto/4` where only
/// the number is there. The error is a complete sentence.
[[nodiscard]] tl::expected<Shard, std::string> parse_shard(std::string_view text,
                                                           const Lookup& environment);

}  // namespace ghostpeer::sweep
