// Answers of the control interface as people read them. They may come from anybody: nothing is
// believed of their form, and nothing in them steers a terminal.
#pragma once

#include "control/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::ctl {

/// Nothing where it is no JSON, or nested deeper than ghostpeer's answers are.
[[nodiscard]] std::optional<control::Json> read_answer(std::string_view text);

/// Of `/v1/peers`, `/v1/connections` (all pages as one array) and `/v1/stats`: tables. What is
/// missing, or of another type, is shown as it is or as `-`.
[[nodiscard]] std::string peers_as_text(const control::Json& answer);
[[nodiscard]] std::string connections_as_text(const control::Json& connections);
[[nodiscard]] std::string stats_as_text(const control::Json& answer);
/// Of `/v1/scopes`.
[[nodiscard]] std::string scopes_as_text(const control::Json& answer);
/// Each line printable.
[[nodiscard]] std::string lines_as_text(std::string_view text);

}  // namespace ghostpeer::ctl
