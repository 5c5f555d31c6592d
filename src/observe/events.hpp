// The event stream: one JSON object a line. include/ghostpeer/event-stream.md is its reference.
#pragma once

#include "observe/output_file.hpp"
#include "observe/sink.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace ghostpeer::observe {

[[nodiscard]] std::unique_ptr<Sink> make_event_stream(OutputFile file);

/// The same, line by line.
[[nodiscard]] std::unique_ptr<Sink> make_event_lines(std::function<void(std::string_view)> write);

}  // namespace ghostpeer::observe
