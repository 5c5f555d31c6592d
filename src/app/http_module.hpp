// HTTP, loaded when it is needed.
#pragma once

#include "http/http.hpp"

#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::app {

/// From any thread. The error is a complete sentence.
[[nodiscard]] tl::expected<const http::Functions*, std::string> load_http();

}  // namespace ghostpeer::app
