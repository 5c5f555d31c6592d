// How a line of the trace is laid out.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::show {

inline constexpr std::size_t trace_width = 100;  ///< columns

enum class Style : std::uint8_t { plain, incoming, withheld, changed, faint, marked, good, bad };

struct Row {
    Instant at{};
    event::ConnectionId connection = 0;
    std::string_view mark;  ///< at most two characters
    std::string text;
    std::string right;
    Style style = Style::plain;
};

/// Nothing where the row says nothing.
void append_row(std::string& out, const Row& row, bool colour);

}  // namespace ghostpeer::show
