#include "ghostpeer/profile/diagnostic.hpp"

#include "wire/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace ghostpeer::profile {

namespace {

/// The blanks in front of the caret; a tab stays one, so that the caret meets its column.
std::string blanks_before(std::string_view line, int caret) {
    std::string blanks;
    int column = 1;
    for (const char c : line) {
        if (continues_character(c)) {
            continue;
        }
        if (column++ >= caret) {
            break;
        }
        blanks += c == '\t' ? '\t' : ' ';
    }
    blanks.append(static_cast<std::size_t>(std::max(caret - column, 0)), ' ');
    return blanks;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return result;
}

/// Damerau-Levenshtein, optimal string alignment: insertions, deletions, replacements and swaps of
/// two neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
    if (diagnostic.line <= 0) {
        return diagnostic.file + ": " + diagnostic.message;
    }
    const int caret = diagnostic.caret > 0 ? diagnostic.caret : diagnostic.column;
    return diagnostic.file + ":" + std::to_string(diagnostic.line) + ":" +
           std::to_string(diagnostic.column) + ": " + diagnostic.message + "\n" +
           diagnostic.source_line + "\n" + blanks_before(diagnostic.source_line, caret) + "^";
}

std::string to_string(const std::vector<Diagnostic>& diagnostics) {
    std::string result;
    for (const auto& diagnostic : diagnostics) {
        result += to_string(diagnostic) + "\n";
    }
    return result;
}

std::string nearest_word(const std::string& word, const std::vector<std::string>& known) {
    // A long word is never near one of ours, and comparing it would take time.
    constexpr std::size_t longest = 64;
    if (word.size() < 2 || word.size() > longest) {
        return {};
    }
    const auto wanted = lower_case(word);
    auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string nearest;
    for (const auto& candidate : known) {
        if (candidate.size() + least <= word.size() || word.size() + least <= candidate.size()) {
            continue;
        }
        if (const auto distance = edit_distance(wanted, lower_case(candidate)); distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace ghostpeer::profile
