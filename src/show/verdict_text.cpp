#include "show/verdict_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace ghostpeer::show {

std::string to_text(const event::Verdict& verdict, bool colour) {
    const auto painted = [&](std::string_view code, std::string_view text) {
        return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    };
    const std::string_view headline = verdict.headline;
    const auto word_end = std::min(headline.find_first_of(" ,:"), headline.size());
    auto text =
        "ghostpeer: " + painted(verdict.pass ? "1;32" : "1;31", headline.substr(0, word_end)) +
        std::string(headline.substr(word_end)) + "\n";
    for (const auto& line : verdict.report) {
        text += "  " + line + "\n";
    }
    for (const auto& [sentence, excerpt] : verdict.failures) {
        text += "  " + painted("1;31", "FAIL") + " " + sentence + "\n";
        for (const auto& line : excerpt) {
            text += "    " + line + "\n";
        }
    }
    return text;
}

}  // namespace ghostpeer::show
