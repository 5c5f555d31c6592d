// The serving side of the module.
#pragma once

#include "http/http.hpp"

namespace ghostpeer::http {

[[nodiscard]] std::unique_ptr<Server> serve(int listening, Handler& handler);

/// See `Functions::exchange`.
[[nodiscard]] tl::expected<int, std::string> exchange(const Exchange& what);

}  // namespace ghostpeer::http
