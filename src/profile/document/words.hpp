// Looking words up in the language's tables, and what is said where one is not there.
#pragma once

#include "profile/document/errors.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

/// A word of the language and the function that reads what belongs to it; null: a word that this
/// version does not support yet.
template <class Function>
struct Word {
    std::string_view text;
    Function read = nullptr;
};

/// `there is no action `dorp`; did you mean `drop`?`, or all known words where none is near.
/// `what` is `action`, `where` is empty or ` in `tcp``.
[[nodiscard]] std::string unknown_word(std::string_view what, std::string_view word,
                                       const std::vector<std::string>& known,
                                       std::string_view where = "");

/// `a`, `b` and `c`
[[nodiscard]] std::string enumerate(const std::vector<std::string>& words);

/// The table's row; null where there is none, which is reported at the node.
template <class Function, std::size_t Count>
const Word<Function>* look_up(const std::array<Word<Function>, Count>& table, std::string_view what,
                              std::string_view word, const YamlNode& at, Errors& errors,
                              std::string_view where = "") {
    std::vector<std::string> known;
    for (const auto& row : table) {
        if (row.text == word) {
            return &row;
        }
        known.emplace_back(row.text);
    }
    errors.add(at, unknown_word(what, word, known, where));
    return nullptr;
}

/// Everything that the functions which read values share.
struct FileCache;
struct Context {
    Errors& errors;
    FileCache& files;
    /// Names of the phases that `become` may name; the first is that of the top rules.
    std::vector<std::string> phases{""};
    /// The last event that needs a service which tells requests apart; null: none does.
    const YamlNode* request = nullptr;
    std::size_t expressions = 0;  ///< regular ones, so far
};

template <class Target>
using ReadKey = void (*)(const Entry& entry, Target& target, Context& context);

/// Reads each key of a map with the function that the table has for it; unknown ones are reported.
template <class Target, std::size_t Count>
void read_keys(const YamlNode& map, const std::array<Word<ReadKey<Target>>, Count>& table,
               std::string_view what, std::string_view where, Target& target, Context& context) {
    for (const auto& entry : map.entries) {
        if (const auto* row =
                look_up(table, what, entry.key.text, entry.key, context.errors, where)) {
            row->read(entry, target, context);
        }
    }
}

}  // namespace ghostpeer::profile
