// Columns made of the records of runs, and of captures.
#pragma once

#include "capture/conversation.hpp"
#include "compare/side_by_side.hpp"
#include "ghostpeer/event/event.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace ghostpeer::compare {

struct Wanted {
    std::uint64_t connection = 0;  ///< 0: all of them
    /// As a capture tells it: what an end meant by a segment is not known, and what was withheld
    /// from the other is not there.
    bool as_captured = false;
};

/// Takes what an event tells.
void add(Column& column, const event::Event& event, const Wanted& wanted);
/// Lines that are no events are passed over. The error is a complete sentence.
[[nodiscard]] tl::expected<Column, std::string> read_record(const std::string& path,
                                                            const Wanted& wanted = {});
/// Of a capture whose segments are kept.
[[nodiscard]] Column of_capture(const capture::Capture& capture, const Wanted& wanted);
/// The first segment is the client's, in both.
void turn_to_client(Column& column);

}  // namespace ghostpeer::compare
