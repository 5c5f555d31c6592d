// The event stream: one JSON object a line. include/ghostpeer/event-stream.md is its reference.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace ghostpeer::show {

[[nodiscard]] std::unique_ptr<event::Sink> make_event_stream(OutputFile file);

/// The same, line by line.
[[nodiscard]] std::unique_ptr<event::Sink> make_event_lines(
    std::function<void(std::string_view)> write);

}  // namespace ghostpeer::show
