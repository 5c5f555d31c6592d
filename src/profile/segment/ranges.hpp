// Ranges of numbers as conditions have them.
#pragma once

#include "profile/document/values.hpp"
#include "profile/document/words.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ghostpeer::profile {

/// What a numeric condition can be compared with at all.
struct Domain {
    ParseBound parse_bound;
    std::string_view form;
    std::uint64_t least;
    std::uint64_t most;
    std::string_view limits;  ///< the same as text
};

/// `5`, `>= 5`, `2..4`; what can never be is reported.
[[nodiscard]] std::optional<Range> read_range(const Entry& entry, const Domain& domain,
                                              Errors& errors);

/// `not-ect`, `ect0`, `ect1`, `ce` or 0 to 3 (RFC 3168, 5).
[[nodiscard]] std::optional<std::uint8_t> read_ecn_bits(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
