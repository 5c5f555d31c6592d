// Columns made of the records of runs, and of captures.
#pragma once

#include "capture/conversation.hpp"
#include "compare/side_by_side.hpp"
#include "ghostpeer/event/event.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>

namespace ghostpeer::compare {

/// Takes what an event tells; `connection` 0: of all of them.
void add(Column& column, const event::Event& event, std::uint64_t connection = 0);
/// Lines that are no events are passed over. The error is a complete sentence.
[[nodiscard]] tl::expected<Column, std::string> read_record(const std::string& path,
                                                            std::uint64_t connection = 0);
/// Of a capture whose segments are kept; times are since the first of them.
[[nodiscard]] Column of_capture(const capture::Capture& capture, std::uint64_t connection = 0);

}  // namespace ghostpeer::compare
