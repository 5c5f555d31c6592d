// Messages to the user on standard error.
#pragma once

#include <string_view>

namespace ghostpeer::app {

/// Writes the text as it is; what cannot be written is given up.
void print_message(std::string_view text);
/// A sentence about what went wrong, with the program's name before it and a line end behind.
void complain(std::string_view sentence);
/// A text on standard output; false where it could not be written.
[[nodiscard]] bool print_output(std::string_view text);

}  // namespace ghostpeer::app
