// Messages to the user on standard error.
#pragma once

#include <chrono>
#include <string_view>

namespace ghostpeer {

/// While connections wait, nobody waits for who reads messages.
inline constexpr std::chrono::milliseconds no_patience{0};

/// Writes the text as it is; what cannot be written is given up, after `patience` for each piece.
void print_message(std::string_view text,
                   std::chrono::milliseconds patience = std::chrono::milliseconds(1000));
/// A sentence about what went wrong, with the program's name before it and a line end behind.
void complain(std::string_view sentence,
              std::chrono::milliseconds patience = std::chrono::milliseconds(1000));
/// Is what this descriptor leads to a terminal whose user has not set NO_COLOR?
[[nodiscard]] bool shows_colour(int fd) noexcept;
/// A text on standard output; false where it could not be written.
[[nodiscard]] bool print_output(std::string_view text);

}  // namespace ghostpeer
