// Texts of any origin in reports for continuous integration.
#pragma once

#include <string>
#include <string_view>

namespace ghostpeer::show {

/// What XML 1.0 permits of it: control characters as people see them elsewhere (`\x1b`).
[[nodiscard]] std::string xml(std::string_view text);
/// A JSON string, which is YAML too.
[[nodiscard]] std::string in_quotes(std::string_view text);
/// A test's description: one line, in which `#` would begin a directive.
[[nodiscard]] std::string tap_text(std::string_view text);

}  // namespace ghostpeer::show
