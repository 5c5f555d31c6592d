// What is wrong with a profile, and where.
#pragma once

#include <string>
#include <vector>

namespace ghostpeer::profile {

/// One error. `line` and `column` are 1-based, the column in characters; 0 where there is no place
/// (a missing file).
struct Diagnostic {
    std::string file;
    int line = 0;
    int column = 0;
    std::string message;      ///< a complete sentence without a full stop at its end
    std::string source_line;  ///< the line of the file, without its end; of a long line a part
    int caret = 0;            ///< 1-based column within `source_line`; 0: `column`
};

/// `FILE:LINE:COLUMN: message`, the source line and a caret, three lines without an end of the
/// last; `FILE: message` where there is no place.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);
/// All of them, one after the other, each with an end of line.
[[nodiscard]] std::string to_string(const std::vector<Diagnostic>& diagnostics);

/// The known word nearest to `word` by Damerau-Levenshtein distance, without regard to case; at
/// most a third of its letters, or one, may differ. Empty: none.
[[nodiscard]] std::string nearest_word(const std::string& word,
                                       const std::vector<std::string>& known);

}  // namespace ghostpeer::profile
