// What `run --report` writes: the page of a run.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <cstddef>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::run {

/// A page is written at once, to whoever may read slowly.
inline constexpr show::Patience patience_with_page{std::size_t{1} << 30, 10'000};

/// Keeps what happens in a run, within bounds, and writes the page once there is a verdict. The
/// error is a complete sentence.
[[nodiscard]] tl::expected<std::unique_ptr<event::Sink>, std::string> open_page_sink(
    const std::string& path);

}  // namespace ghostpeer::run
