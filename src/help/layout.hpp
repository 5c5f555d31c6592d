// Texts for people, folded to a width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ghostpeer::help {

/// Of a terminal that nobody made wider, and of what is printed for help.
inline constexpr std::size_t usual_width = 80;

/// The columns of the terminal that standard output is; 0: it is none, and lines stay whole.
[[nodiscard]] std::size_t terminal_width() noexcept;

/// The words of `text` in lines of at most `width` columns. The first line goes on where `column`
/// columns have been written already, the others begin with `indent` spaces. A longer word stays
/// whole. 0: one line.
[[nodiscard]] std::string fold(std::string_view text, std::size_t column, std::size_t indent,
                               std::size_t width);

/// A help text with what is too long for `usual_width` folded: paragraphs filled anew, descriptions
/// below their first word, command lines with a backslash. Each line ends with a line end.
[[nodiscard]] std::string fold_help(std::string_view text);

}  // namespace ghostpeer::help
