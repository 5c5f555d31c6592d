// Command lines as a POSIX shell reads them.
#pragma once

#include <string>
#include <vector>

namespace ghostpeer {

/// The text as one word: as it is where that is plain, else in single quotes.
[[nodiscard]] std::string shell_word(const std::string& text);
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

}  // namespace ghostpeer
