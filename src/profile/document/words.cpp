#include "profile/document/words.hpp"

namespace ghostpeer::profile {

std::string enumerate(const std::vector<std::string>& words) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            result += i + 1 == words.size() ? " and " : ", ";
        }
        result += in_quotes(words[i]);
    }
    return result;
}

std::string unknown_word(std::string_view what, std::string_view word,
                         const std::vector<std::string>& known, std::string_view where) {
    auto message = "there is no " + std::string(what) + " " + in_quotes(word) + std::string(where);
    if (const auto near = nearest_word(std::string(word), known); !near.empty()) {
        return message + "; did you mean " + in_quotes(near) + "?";
    }
    return message + "; known are " + enumerate(known);
}

}  // namespace ghostpeer::profile
