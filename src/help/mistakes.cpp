#include "help/mistakes.hpp"

#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/diagnostic.hpp"
#include "posix/shell_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ghostpeer::help {
namespace {

[[nodiscard]] bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

/// `--timout=5s` is about `--timout`.
[[nodiscard]] std::string name_of(const std::string& option) {
    return option.substr(0, option.find('='));
}

[[nodiscard]] std::string unknown_option(const std::string& word,
                                         const std::vector<std::string>& options) {
    const auto name = name_of(word);
    const auto near = profile::nearest_word(name, options);
    return fmt::format("there is no option `{}`{}", name,
                       near.empty() ? "." : fmt::format("; did you mean `{}`?", near));
}

/// The command line with `--` before the first word that was left.
[[nodiscard]] std::string with_separator(const std::vector<std::string>& words,
                                         const std::string& first) {
    std::string line = "ghostpeer";
    bool set = false;
    for (const std::string& word : words) {
        if (!set && word == first) {
            line += " --";
            set = true;
        }
        line += " " + shell_word(word);
    }
    return line;
}

}  // namespace

std::vector<std::string> understand_words(std::vector<std::string> words) {
    if (words.empty()) {
        return words;
    }
    if (words.front() == "help") {
        words.erase(words.begin());
        words.emplace_back("--help");
    } else if (words.front() == "version" && words.size() == 1) {
        words.front() = "--version";
    }
    return words;
}

std::string unknown_command(const std::string& word, const std::vector<std::string>& known) {
    if (const auto near = profile::nearest_word(word, known); !near.empty()) {
        return fmt::format("there is no command `{}`; did you mean `{}`?", word, near);
    }
    const bool file = word.find(".yaml") != std::string::npos;
    if (file || profile::find_in_catalogue(word)) {
        return fmt::format(
            "`{}` is a profile. To run a program against it: ghostpeer run {} -- "
            "COMMAND…",
            word, shell_word(word));
    }
    return fmt::format("there is no command `{}`; there are {}.", word, fmt::join(known, ", "));
}

std::string unexpected_words(const std::vector<std::string>& words,
                             const std::vector<std::string>& left,
                             const std::vector<std::string>& options, bool takes_command) {
    const auto program = std::find_if_not(left.begin(), left.end(), is_option);
    const auto option = std::find_if(left.begin(), left.end(), is_option);
    // An option behind the program's name is the program's.
    const bool own = option != left.end() && option < program;
    if (own) {
        return unknown_option(*option, options);
    }
    if (takes_command && program != left.end()) {
        return fmt::format("COMMAND and its options stand behind `--`: {}",
                           with_separator(words, *program));
    }
    return fmt::format("nothing here takes {} {}.", left.size() == 1 ? "the word" : "the words",
                       fmt::join(left, " "));
}

}  // namespace ghostpeer::help
