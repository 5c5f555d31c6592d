// `report`, and what `run --report` writes: the page of a run.
#pragma once

#include "app/command_line.hpp"
#include "event/sink.hpp"

#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::app {

[[nodiscard]] int report_command(const ReportRequest& request);

/// Keeps what happens in a run, within bounds, and writes the page once there is a verdict. The
/// error is a complete sentence.
[[nodiscard]] tl::expected<std::unique_ptr<event::Sink>, std::string> open_page_sink(
    const std::string& path);

}  // namespace ghostpeer::app
