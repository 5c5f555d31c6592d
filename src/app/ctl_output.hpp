// Answers of the control interface as people read them.
#pragma once

#include <string>
#include <string_view>

namespace ghostpeer::app {

/// Of `/v1/peers`, `/v1/connections` (all pages as one array) and `/v1/stats`: tables.
[[nodiscard]] std::string peers_as_text(std::string_view json);
[[nodiscard]] std::string connections_as_text(std::string_view json);
[[nodiscard]] std::string stats_as_text(std::string_view json);

}  // namespace ghostpeer::app
